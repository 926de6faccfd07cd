/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that are ourselves. */
#include "host/own-program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/fd.h"

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

void vb_own_program_wait_end(VbChild *child)
{
        struct pollfd gone = { .fd = child->pidfd, .events = POLLIN };

        (void) vb_pidfd_send_signal(child->pidfd, SIGKILL);
        if (poll(&gone, 1, WAIT_MSEC) == 1) {
                g_autofree char *how = NULL;

                (void) vb_pidfd_reap(child->pidfd, &how);
                vb_clear_fd(&child->pidfd);
        }
        vb_child_leave(child);
}
