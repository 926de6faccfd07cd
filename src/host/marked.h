/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Kills every process that was started with @mark (VbSpawn.mark), by whichever run of the service, with what
 * it has started itself. Only those of @uid and our own count: others may have in their environment what they
 * like. Waits for them @wait_msec at most: false if one is still there after that. *@ret_n is how many there
 * were; it may be NULL. */
bool vb_marked_kill(const char *mark, uid_t uid, unsigned wait_msec, guint *ret_n);

/* Whose the process is by its real uid, which nobody else can have; false if it is not there. */
bool vb_process_uid(pid_t pid, uid_t *ret);
