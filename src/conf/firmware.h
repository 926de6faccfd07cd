/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "conf/os.h"

/* One firmware that is installed, as its descriptor tells. Filled by src/qemu/, only looked at here.
 * https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/firmware.json */

typedef enum {
        VB_FIRMWARE_HAS_SECURE_BOOT = 1 << 0,
        VB_FIRMWARE_HAS_ENROLLED_KEYS = 1 << 1,
        VB_FIRMWARE_NEEDS_SMM = 1 << 2,
        VB_FIRMWARE_HAS_S3 = 1 << 3,
        VB_FIRMWARE_HAS_S4 = 1 << 4,
} VbFirmwareTraits;

typedef struct {
        char *arch;      /* libvirt's word */
        char **machines; /* patterns with * and ? */
} VbFirmwareTarget;

typedef struct {
        bool bios, efi; /* what it is to a guest */
        unsigned traits;
        bool stateless; /* it has no variables */
        bool in_flash;  /* else in ROM */
        char *path;
        int format; /* VbFirmwareFormat */
        char *template;
        int template_format;
        GPtrArray *targets; /* VbFirmwareTarget * */
} VbFirmware;

VbFirmware *vb_firmware_new(void);
void vb_firmware_free(VbFirmware *firmware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbFirmware, vb_firmware_free)
void vb_firmware_add_target(VbFirmware *firmware, const char *arch, char **machines);

bool vb_firmware_fits(const VbFirmware *firmware, const char *arch, const char *machine);
/* The one whose code is in the file @path, NULL if there is none. */
const VbFirmware *vb_firmware_find_path(const GPtrArray *firmware, const char *path);
