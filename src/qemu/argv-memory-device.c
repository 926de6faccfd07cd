/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory devices: what the host keeps them in, and the module or virtio device that shows it to the guest. */
#include "conf/memory-device.h"
#include "conf/numa.h"
#include "qemu/argv-builder.h"

/* The host's usual pages need no further word. */
#define USUAL_PAGE 4096

static json_object *file_backend(const VbMemoryDevice *memory, const char *id)
{
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "qom-type", "memory-backend-file");
        vb_json_set_string(object, "id", id);
        vb_json_set_string(object, "mem-path", memory->path);
        vb_json_set_tristate_if(object, "discard-data", memory->discard);
        if (memory->access != 0)
                vb_json_set_bool(object, "share", memory->access == VB_MEMORY_SHARED);
        if (memory->model == VB_MEMORY_NVDIMM && !memory->pmem)
                vb_json_set_bool(object, "prealloc", true);
        vb_json_set_uint(object, "size", memory->size);
        if (memory->align_size > 0)
                vb_json_set_uint(object, "align", memory->align_size);
        if (memory->pmem)
                vb_json_set_bool(object, "pmem", true);
        return object;
}

static void set_pages(json_object *object, uint64_t page)
{
        if (page <= USUAL_PAGE)
                return;
        vb_json_set_string(object, "qom-type", "memory-backend-file");
        vb_json_set_string(object, "mem-path", page >= 1ULL << 30 ? "/dev/hugepages1G" : "/dev/hugepages");
        vb_json_set_bool(object, "prealloc", true);
}

static char *add_backend(VbArgv *argv, const VbMemoryDevice *memory)
{
        g_autofree char *id = g_strdup_printf("mem%s", memory->base.alias);
        json_object *object = memory->path
                                      ? file_backend(memory, id)
                                      : vb_argv_memory_backend(argv, id, memory->size, MAX(memory->node, 0),
                                                               memory->access, memory->discard);

        set_pages(object, memory->page_size);
        vb_argv_set_host_nodes(object, memory->nodemask, "bind");
        if (memory->model == VB_MEMORY_VIRTIO_MEM)
                vb_json_set_bool(object, "reserve", false);
        vb_argv_add_json(argv, "-object", object);
        return g_steal_pointer(&id);
}

static bool build_memory(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbMemoryDevice *memory = (const VbMemoryDevice *) device;
        json_object *object = vb_argv_device_new(argv, device, error);
        g_autofree char *backend = NULL;

        if (!object)
                return false;
        backend = add_backend(argv, memory);
        vb_json_set_string(object, "memdev", backend);
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
        }
        vb_json_set_positive_if(object, "memaddr", (int64_t) memory->guest_address);
        if (device->address.type == VB_ADDRESS_DIMM) {
                vb_json_set_uint(object, "slot", device->address.dimm.slot);
                vb_json_set_positive_if(object, "addr", (int64_t) device->address.dimm.base);
        }
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
