/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/identity.h"
#include "host/spawn.h"

/* Our own program as a process of another user's, that looks at what that user names and tells: so no path of
 * his is followed with our rights, nothing of our memory is in a process that he may stop, kill or watch, and
 * what hangs can be left behind. */

#define VB_OWN_PROGRAM "/proc/self/exe" /* also after another version has taken the place of the file */

/* @arguments, ended by NULL, are those of virtbusd; @keep_fds as in VbSpawn. LIMITS_EXCEEDED where too many that were
 * this user's have been left behind and do not end. */
bool vb_own_program_start(const char *const *arguments, const VbIdentity *identity, const int *keep_fds,
                          VbChild *ret, GError **error);
/* Executes a program of the user's, which is argv[2], with the arguments that follow: what virtbusd does with
 * this argument. Whoever starts it waits for our own program to be executed, and not for a file system of the
 * user's. Returns 127 if there is nothing to execute, and says so. */
#define VB_EXECUTE_ARGUMENT "--execute"
int vb_own_program_execute_main(int argc, char **argv);

/* Kills it, and leaves it to the main loop to reap it, however long that takes; it counts as @uid's until then,
 * but not as root's. Nothing if there is none. */
void vb_own_program_leave(VbChild *child, uid_t uid);
/* The same on a thread: waits a moment for it to go, and only leaves to the main loop what hangs. */
void vb_own_program_wait_end(VbChild *child, uid_t uid);
