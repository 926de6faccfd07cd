/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/room.h"
#include "host/spawn.h"

/* What the processes of a domain print. They print into a pipe of the room's (monitor/log.pipe); a process of
 * our own that outlives the service (host/log-copy.h) takes it from there into a file of bounded size in the
 * room (emulator.log), and into the journal where there is one. When the guest has gone the file is kept,
 * RUNTIME/logs/ID, until the next has. */

/* Makes the pipe and opens it for those that print. They are never held up by it nor killed: what it has no
 * room for is lost, and they hold both of its ends. -1 with @error (STORAGE). */
int vb_room_log_make_pipe(VbRoom *room, GError **error);

/* Starts the process that copies, which can do nothing else. It ends by itself when nobody has the pipe any
 * more. @identifier is the journal's SYSLOG_IDENTIFIER. @hold: it is held back before it is executed. */
bool vb_room_log_copy(VbRoom *room, const char *identifier, bool hold, VbHeldChild *ret, GError **error);

/* Asks that process to end as soon as it has copied what is in the pipe now. False if it cannot be asked. */
bool vb_room_log_finish(VbRoom *room);

/* A connection, to be read only, over which all that the log holds comes, and what is added to it until the
 * end. -1 with
 * @error (MONITOR). */
int vb_room_log_follow(VbRoom *room, GError **error);

/* The file, to be read; -errno. */
int vb_room_log_open(VbRoom *room);

/* Its last lines (some 2 KiB), made valid UTF-8, without control characters but newlines; "" if there are
 * none. Caller frees. */
char *vb_room_log_tail(VbRoom *room);

/* Moves the file to where it is found when the room has gone. */
void vb_room_log_keep(VbRoom *room, const char *runtime_dir, uint32_t id);
/* The file that was kept, to be read; -errno. */
int vb_kept_log_open(const char *runtime_dir, uint32_t id);
void vb_kept_log_remove(const char *runtime_dir, uint32_t id);
/* The ids of all that are kept. Caller frees with g_array_unref(); uint32_t each. */
GArray *vb_kept_log_list(const char *runtime_dir);
