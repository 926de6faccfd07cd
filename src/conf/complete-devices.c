/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that every guest gets, and the order in which the classes complete theirs. */
#include "conf/audio.h"
#include "conf/complete-steps.h"
#include "conf/input.h"
#include "conf/memballoon.h"
#include "conf/video.h"
#include "util/error.h"

static const VbDevice *first_of(const VbDomainDef *def, VbDeviceKind kind)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == kind)
                        return device;
        }
        return NULL;
}

static void add_ps2(VbCompletion *completion, VbInputType type)
{
        const VbDomainDef *def = completion->def;
        VbInput *input;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbInput *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind == VB_DEVICE_INPUT && other->type == type &&
                    other->bus == VB_INPUT_BUS_PS2)
                        return;
        }
        input = (VbInput *) vb_complete_add(completion, VB_DEVICE_INPUT);
        input->type = type;
        input->bus = VB_INPUT_BUS_PS2;
        input->base.builtin = true;
}

bool vb_complete_devices(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        if (first_of(def, VB_DEVICE_GRAPHICS) && !first_of(def, VB_DEVICE_VIDEO))
                vb_complete_add(completion, VB_DEVICE_VIDEO);
        if (!first_of(def, VB_DEVICE_MEMBALLOON) &&
            vb_complete_has_driver(completion, "virtio-balloon-pci") &&
            completion->machine->root_bus != VB_ROOT_BUS_NONE)
                vb_complete_add(completion, VB_DEVICE_MEMBALLOON);
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (vb_device_class(device->kind)->complete &&
                    !vb_device_class(device->kind)->complete(completion, device, error))
                        return false;
        }
        if (completion->machine->has_i8042) {
                add_ps2(completion, VB_INPUT_MOUSE);
                add_ps2(completion, VB_INPUT_KEYBOARD);
        }
        vb_video_choose_primary(def);
        return vb_audio_complete_all(completion, error);
}
