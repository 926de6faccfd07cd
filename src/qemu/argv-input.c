/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input devices. Those on PS/2 are part of the machine. */
#include "conf/input.h"

#include "qemu/argv-builder.h"

static const char *const drivers[_VB_INPUT_BUS_MAX][_VB_INPUT_MAX] = {
        [VB_INPUT_BUS_UNSET] = { "", "", "" },
        [VB_INPUT_BUS_PS2] = { "", "", "" },
        [VB_INPUT_BUS_USB] = {
                [VB_INPUT_MOUSE] = "usb-mouse",
                [VB_INPUT_TABLET] = "usb-tablet",
                [VB_INPUT_KEYBOARD] = "usb-kbd",
        },
        [VB_INPUT_BUS_VIRTIO] = {
                [VB_INPUT_MOUSE] = "virtio-mouse-pci",
                [VB_INPUT_TABLET] = "virtio-tablet-pci",
                [VB_INPUT_KEYBOARD] = "virtio-keyboard-pci",
        },
};

static const char *input_driver(const VbDomainDef *def, const VbDevice *device)
{
        const VbInput *input = (const VbInput *) device;

        return drivers[input->bus][input->type];
}

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

const VbArgvClass vb_argv_input = { .build = build_input, .driver = input_driver };
