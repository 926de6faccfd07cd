/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Descriptors that somebody else has given us. The kernel asks a user's file system (FUSE) at every close of
 * a file, and waits for its answer; a socket's close may wait for its peer. So it is done on a thread each,
 * of which a number may hang; what comes after those is closed where it is. */

/* Closes it; nothing for -1. */
void vb_foreign_fd_close(int fd);
/* For one that a library is going to close: when it returns, the number stands for nothing that waits. */
void vb_foreign_fd_replace(int fd);
