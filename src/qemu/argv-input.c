/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input devices. Those on PS/2 are part of the machine; an evdev is none of the guest's. */
#include "conf/input.h"

#include "qemu/argv-builder.h"

static void add_evdev(VbArgv *argv, const VbInput *input)
{
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "qom-type", "input-linux");
        vb_json_set_string(object, "id", input->base.alias);
        vb_json_set_string(object, "evdev", input->source);
        vb_json_set_tristate_if(object, "repeat", input->repeat);
        if (input->grab_all)
                vb_json_set_bool(object, "grab_all", true);
        vb_json_set_string_if(object, "grab-toggle", input->grab_toggle);
        vb_argv_add_json(argv, "-object", object);
}

static bool build_input(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbInput *input = (const VbInput *) device;
        json_object *object = NULL;

        if (input->type == VB_INPUT_EVDEV)
                add_evdev(argv, input);
        if (input->type == VB_INPUT_EVDEV || input->bus == VB_INPUT_BUS_PS2)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        vb_argv_set_virtio_options(object, &input->virtio);
        vb_json_set_string_if(object, "evdev", input->source);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_input = { .build = build_input };
