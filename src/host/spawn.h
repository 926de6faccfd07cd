/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "host/identity.h"

/* A child process, held by pidfd so that its number is never mistaken for another's. */
typedef struct {
        pid_t pid;
        int pidfd;
} VbChild;

/* What the child writes, and where, before it executes the program: a security label. */
typedef struct {
        const char *path, *text;
} VbSpawnLabel;

#define VB_SPAWN_LABELS_MAX 4
#define VB_SPAWN_MARK "VIRTBUS_MARK"

typedef struct {
        const char *const *argv; /* argv[0] is an absolute path */
        const int *keep_fds; /* -1-terminated: inherited under the same number; everything else is closed */
        int stderr_fd;       /* also stdout; -1: /dev/null */
        const VbIdentity *identity; /* who it is to be; NULL: as we are */
        bool dies_with_us;          /* else it outlives us */
        VbSpawnLabel labels[VB_SPAWN_LABELS_MAX];
        guint n_labels;
        bool may_gain;                  /* PR_SET_NO_NEW_PRIVS is not set: a label needs the transition */
        const char *const *environment; /* more of it, "NAME=VALUE"; NULL: nothing */
        rlim_t file_size_max;           /* bytes of a file that it writes; 0: no limit */
        rlim_t locked_max; /* bytes of memory that it may lock, RLIM_INFINITY: any; 0: as we may */
        const char *mark;  /* goes into its environment, for vb_marked_kill(); NULL: none */
} VbSpawn;

/* Starts a program without a shell: own session, clean environment (PATH, LC_ALL=C, and what is asked for),
 * no new privileges, default signal dispositions and mask, stdin from /dev/null, limits reset. Returns when
 * the program has been executed: NO_EMULATOR where there is none to execute. */
bool vb_spawn(const VbSpawn *spawn, VbChild *ret, GError **error);

/* The same, but held back just before it is executed, with everything else done: for what can only be done to
 * a process. It goes with us. */
typedef struct {
        VbChild child;
        char *program;
        int gate; /* -1: it is held no more */
} VbHeldChild;

bool vb_spawn_held(const VbSpawn *spawn, VbHeldChild *ret, GError **error);
/* Lets it go: true when it has been executed, and is *@ret. @held is empty then, as after a failure. */
bool vb_spawn_release(VbHeldChild *held, VbChild *ret, GError **error);
/* Only lets it go: the gate can be read when vb_spawn_release() would not wait. */
void vb_spawn_let_go(VbHeldChild *held);
/* Ends it; nothing for one that is empty. */
void vb_spawn_abandon(VbHeldChild *held);
/* The same for one that was let go, and may hang at its program's file system: the main loop reaps it when it
 * has gone. */
void vb_spawn_leave(VbHeldChild *held);

/* When the process began, in clock ticks since boot (field 22 of /proc/PID/stat): with the pid it names a
 * process for ever. False if there is no such process, or it has ended and only waits to be reaped. */
bool vb_process_start_time(pid_t pid, unsigned long long *ret);

/* Whether @pid is @leader, which vb_spawn() has started and which is still there, or something that it
 * started itself: it began a session, and into that nobody else comes. */
bool vb_process_is_of(pid_t pid, pid_t leader);

int vb_pidfd_open(pid_t pid);                   /* -errno on failure */
int vb_pidfd_send_signal(int pidfd, int signo); /* 0 or -errno */
/* Kills a child that is in nobody's way while it ends, however long that takes: GLib's loop reaps it, and then
 * calls @gone where there is one. Nothing if there is no child. */
void vb_child_leave(VbChild *child, GDestroyNotify gone, gpointer userdata);

/* Until the process has ended, or the monotonic time is @end (microseconds): false then. */
bool vb_pidfd_wait(int pidfd, gint64 end);
/* Reaps a dead child of ours: true and its siginfo-style wait status in words ("exited with status 1",
 * "killed by signal 9 (Killed)"); false if it is not our child (any more). Caller frees *ret. */
bool vb_pidfd_reap(int pidfd, char **ret);
