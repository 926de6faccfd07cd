/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/firmware.h"

/* The firmware that is installed, read again whenever a folder of descriptors changed. */
typedef struct VbFirmwareStore VbFirmwareStore;

/* @folders as in host/firmware.h; NULL: this host's. */
VbFirmwareStore *vb_firmware_store_new(const char *const *folders);
void vb_firmware_store_free(VbFirmwareStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbFirmwareStore, vb_firmware_store_free)

/* VbFirmware *, what is wanted most first; borrowed until the next call. The same as long as nothing changed.
 */
GPtrArray *vb_firmware_store_list(VbFirmwareStore *store);

/* One descriptor; NULL for what is none, or is for another kind of use than ours. */
VbFirmware *vb_firmware_from_json(const char *text, gsize size);
