/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* A descriptor that somebody else has given us, kept where it waits for nobody: in the queue of a socket.
 * What stands for it in our table, and in those of the children that we fork, is that socket, the envelope:
 * whoever closes a file's descriptor, as every program that is executed does, asks the user's file system
 * behind it (FUSE) and waits for its answer; an envelope's can be closed by anybody.
 *
 * The keeper holds the same once more, so that no envelope is ever the last: it becomes readable (a hangup)
 * when the last copy of the envelope has gone, and is then what vb_foreign_fd_close() is for. */

/* Takes @fd over, in every case. The envelope, and in @keeper the keeper; or -errno. */
int vb_envelope_new(int fd, int *keeper);

/* Whether what is in it is something to read to an end: a file, a pipe or memory, by what the kernel knows of
 * it without a look at its file system; true also where only that could tell. False for what is no envelope.
 */
bool vb_envelope_is_source(int envelope);

/* Takes out what is in it, once, for a process that may wait for it; or -errno. */
int vb_envelope_open(int envelope);
