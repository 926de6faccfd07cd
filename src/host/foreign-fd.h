/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Closes a descriptor that somebody else has given us; nothing for -1. The kernel asks a user's file system
 * (FUSE) at every close of a file, and waits for its answer; a socket's close may wait for its peer. So it is
 * done on threads, of which a number may hang; what comes after those stays open until one has ended. */
void vb_foreign_fd_close(int fd);

/* The same of one that has just come in: no child that is forked from then on has a copy of it, unless it has to wait
 * for a thread. */
void vb_foreign_fd_drop(int fd);
