/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process between what a domain's processes print and where it is read. Nothing that anybody does to it
 * holds it up: who prints writes into a pipe that may lose what it has no room for, the journal and those who
 * follow get what they take at once. Followers are served from the file, each from where it is, so that
 * nothing is kept for a slow one; what has gone from the file has gone for it too. */
#include "host/log-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "util/fd.h"

#define PROCESS_NAME "virtbus-log"
/* What is left of a file that has grown too large. */
#define KEEP_SIZE (VB_LOG_SIZE_MAX / 2)
#define CHUNK_SIZE (32 * 1024)
/* Between looks at those who follow, and at who asks. */
#define CHUNKS_MAX 16
#define FOLLOWERS_MAX 64
#define JOURNAL_RETRY_USEC G_USEC_PER_SEC

typedef struct {
        int fd;
        off_t at;  /* how much of the file it has got */
        bool mute; /* it says nothing any more */
} Follower;

typedef struct {
        int pipe, file, listening;
        const char *identifier;
        off_t size; /* of the file */
        int journal;
        gint64 journal_tried_usec; /* CLOCK_MONOTONIC; 0: never */
        bool journal_torn;         /* it has got a part of a line: the rest is left out */
        Follower followers[FOLLOWERS_MAX];
        guint n_followers;
        bool finishing; /* somebody has asked */
} Copier;

/* The domain's processes are in their place by the time that the first line comes, and so are we: the journal
 * finds out where a sender is when it connects. */
static void open_journal(Copier *self)
{
        gint64 now = g_get_monotonic_time();

        if (self->journal_tried_usec > 0 && now < self->journal_tried_usec + JOURNAL_RETRY_USEC)
                return;
        self->journal_tried_usec = now;
        self->journal = sd_journal_stream_fd(self->identifier, LOG_INFO, false);
        self->journal_torn = false;
}

static bool send_journal(Copier *self, const char *text, size_t length, size_t *ret_sent)
{
        while (*ret_sent < length) {
                ssize_t n = send(self->journal, text + *ret_sent, length - *ret_sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n >= 0)
                        *ret_sent += (size_t) n;
                else if (errno == EAGAIN)
                        return true;
                else if (errno != EINTR)
                        return false;
        }
        return true;
}

/* What the journal does not take is left out, by whole lines as far as that can be done. */
static void write_journal(Copier *self, const char *text, size_t length)
{
        const char *rest = text;
        size_t sent = 0;

        if (self->journal < 0)
                open_journal(self);
        if (self->journal < 0)
                return;
        if (self->journal_torn) {
                rest = memchr(text, '\n', length);
                if (!rest)
                        return;
                length -= (size_t) (rest - text);
        }
        if (!send_journal(self, rest, length, &sent)) {
                vb_clear_fd(&self->journal); /* it has been started again, and is connected to with the next
                                                line */
                return;
        }
        if (sent > 0)
                self->journal_torn = sent < length && rest[sent - 1] != '\n';
}

/* The last lines stay, in the same file: whoever has it open reads on. */
static void trim_file(Copier *self)
{
        g_autofree char *kept = g_malloc(KEEP_SIZE);
        ssize_t n = pread(self->file, kept, KEEP_SIZE, self->size - KEEP_SIZE);
        const char *begin = n > 0 ? memchr(kept, '\n', (size_t) n) : NULL;
        off_t before = self->size;

        begin = begin ? begin + 1 : kept;
        if (ftruncate(self->file, 0) < 0)
                return;
        self->size = 0;
        if (n > 0) {
                ssize_t written = write(self->file, begin, (size_t) (kept + n - begin));

                self->size = MAX(written, 0);
        }
        for (guint i = 0; i < self->n_followers; i++)
                self->followers[i].at = MAX(0, self->followers[i].at - (before - self->size));
}

static void write_file(Copier *self, const char *text, size_t length)
{
        ssize_t n = write(self->file, text, length);

        /* Where there is no space left there is nobody to tell. */
        if (n > 0)
                self->size += n;
        if (self->size > VB_LOG_SIZE_MAX)
                trim_file(self);
}

/* False when nobody has the pipe any more, and it is empty. */
static bool copy(Copier *self, size_t limit)
{
        char buffer[CHUNK_SIZE];

        while (limit > 0) {
                ssize_t n = read(self->pipe, buffer, MIN(limit, sizeof buffer));

                if (n == 0)
                        return false;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN;
                write_file(self, buffer, (size_t) n);
                write_journal(self, buffer, (size_t) n);
                limit -= (size_t) n;
        }
        return true;
}

