/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory balloon. */
#include "conf/memballoon.h"

#include "qemu/argv-builder.h"

static bool build_memballoon(VbArgv *argv, const VbDevice *device, GError **error)
{
        json_object *object = NULL;

        if (((const VbMemballoon *) device)->model == VB_MEMBALLOON_NONE)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_memballoon = { .build = build_memballoon };
