/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Power's NVRAM: part of the machine, which is told where it is. */
#include "conf/nvram-device.h"

#include "qemu/argv-builder.h"

static bool build_nvram(VbArgv *argv, const VbDevice *device, GError **error)
{
        g_autofree char *value = NULL;

        if (device->address.type != VB_ADDRESS_SPAPR_VIO)
                return true;
        value = g_strdup_printf("spapr-nvram.reg=0x%" G_GINT64_MODIFIER "x", device->address.spapr_vio.reg);
        vb_argv_add(argv, "-global", value);
        return true;
}

const VbArgvClass vb_argv_nvram_device = { .build = build_nvram };
