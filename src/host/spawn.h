/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "host/identity.h"
#include "host/process.h"

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
