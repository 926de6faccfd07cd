/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* A child process, held by pidfd so that its number is never mistaken for another's. */
typedef struct {
        pid_t pid;
        int pidfd;
} VbChild;

/* When the process began, in clock ticks since boot (field 22 of /proc/PID/stat): with the pid it names a
 * process for ever. False if there is no such process, or it has ended and only waits to be reaped. */
bool vb_process_start_time(pid_t pid, unsigned long long *ret);

/* Whether @pid is @leader, which vb_spawn() has started and which is still there, or something that it
 * started itself: it began a session, and into that nobody else comes. */
bool vb_process_is_of(pid_t pid, pid_t leader);

int vb_pidfd_open(pid_t pid);                   /* -errno on failure */
int vb_pidfd_send_signal(int pidfd, int signo); /* 0 or -errno */
/* Kills a child that is in nobody's way while it ends, however long that takes: GLib's loop reaps it, and
 * then calls @gone where there is one. Nothing if there is no child. */
void vb_child_leave(VbChild *child, GDestroyNotify gone, gpointer userdata);

/* Until the process has ended, or the monotonic time is @end (microseconds): false then. */
bool vb_pidfd_wait(int pidfd, gint64 end);
/* Reaps a dead child of ours: true and its siginfo-style wait status in words ("exited with status 1",
 * "killed by signal 9 (Killed)"); caller frees *ret. False if it has not ended, is not our child (any more),
 * or is still held by who traces it: in that case GLib's loop reaps it later. Any thread. */
bool vb_pidfd_reap(int pidfd, char **ret);
