/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USB hubs. */
#include "conf/hub.h"

#include "qemu/argv-builder.h"

static bool build_hub(VbArgv *argv, const VbDevice *device, GError **error)
{
        json_object *object = vb_argv_device_new(argv, device, error);

        if (!object)
                return false;
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_hub = { .build = build_hub };
