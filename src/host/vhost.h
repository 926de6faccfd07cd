/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Opens a device of the kernel's half of virtio, close-on-exec: -1 and UNSUPPORTED where that cannot be. What
 * is no character device is not opened. @module: the kernel's that makes it, for the message. */
int vb_vhost_open(const char *path, const char *module, GError **error);
