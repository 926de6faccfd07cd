/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where and how the threads of a process run. The numbers of its threads may come from the process itself:
 * each is checked to be one of the threads of @pid, which the caller holds, before anything is done to it.
 * Errors are UNSUPPORTED with what the kernel said, and what would help. */

/* Lets thread @tid run on some of the host's processors alone: bit N of the @n_words of @mask is processor N.
 */
bool vb_thread_pin(pid_t pid, pid_t tid, const uint64_t *mask, gsize n_words, GError **error);

/* SCHED_* of <sched.h>; @priority is 0 for those that have none. */
bool vb_thread_schedule(pid_t pid, pid_t tid, int policy, int priority, GError **error);

/* The threads of @pid as pid_t; empty where the process has gone. Caller unrefs. */
GArray *vb_threads_of(pid_t pid);
