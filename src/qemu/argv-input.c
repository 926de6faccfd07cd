/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input devices. Those on PS/2 are part of the machine. */
#include "conf/input.h"

#include "qemu/argv-builder.h"

static bool build_input(VbArgv *argv, const VbDevice *device, GError **error)
{
        json_object *object = NULL;

        if (((const VbInput *) device)->bus == VB_INPUT_BUS_PS2)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_input = { .build = build_input };
