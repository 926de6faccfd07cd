/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where memory modules come to be is the emulator's choice, by what is free when each is plugged in. Another
 * one that is to take over the guest has to be told, for it would choose anew. */
#include "domain/memory-places.h"

#include "conf/memory-device.h"

/* More slots than any machine has. */
#define DEVICES_MAX 4096

static bool is_wanted(const VbDevice *device)
{
        return device->kind == VB_DEVICE_MEMORY && device->address.type == VB_ADDRESS_DIMM &&
               device->address.dimm.base == 0;
}

bool vb_memory_places_are_wanted(const VbDomainDef *live)
{
        for (guint i = 0; i < live->devices->len; i++)
                if (is_wanted(live->devices->pdata[i]))
                        return true;
        return false;
}

static void learn(VbDomainDef *live, json_object *data)
{
        const char *id = NULL;
        uint64_t base = 0;
        VbDevice *device = NULL;

        if (!vb_json_get_string(data, "id", &id) || !vb_json_get_uint64(data, "addr", &base))
                return;
        device = vb_domain_def_find_device(live, id);
        if (device && is_wanted(device))
                device->address.dimm.base = base;
}

void vb_memory_places_learn(VbDomainDef *live, json_object *devices)
{
        size_t n = json_object_is_type(devices, json_type_array) ? json_object_array_length(devices) : 0;

        for (size_t i = 0; i < MIN(n, DEVICES_MAX); i++) {
                json_object *data = NULL;

                if (vb_json_get_object(json_object_array_get_idx(devices, i), "data", &data))
                        learn(live, data);
        }
}
