/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that are ourselves. */
#include "host/own-program.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MSEC 1000

bool vb_own_program_start(const char *const *arguments, const VbIdentity *identity, const int *keep_fds,
                          VbChild *ret, GError **error)
{
        g_autoptr(GPtrArray) argv = g_ptr_array_new();

        g_ptr_array_add(argv, (gpointer) VB_OWN_PROGRAM);
        for (; *arguments; arguments++)
                g_ptr_array_add(argv, (gpointer) *arguments);
        g_ptr_array_add(argv, NULL);
        return vb_spawn(&(VbSpawn){ .argv = (const char *const *) argv->pdata,
                                    .keep_fds = keep_fds,
                                    .stderr_fd = -1,
                                    .identity = identity,
                                    .dies_with_us = true },
                        ret, error);
}

int vb_own_program_execute_main(int argc, char **argv)
{
        if (argc < 3)
                return EXIT_FAILURE;
        execv(argv[2], argv + 2);
        fprintf(stderr, "%s: cannot be executed: %s\n", argv[2], g_strerror(errno));
        return 127;
}

static gboolean on_exited(int pidfd, GIOCondition condition, gpointer userdata)
{
        g_autofree char *how = NULL;

        (void) vb_pidfd_reap(pidfd, &how);
        close(pidfd);
        return G_SOURCE_REMOVE;
}

void vb_own_program_wait_end(VbChild *child)
{
        struct pollfd gone = { .fd = child->pidfd, .events = POLLIN };

        (void) vb_pidfd_send_signal(child->pidfd, SIGKILL);
        if (poll(&gone, 1, WAIT_MSEC) == 1) {
                (void) on_exited(child->pidfd, G_IO_IN, NULL);
                child->pidfd = -1;
        }
        vb_own_program_end(child);
}

void vb_own_program_end(VbChild *child)
{
        if (child->pidfd < 0)
                return;
        (void) vb_pidfd_send_signal(child->pidfd, SIGKILL);
        g_unix_fd_add(child->pidfd, G_IO_IN, on_exited, NULL);
        child->pidfd = -1;
}
