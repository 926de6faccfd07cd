/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The descriptors of installed firmware, as QEMU's documentation lays their folders out: a file stands for
 * all of its name in folders that come before, and an empty one for none. */

typedef struct {
        char *path;
        GBytes *text;
} VbFirmwareFile;

/* What decides what is read: it changes whenever a folder does. */
char *vb_firmware_stamp(const char *const *folders);

/* VbFirmwareFile *, in the order of their names. @folders ends with NULL, the one that counts most last. What
 * cannot be read is left out with a message. */
GPtrArray *vb_firmware_read(const char *const *folders);

/* The folders of this host: the distribution's, the administrator's and, for a service that is not root's,
 * the user's own. Freed with g_strfreev(). */
char **vb_firmware_folders(void);
