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

bool vb_complete_devices(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        vb_video_add_implicit(completion);
        if (!first_of(def, VB_DEVICE_MEMBALLOON) &&
            vb_complete_has_driver(completion, "virtio-balloon-pci") &&
            completion->machine->root_bus != VB_ROOT_BUS_NONE &&
            vb_complete_is_furnished(completion->emulator))
                vb_complete_add(completion, VB_DEVICE_MEMBALLOON);
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (vb_device_class(device->kind)->complete &&
                    !vb_device_class(device->kind)->complete(completion, device, error))
                        return false;
        }
        vb_input_add_implicit(completion);
        return vb_video_choose_primary(completion, error) && vb_audio_complete_all(completion, error);
}
