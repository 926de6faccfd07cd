/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The panic notifier. */
#include "conf/panic.h"

#include "qemu/argv-builder.h"

static bool build_panic(VbArgv *argv, const VbDevice *device, GError **error)
{
        json_object *object;

        /* Hyper-V's is a feature of the processor, and pseries' is part of the machine. */
        if (!vb_device_driver(device))
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        if (device->address.type == VB_ADDRESS_ISA)
                vb_json_set_positive_if(object, "ioport", device->address.isa.iobase);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_panic = { .build = build_panic };