static void accept_followers(Copier *self)
{
        int fd;

        while ((fd = accept4(self->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
                if (self->n_followers == FOLLOWERS_MAX) {
                        close(fd);
                        continue;
                }
                self->followers[self->n_followers++] = (Follower){ .fd = fd };
        }
}

/* False if it has gone, or has had what it came for. */
static bool listen_to(Copier *self, Follower *follower)
{
        char word;
        ssize_t n = recv(follower->fd, &word, sizeof word, MSG_DONTWAIT);

        if (n == 1) {
                self->finishing = true;
                return false;
        }
        follower->mute = n == 0;
        return n == 0 || errno == EAGAIN || errno == EINTR;
}

static bool serve(Copier *self, Follower *follower)
{
        char buffer[CHUNK_SIZE];

        while (follower->at < self->size) {
                ssize_t n = pread(self->file, buffer, sizeof buffer, follower->at);

                if (n <= 0)
                        return false;
                n = send(follower->fd, buffer, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                follower->at += n;
        }
        return true;
}

static void drop(Copier *self, guint i)
{
        close(self->followers[i].fd);
        self->followers[i] = self->followers[--self->n_followers];
}

static void serve_all(Copier *self)
{
        for (guint i = self->n_followers; i > 0; i--) {
                if (serve(self, &self->followers[i - 1]))
                        continue;
                /* It may have said its word, and gone. */
                (void) listen_to(self, &self->followers[i - 1]);
                drop(self, i - 1);
        }
}

/* Until there is something to do. */
static void wait_for_news(Copier *self)
{
        struct pollfd fds[2 + FOLLOWERS_MAX] = { { .fd = self->pipe, .events = POLLIN },
                                                 { .fd = self->listening, .events = POLLIN } };

        for (guint i = 0; i < self->n_followers; i++) {
                const Follower *follower = &self->followers[i];

                fds[2 + i] = (struct pollfd){ .fd = follower->fd };
                fds[2 + i].events =
                        (short) ((follower->mute ? 0 : POLLIN) | (follower->at < self->size ? POLLOUT : 0));
        }
        if (poll(fds, 2 + self->n_followers, -1) < 0)
                return;
        for (guint i = self->n_followers; i > 0; i--) {
                short events = fds[1 + i].revents;

                if (events & (POLLHUP | POLLERR) && !(events & POLLIN))
                        drop(self, i - 1);
                else if (events & POLLIN && !listen_to(self, &self->followers[i - 1]))
                        drop(self, i - 1);
        }
        if (fds[1].revents & POLLIN)
                accept_followers(self);
}

static void run(Copier *self)
{
        int left = 0;

        while (copy(self, CHUNKS_MAX * CHUNK_SIZE) && !self->finishing) {
                serve_all(self);
                if (!self->finishing)
                        wait_for_news(self);
        }
        /* What was printed before the question; others may print on. */
        if (self->finishing && ioctl(self->pipe, FIONREAD, &left) == 0)
                (void) copy(self, (size_t) MAX(left, 0));
        /* Who is connected by now gets all of it; who comes later is refused, and reads the file. */
        (void) shutdown(self->listening, SHUT_RD);
        accept_followers(self);
        serve_all(self);
}

static bool read_number(const char *text, int *ret)
{
        guint64 number;

        if (!g_ascii_string_to_unsigned(text, 10, STDERR_FILENO + 1, G_MAXINT, &number, NULL))
                return false;
        *ret = (int) number;
        return fcntl(*ret, F_SETFD, FD_CLOEXEC) == 0;
}

int vb_log_copy_main(int argc, char **argv)
{
        Copier self = { .journal = -1 };
        struct stat st;

        /* It is in the unit of the guest, and ends after that. */
        (void) signal(SIGTERM, SIG_IGN);
        (void) signal(SIGINT, SIG_IGN);
        (void) signal(SIGHUP, SIG_IGN);
        (void) prctl(PR_SET_NAME, PROCESS_NAME);
        if (argc != 6 || !read_number(argv[2], &self.pipe) || !read_number(argv[3], &self.file) ||
            !read_number(argv[4], &self.listening) || fstat(self.file, &st) < 0)
                return EXIT_FAILURE;
        self.size = st.st_size;
        self.identifier = argv[5];
        (void) fcntl(self.listening, F_SETFL, O_NONBLOCK);
        run(&self);
        /* At once: whoever asked it to end waits for that, and there is nothing to tidy. */
        _exit(EXIT_SUCCESS);
}
