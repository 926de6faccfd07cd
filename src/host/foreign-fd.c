/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/foreign-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Threads that hang are memory, and processes that a service's limit counts. */
#define THREADS_MAX 256
#define LOOK_USEC 20

/* Of the thread, and of whoever waits until the number is free of the file. */
typedef struct {
        gatomicrefcount references;
        int fd, instead; /* instead: what the number is to stand for meanwhile; -1: nothing */
        gint taken;      /* the number has been taken away, and may be anybody's from now on */
} Closing;

static gint n_closing;

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

static Closing *closing_new(int fd, int instead)
{
        Closing *closing = g_new0(Closing, 1);

        g_atomic_ref_count_init(&closing->references);
        closing->fd = fd;
        closing->instead = instead;
        return closing;
}

static void closing_unref(Closing *closing)
{
        if (g_atomic_ref_count_dec(&closing->references))
                g_free(closing);
}

/* The number is taken away first, and only then the file system is waited for. */
static void run(gpointer data, gpointer unused)
{
        Closing *closing = data;

        (void) prctl(PR_SET_NAME, "close");
        if (closing->instead >= 0) {
                while (dup3(closing->instead, closing->fd, O_CLOEXEC) < 0 &&
                       (errno == EBUSY || errno == EINTR))
                        ;
                close(closing->instead);
        }
        g_atomic_int_set(&closing->taken, true);
        close(closing->fd);
        (void) prctl(PR_SET_NAME, "pool");
        (void) g_atomic_int_dec_and_test(&n_closing);
        closing_unref(closing);
}

/* Takes a reference over. False: there is no thread for it, and it waits for one. */
static bool start(Closing *closing)
{
        static GThreadPool *pool;
        bool is_free = g_atomic_int_add(&n_closing, 1) < THREADS_MAX;

        if (g_once_init_enter(&pool))
                g_once_init_leave(&pool, g_thread_pool_new(run, NULL, THREADS_MAX, FALSE, NULL));
        return g_thread_pool_push(pool, closing, NULL) && is_free;
}

void vb_foreign_fd_close(int fd)
{
        if (fd < 0)
                return;
        if (is_path(fd))
                close(fd);
        else
                (void) start(closing_new(fd, -1));
}

void vb_foreign_fd_drop(int fd)
{
        Closing *closing;

        if (is_path(fd)) {
                close(fd);
                return;
        }
        closing = closing_new(fd, open_nothing());
        g_atomic_ref_count_inc(&closing->references);
        /* The thread needs nothing but its turn. */
        if (start(closing) && closing->instead >= 0)
                while (!g_atomic_int_get(&closing->taken) && !is_path(fd))
                        g_usleep(LOOK_USEC);
        closing_unref(closing);
}
