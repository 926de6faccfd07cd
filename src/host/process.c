/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes, held by pidfd so that a number is never mistaken for another's: what they are, waiting for them,
 * and reaping those that are ours. */
#include "host/process.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Who traces a child that has ended keeps it from being reaped, and nothing tells when that is over. */
#define TRACED_SECONDS 1

static GMutex lock;    /* for: */
static GArray *traced; /* pid_t: children that have ended; NULL: none, and no timer */

bool vb_process_start_time(pid_t pid, unsigned long long *ret)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int) pid);
        g_autofree char *stat = NULL;
        unsigned long long start;
        const char *rest;
        char state;

        if (!g_file_get_contents(path, &stat, NULL, NULL))
                return false;
        /* The second field is the program's own name for itself, in parentheses, with whatever it likes in
         * it. */
        rest = strrchr(stat, ')');
        if (!rest ||
            sscanf(rest + 1,
                   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
                   &start) != 2 ||
            state == 'Z' || state == 'X')
                return false;
        *ret = start;
        return true;
}

bool vb_process_is_of(pid_t pid, pid_t leader)
{
        return pid > 0 && (pid == leader || getsid(pid) == leader);
}

int vb_pidfd_open(pid_t pid)
{
        int pidfd = pidfd_open(pid, 0);

        return pidfd < 0 ? -errno : pidfd;
}

int vb_pidfd_send_signal(int pidfd, int signo)
{
        return pidfd_send_signal(pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

bool vb_pidfd_wait(int pidfd, gint64 end)
{
        struct pollfd gone = { .fd = pidfd, .events = POLLIN };
        gint64 left;
        int r;

        do {
                left = MAX(0, end - g_get_monotonic_time());
                r = poll(&gone, 1, (int) MIN((left + 999) / 1000, G_MAXINT));
        } while ((r < 0 && errno == EINTR) || (r == 0 && left > 0));
        return r > 0;
}

/* -1: it has been reaped. */
static pid_t pid_of(int pidfd)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", pidfd);
        g_autofree char *text = NULL;
        const char *line = NULL;
        int pid = -1;

        if (g_file_get_contents(path, &text, NULL, NULL))
                line = strstr(text, "\nPid:");
        return line && sscanf(line, "\nPid: %d", &pid) == 1 ? pid : -1;
}

static bool reap_traced(pid_t pid)
{
        siginfo_t info = { 0 };

        return waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == pid;
}

static gboolean on_traced_time(gpointer userdata)
{
        bool again;

        g_mutex_lock(&lock);
        for (guint i = traced->len; i > 0; i--)
                if (reap_traced(g_array_index(traced, pid_t, i - 1)))
                        g_array_remove_index_fast(traced, i - 1);
        again = traced->len > 0;
        if (!again)
                g_clear_pointer(&traced, g_array_unref);
        g_mutex_unlock(&lock);
        return again;
}

/* By its number: it keeps that until we reap it, and a user who traces many shall not have our descriptors.
 */
static void reap_when_let_go(pid_t pid)
{
        if (pid <= 0)
                return;
        g_mutex_lock(&lock);
        if (!traced) {
                traced = g_array_new(FALSE, FALSE, sizeof(pid_t));
                (void) g_timeout_add_seconds(TRACED_SECONDS, on_traced_time, NULL);
        }
        g_array_append_val(traced, pid);
        g_mutex_unlock(&lock);
}

bool vb_pidfd_reap(int pidfd, char **ret)
{
        siginfo_t info = { 0 };

        if (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOHANG) < 0)
                return false;
        if (info.si_pid == 0) {
                if (vb_pidfd_wait(pidfd, 0))
                        reap_when_let_go(pid_of(pidfd));
                return false;
        }
        *ret = info.si_code == CLD_EXITED ? g_strdup_printf("exited with status %d", info.si_status)
                                          : g_strdup_printf("killed by signal %d (%s)", info.si_status,
                                                            g_strsignal(info.si_status));
        return true;
}

static gboolean on_gone(int pidfd, GIOCondition condition, gpointer userdata)
{
        g_autofree char *how = NULL;

        (void) vb_pidfd_reap(pidfd, &how);
        close(pidfd);
        return G_SOURCE_REMOVE;
}

void vb_child_leave(VbChild *child, GDestroyNotify gone, gpointer userdata)
{
        if (child->pidfd >= 0) {
                (void) vb_pidfd_send_signal(child->pidfd, SIGKILL);
                g_unix_fd_add_full(G_PRIORITY_DEFAULT, child->pidfd, G_IO_IN, on_gone, userdata, gone);
        }
        *child = (VbChild){ .pidfd = -1 };
}
