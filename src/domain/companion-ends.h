/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The emulator's ends of the sockets to the processes beside it: VbArgvEnd *, with descriptors that are
 * closed with the array. */
GPtrArray *vb_companion_ends_new(void);
/* Takes @fd over. */
void vb_companion_ends_add(GPtrArray *ends, const char *alias, int fd);
/* Appends all descriptors to @fds, a GArray of int. */
void vb_companion_ends_append_fds(const GPtrArray *ends, GArray *fds);
