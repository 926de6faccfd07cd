/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that are ourselves. */
#include "host/own-program.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define WAIT_MSEC 1000
/* One that was killed goes at once, unless it waits for a file system that does not answer. Of those a user can make as
 * many as he likes, each a process that nobody can end. */
#define HANGS_USEC G_USEC_PER_SEC
#define HANGING_MAX 16
/* Whether they hang or not. */
#define LEFT_MAX 256

/* Killed, and not reaped yet. */
typedef struct {
        uid_t uid;
        gint64 since; /* CLOCK_MONOTONIC, microseconds */
} Left;

static GMutex lock; /* for: */
static GSList *left;

static bool check_left(const VbIdentity *identity, GError **error)
{
        gint64 before = g_get_monotonic_time() - HANGS_USEC;
        guint n = 0, hanging = 0;

        if (!identity || identity->uid == 0)
                return true;
        g_mutex_lock(&lock);
        for (const GSList *i = left; i; i = i->next) {
                const Left *it = i->data;

                n += it->uid == identity->uid;
                hanging += it->uid == identity->uid && it->since < before;
        }
        g_mutex_unlock(&lock);
        return (hanging < HANGING_MAX && n < LEFT_MAX) ||
               vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED,
                            "%u processes that were to read what user %u has given them hang at file systems that do "
                            "not answer, and cannot be ended: no more are started until those answer, or are aborted",
                            MAX(hanging, n), (unsigned) identity->uid);
}

bool vb_own_program_start(const char *const *arguments, const VbIdentity *identity, const int *keep_fds,
                          VbChild *ret, GError **error)
{
        g_autoptr(GPtrArray) argv = g_ptr_array_new();

        if (!check_left(identity, error))
                return false;
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

static void forget(gpointer data)
{
        g_autofree Left *it = data;

        g_mutex_lock(&lock);
        left = g_slist_remove(left, it);
        g_mutex_unlock(&lock);
}

void vb_own_program_leave(VbChild *child, uid_t uid)
{
        Left *it;

        if (child->pidfd < 0 || uid == 0) {
                vb_child_leave(child, NULL, NULL);
                return;
        }
        it = g_new(Left, 1);
        *it = (Left){ .uid = uid, .since = g_get_monotonic_time() };
        g_mutex_lock(&lock);
        left = g_slist_prepend(left, it);
        g_mutex_unlock(&lock);
        vb_child_leave(child, forget, it);
}

void vb_own_program_wait_end(VbChild *child, uid_t uid)
{
        struct pollfd gone = { .fd = child->pidfd, .events = POLLIN };

        (void) vb_pidfd_send_signal(child->pidfd, SIGKILL);
        if (poll(&gone, 1, WAIT_MSEC) == 1) {
                g_autofree char *how = NULL;

                (void) vb_pidfd_reap(child->pidfd, &how);
                vb_clear_fd(&child->pidfd);
        }
        vb_own_program_leave(child, uid);
}
