/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/identity.h"

/* A small file system of its own for the sockets of a domain, so that the emulator fills nothing but that. */

/* Puts one, which belongs to @identity (NULL: ourselves), mode 0700, onto the directory @name below @parent.
 * The descriptor of its root, or -errno; -EPERM where we may not mount. */
int vb_room_mount(int parent, const char *name, const VbIdentity *identity);
/* Takes it away again, whatever uses it still; nothing where there is none. */
void vb_room_unmount(int parent, const char *name);
