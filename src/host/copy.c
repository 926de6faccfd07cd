/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying files as somebody else: by our own program, as a process of theirs, which says through a pipe how
 * it went. */
#include "host/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/own-program.h"
#include "util/error.h"
#include "util/fd.h"

#define PATIENCE_MSEC (60 * 1000)
#define CHUNK_SIZE (64 * 1024)

typedef enum { MADE, THERE, LOOK, SOURCE, KIND, SIZE, TEMPORARY, READ, WRITE, RENAME } Step;

/* What the process has to say: at which step it ended, and why. */
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

/* Another copy that was under way, or is, may have taken the name over. */
static bool is_temporary(const VbCopy *copy, int target)
{
        struct stat named, ours;

        return fstatat(copy->dir, copy->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               fstat(target, &ours) == 0 && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino;
}

/* Some file systems of servers can only replace; a second name is refused where there is one. */
static int give_name(const VbCopy *copy)
{
        if (renameat2(copy->dir, copy->temporary, copy->dir, copy->name,
                      copy->replace ? 0 : RENAME_NOREPLACE) == 0)
                return 0;
        if (copy->replace || errno != EINVAL ||
            linkat(copy->dir, copy->temporary, copy->dir, copy->name, 0) < 0)
                return -errno;
        return unlinkat(copy->dir, copy->temporary, 0) < 0 ? -errno : 0;
}

static Report publish(const VbCopy *copy, int target)
{
        int r = is_temporary(copy, target) ? give_name(copy) : -EBUSY;

        errno = -r;
        return r == 0 ? at(MADE) : r == -EEXIST ? at(THERE) : at(RENAME);
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
        if (report.step == MADE)
                report = publish(copy, target);
        if (report.step != MADE && is_temporary(copy, target))
                (void) unlinkat(copy->dir, copy->temporary, 0);
        return report;
}

static Report run(const VbCopy *copy)
{
        struct stat st;
        int source;

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

/* What virtbusd does with: our argument, where to report, the directory, the name, the temporary one, the
 * size, and whether to replace; and the source, if there is one. */
int vb_copy_main(int argc, char **argv)
{
        VbCopy copy;
        Report report;

        if (argc < 8 || argc > 9)
                return EXIT_FAILURE;
        copy = (VbCopy){ .dir = atoi(argv[3]),
                         .name = argv[4],
                         .temporary = argv[5],
                         .size_max = g_ascii_strtoull(argv[6], NULL, 10),
                         .replace = g_str_equal(argv[7], "1"),
                         .source = argc == 9 ? argv[8] : NULL };
        report = run(&copy);
        return write(atoi(argv[2]), &report, sizeof report) == sizeof report ? EXIT_SUCCESS : EXIT_FAILURE;
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

static bool start(const VbCopy *copy, int report, VbChild *ret, GError **error)
{
        g_autofree char *to = g_strdup_printf("%d", report), *dir = g_strdup_printf("%d", copy->dir);
        g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, copy->size_max);
        const char *const arguments[] = {
                VB_COPY_ARGUMENT,          to,           dir, copy->name, copy->temporary, size,
                copy->replace ? "1" : "0", copy->source, NULL
        };
        g_autoptr(GError) why = NULL;

        return vb_own_program_start(arguments, copy->identity,
                                    (const int[]){ report, copy->dir >= 0 ? copy->dir : -1, -1 }, ret,
                                    &why) ||
               vb_error_set(error, VB_ERROR_STORAGE, "%s cannot be made: %s", copy->name, why->message);
}

bool vb_copy(const VbCopy *copy, bool *ret_made, GError **error)
{
        vb_autoclose int reading = -1, writing = -1;
        VbChild child;
        Report report;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be made", copy->name);
        reading = ends[0];
        writing = ends[1];
        if (!start(copy, writing, &child, error))
                return false;
        vb_clear_fd(&writing);
        report = listen_to(reading);
        vb_own_program_wait_end(&child, copy->identity ? copy->identity->uid : 0);
        if (report.step > THERE)
                return fail(copy, report, error);
        *ret_made = report.step == MADE;
        return true;
}
