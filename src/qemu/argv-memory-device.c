/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory devices: what the host keeps them in, and the module or virtio device that shows it to the guest. */
#include "conf/memory-device.h"
#include "conf/numa.h"
#include "qemu/argv-builder.h"

/* The blocks of a module's file are to be there when the guest writes; a device of persistent memory has
 * them, and would only wear. */
static bool wants_blocks(const VbMemoryDevice *memory)
{
        return memory->model == VB_MEMORY_NVDIMM && !memory->pmem;
}

static void set_properties(const VbMemoryDevice *memory, bool immediate, json_object *object)
{
        const VbAddress *address = &memory->base.address;

        if (memory->node >= 0)
                vb_json_set_uint(object, "node", (uint64_t) memory->node);
        if (memory->label_size > 0)
                vb_json_set_uint(object, "label-size", memory->label_size);
        vb_json_set_string_if(object, "uuid", *memory->uuid != '\0' ? memory->uuid : NULL);
        if (memory->readonly)
                vb_json_set_bool(object, "unarmed", true);
        if (memory->model == VB_MEMORY_VIRTIO_MEM) {
                vb_json_set_uint(object, "block-size", memory->block_size);
                vb_json_set_positive_if(object, "requested-size", (int64_t) memory->requested_size);
                if (immediate)
                        vb_json_set_bool(object, "prealloc", true);
        }
        vb_json_set_positive_if(object, "memaddr", (int64_t) memory->guest_address);
        if (address->type == VB_ADDRESS_DIMM) {
                vb_json_set_uint(object, "slot", address->dimm.slot);
                vb_json_set_positive_if(object, "addr", (int64_t) address->dimm.base);
        }
}

static bool build_memory(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbMemoryDevice *memory = (const VbMemoryDevice *) device;
        g_autofree char *id = g_strdup_printf("mem%s", device->alias);
        VbArgvMemory piece = {
                .id = id,
                .size = memory->size,
                .node = memory->node,
                .path = memory->path,
                .page = memory->page_size,
                .align = memory->align_size,
                .nodeset = memory->nodemask,
                .access = memory->access,
                .discard = memory->discard,
                .pmem = memory->pmem,
                .prealloc = wants_blocks(memory),
                .on_demand = memory->model == VB_MEMORY_VIRTIO_MEM,
        };
        json_object *object = vb_argv_device_new(argv, device, error);

        if (!object)
                return false;
        vb_json_set_string(object, "memdev", id);
        set_properties(memory, vb_argv_memory_is_immediate(argv, &piece), object);
        vb_argv_add_json(argv, "-object", vb_argv_memory_backend(argv, &piece));
        vb_argv_add_device(argv, device, object);
        return true;
}

/* The machine is told of the first nvdimm. */
static void memory_machine(VbArgv *argv, const VbDevice *device, GString *machine)
{
        for (guint i = 0; i < argv->def->devices->len; i++) {
                const VbMemoryDevice *memory = g_ptr_array_index(argv->def->devices, i);

                if (memory->base.kind != VB_DEVICE_MEMORY || memory->model != VB_MEMORY_NVDIMM)
                        continue;
                if (&memory->base == device)
                        g_string_append(machine, ",nvdimm=on");
                return;
        }
}

const VbArgvClass vb_argv_memory_device = { .build = build_memory, .machine = memory_machine };
