/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/identity.h"

/* The runtime directory of one running domain, RUNTIME/domains/ID:
 *   status.json, live.xml   what a restarted service needs (ours alone)
 *   emulator.log            what the emulator printed (room-log.h)
 *   monitor/qmp.sock        QMP; bound by the service, the emulator gets the descriptor
 *   monitor/log.pipe        where the emulator prints
 *   monitor/log.sock        who listens there copies it
 *   sockets/                every other generated socket; a small file system, of the domain's user alone
 * Everything is reached from held descriptors, so that no path can be swapped underneath. */
typedef struct VbRoom VbRoom;

#define VB_ROOM_STATUS "status.json"
#define VB_ROOM_LIVE_XML "live.xml"
#define VB_ROOM_NEXT_LIVE_XML "next-live.xml"

/* Makes the directory, which must not be there, for a domain whose processes are @identity (NULL: as we are).
 * STORAGE. */
VbRoom *vb_room_create(const char *runtime_dir, uint32_t id, const VbIdentity *identity, GError **error);
/* Opens one that another run of the service made. STORAGE; also if it is not ours. */
VbRoom *vb_room_open(const char *runtime_dir, uint32_t id, GError **error);
/* Lets go of it and leaves it there. */
void vb_room_free(VbRoom *room);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbRoom, vb_room_free)
/* Removes it with everything in it and frees @room. What cannot be removed is logged. */
void vb_room_remove(VbRoom *room);

const char *vb_room_path(const VbRoom *room);
const char *vb_room_sockets_path(const VbRoom *room);
/* The directories themselves; the room's, -1 where one is not there. */
int vb_room_fd(const VbRoom *room);
int vb_room_sockets_fd(const VbRoom *room);
/* Who it was made for: sockets/ is the user's, and nobody but us can change that. Ours where it is not there.
 */
uid_t vb_room_uid(const VbRoom *room);
int vb_room_monitor_fd(const VbRoom *room);

/* A listening socket for the monitor: -1 with @error, else the caller's to close. */
int vb_room_listen_monitor(VbRoom *room, GError **error);
/* A connection to it, non-blocking. -errno with @error; -EAGAIN: somebody listens and is too busy to answer.
 */
int vb_room_connect_monitor(VbRoom *room, GError **error);
/* The same for the log; another that was listened at before is forgotten. */
int vb_room_listen_log(VbRoom *room, GError **error);
int vb_room_connect_log(VbRoom *room, GError **error);
/* A listening socket and a connection to it that nobody else can have been first with. STORAGE. */
bool vb_room_connect_pair(VbRoom *room, int *ret_listening, int *ret_connected, GError **error);
/* A connection, blocking, to a socket below sockets/ called @name, on which the process @leader, or one in
 * the session that it began, must listen: what is in there is the guest's to arrange. -1 with @error. */
int vb_room_connect_socket(VbRoom *room, const char *name, pid_t leader, GError **error);
/* Who listened at the other end of @fd, by the kernel's word; 0 if it has none. */
pid_t vb_room_peer_pid(int fd);

/* Replaces a file; not synced, as the directory does not outlive the host. */
bool vb_room_write(VbRoom *room, const char *name, const char *text, GError **error);
/* Puts one of its files in the place of another, which takes no room; @to NULL: only removes it. */
bool vb_room_replace(VbRoom *room, const char *name, const char *to);
/* The content of a file of at most @limit bytes, valid UTF-8. NULL with @error. Caller frees. */
char *vb_room_read(VbRoom *room, const char *name, gsize limit, GError **error);

/* The ids of all rooms there are. Caller frees with g_array_unref(); uint32_t each. */
GArray *vb_room_list(const char *runtime_dir);
/* The same of any directory that has entries by id. */
GArray *vb_room_list_ids(const char *path);
