/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread takes the number away first, and only then waits: by that nobody else has to do with the file any
 * more. */
#include "host/foreign-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include "util/fd.h"

/* Threads that hang are memory, and processes that a service's limit counts. */
#define THREADS_MAX 256
#define LOOK_USEC 20

typedef struct {
        int fd, instead; /* -1: nothing */
} Closing;

static gint n_threads;

/* One that leads to no file system's answer, and has no close of its own. */
static int open_nothing(void)
{
        return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_path(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        return flags < 0 || flags & O_PATH;
}

static void close_now(const Closing *closing)
{
        if (closing->instead < 0) {
                close(closing->fd);
                return;
        }
        while (dup3(closing->instead, closing->fd, O_CLOEXEC) < 0 && (errno == EBUSY || errno == EINTR))
                ;
        close(closing->instead);
}

static gpointer run(gpointer data)
{
        g_autofree Closing *closing = data;

        close_now(closing);
        (void) g_atomic_int_dec_and_test(&n_threads);
        return NULL;
}

static bool start(int fd, int instead)
{
        Closing *closing = g_new(Closing, 1);
        GThread *thread = NULL;

        *closing = (Closing){ .fd = fd, .instead = instead };
        if (g_atomic_int_add(&n_threads, 1) < THREADS_MAX)
                thread = g_thread_try_new("close", run, closing, NULL);
        if (thread) {
                g_thread_unref(thread);
                return true;
        }
        (void) g_atomic_int_dec_and_test(&n_threads);
        close_now(closing);
        g_free(closing);
        return false;
}

void vb_foreign_fd_close(int fd)
{
        if (fd < 0)
                return;
        if (is_path(fd))
                close(fd);
        else
                (void) start(fd, -1);
}

void vb_foreign_fd_replace(int fd)
{
        int nothing;

        if (is_path(fd))
                return;
        nothing = open_nothing();
        if (nothing < 0 || !start(fd, nothing))
                return;
        /* The number changes before the thread waits for anything; until then it is not to be used again. */
        while (!is_path(fd))
                g_usleep(LOOK_USEC);
}
