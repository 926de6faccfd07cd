/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/foreign-fd.h"

#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Threads that hang are memory, and processes that a service's limit counts. */
#define THREADS_MAX 256

static bool is_path(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        return flags < 0 || flags & O_PATH;
}

static void close_now(gpointer fd, gpointer unused)
{
        (void) prctl(PR_SET_NAME, "close");
        close(GPOINTER_TO_INT(fd));
        (void) prctl(PR_SET_NAME, "pool");
}

void vb_foreign_fd_close(int fd)
{
        static GThreadPool *pool;

        if (fd < 0)
                return;
        if (is_path(fd)) {
                close(fd);
                return;
        }
        if (g_once_init_enter(&pool))
                g_once_init_leave(&pool, g_thread_pool_new(close_now, NULL, THREADS_MAX, FALSE, NULL));
        /* Without a thread it waits for one. */
        (void) g_thread_pool_push(pool, GINT_TO_POINTER(fd), NULL);
}
