/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying files as somebody else. The child of fork() shares nothing with us that it could disturb, but other
 * threads of ours may have held any lock: it makes system calls, and nothing else. */
#include "host/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define PATIENCE_MSEC (60 * 1000)
#define CHUNK_SIZE (64 * 1024)

typedef enum { MADE, THERE, IDENTITY, LOOK, SOURCE, KIND, SIZE, TEMPORARY, READ, WRITE, RENAME } Step;

/* What the child has to say: at which step it ended, and why. */
typedef struct {
        int step;
        int errnum;
} Report;

static Report at(Step step)
{
        return (Report){ .step = step, .errnum = errno };
}

static Report write_copy(const VbCopy *copy, int source, int target)
{
        static char buffer[CHUNK_SIZE];
        uint64_t size = 0;
        ssize_t n;

        while ((n = read(source, buffer, sizeof buffer)) != 0) {
                if (n < 0)
                        return at(READ);
                size += (uint64_t) n;
                if (size > copy->size_max)
                        return at(SIZE);
                for (ssize_t done = 0, written; done < n; done += written) {
                        written = write(target, buffer + done, (size_t) (n - done));
                        if (written < 0)
                                return at(WRITE);
                }
        }
        return fsync(target) < 0 ? at(WRITE) : at(MADE);
}

static Report make_copy(const VbCopy *copy, int source)
{
        Report report;
        int target;

        (void) unlinkat(copy->dir, copy->temporary, 0);
        target = openat(copy->dir, copy->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0600);
        if (target < 0)
                return at(TEMPORARY);
        report = write_copy(copy, source, target);
        if (report.step == MADE && renameat2(copy->dir, copy->temporary, copy->dir, copy->name,
                                             copy->replace ? 0 : RENAME_NOREPLACE) < 0)
                report = errno == EEXIST ? at(THERE) : at(RENAME);
        if (report.step != MADE)
                (void) unlinkat(copy->dir, copy->temporary, 0);
        return report;
}

static Report run(const VbCopy *copy)
{
        int r = copy->identity ? vb_identity_assume(copy->identity) : 0;
        struct stat st;
        int source;

        if (r < 0) {
                errno = -r;
                return at(IDENTITY);
        }
        /* A change of identity takes it back. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!copy->replace && fstatat(copy->dir, copy->name, &st, 0) == 0)
                return at(THERE);
        if (!copy->replace && errno != ENOENT)
                return at(LOOK);
        if (!copy->source)
                return at(LOOK);
        source = open(copy->source, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (source < 0 || fstat(source, &st) < 0)
                return at(SOURCE);
        if (!S_ISREG(st.st_mode))
                return at(KIND);
        return make_copy(copy, source);
}

static bool fail(const VbCopy *copy, Report report, GError **error)
{
        switch ((Step) report.step) {
        case SOURCE:
        case READ:
                return vb_error_set_errno(error, VB_ERROR_STORAGE, report.errnum, "%s cannot be read",
                                          copy->source);
        case KIND:
                return vb_error_set(error, VB_ERROR_STORAGE, "%s is not a regular file", copy->source);
        case SIZE:
                return vb_error_set(error, VB_ERROR_STORAGE, "%s is larger than %" G_GUINT64_FORMAT " bytes",
                                    copy->source, copy->size_max);
        case IDENTITY:
                return vb_error_set_errno(error, VB_ERROR_STORAGE, report.errnum,
                                          "%s cannot be made: failed to change to another user", copy->name);
        default:
                return vb_error_set_errno(error, VB_ERROR_STORAGE, report.errnum, "%s cannot be made",
                                          copy->name);
        }
}

static Report listen_to(int fd)
{
        Report report = { .step = LOOK, .errnum = ETIMEDOUT };
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        int r;

        do
                r = poll(&wait, 1, PATIENCE_MSEC);
        while (r < 0 && errno == EINTR);
        if (r > 0 && read(fd, &report, sizeof report) != sizeof report)
                report = (Report){ .step = LOOK, .errnum = EPIPE };
        return report;
}

bool vb_copy(const VbCopy *copy, bool *ret_made, GError **error)
{
        vb_autoclose int reading = -1, writing = -1;
        Report report;
        int ends[2];
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be made", copy->name);
        reading = ends[0];
        writing = ends[1];
        pid = fork();
        if (pid < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be made", copy->name);
        if (pid == 0) {
                (void) umask(0077);
                report = run(copy);
                _exit(write(writing, &report, sizeof report) == sizeof report ? 0 : 1);
        }
        vb_clear_fd(&writing);
        report = listen_to(reading);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        if (report.step > THERE)
                return fail(copy, report, error);
        *ret_made = report.step == MADE;
        return true;
}
