/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <memory> below <devices>: modules, and memory that virtio hands out.
 * https://libvirt.org/formatdomain.html#memory-devices */
#include "conf/memory-device.h"

#include <string.h>

#include "conf/arch.h"
#include "conf/complete-steps.h"
#include "conf/cpu.h"
#include "conf/cpuset.h"
#include "conf/domain-values.h"
#include "conf/numa.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

#define LABEL_MIN (128ULL << 10)
/* What the host maps in one piece. */
#define BLOCK_MIN (2ULL << 20)

static const char *const model_words[_VB_MEMORY_MODEL_MAX] = {
        [VB_MEMORY_DIMM] = "dimm",
        [VB_MEMORY_NVDIMM] = "nvdimm",
        [VB_MEMORY_VIRTIO_MEM] = "virtio-mem",
        [VB_MEMORY_VIRTIO_PMEM] = "virtio-pmem",
};
static const char *const access_words[] = {
        [VB_MEMORY_SHARED] = "shared",
        [VB_MEMORY_PRIVATE] = "private",
};

bool vb_memory_is_dimm(const VbMemoryDevice *memory)
{
        return memory->model == VB_MEMORY_DIMM || memory->model == VB_MEMORY_NVDIMM;
}

const char *vb_memory_alias_prefix(const VbMemoryDevice *memory)
{
        static const char *const prefixes[_VB_MEMORY_MODEL_MAX] = {
                [VB_MEMORY_DIMM] = "dimm",
                [VB_MEMORY_NVDIMM] = "nvdimm",
                [VB_MEMORY_VIRTIO_MEM] = "virtiomem",
                [VB_MEMORY_VIRTIO_PMEM] = "virtiopmem",
        };

        return prefixes[memory->model];
}

/* A file's content is in it: what an nvdimm or a virtio-pmem is of. */
static bool is_file(const VbMemoryDevice *memory)
{
        return memory->model == VB_MEMORY_NVDIMM || memory->model == VB_MEMORY_VIRTIO_PMEM;
}

static void memory_init(VbDevice *device)
{
        ((VbMemoryDevice *) device)->node = -1;
}

static bool take_size_child(VbXmlNode *node, const char *name, uint64_t *ret, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, name);

        return !child || vb_xml_take_size(child, ret, error);
}

static bool parse_file(VbMemoryDevice *memory, VbXmlNode *source, GError **error)
{
        if (!vb_xml_take_path_child(source, "path", &memory->path, error))
                return false;
        if (memory->model != VB_MEMORY_NVDIMM)
                return true;
        memory->pmem = vb_xml_take_child(source, "pmem") != NULL;
        return take_size_child(source, "alignsize", &memory->align_size, error);
}

static bool parse_source(VbMemoryDevice *memory, VbXmlNode *source, GError **error)
{
        VbXmlNode *child;
        const char *text;

        if (is_file(memory))
                return parse_file(memory, source, error);
        child = vb_xml_take_child(source, "nodemask");
        if (child) {
                text = vb_xml_take_text(child);
                memory->nodemask = vb_cpuset_canonical(text);
                if (!memory->nodemask)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "'%s' is no list of the host's nodes", text);
        }
        return take_size_child(source, "pagesize", &memory->page_size, error);
}

static bool parse_node(VbMemoryDevice *memory, VbXmlNode *target, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(target, "node");
        const char *text;
        guint64 number;

        if (!child)
                return true;
        text = vb_xml_take_text(child);
        if (!g_ascii_string_to_unsigned(text, 10, 0, INT16_MAX, &number, NULL))
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error, "'%s' is no number of a node", text);
        memory->node = (int) number;
        return true;
}

static bool parse_virtio_mem(VbMemoryDevice *memory, VbXmlNode *target, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(target, "requested");

        if (child && !vb_xml_take_size_or_none(child, &memory->requested_size, error))
                return false;
        /* What a running guest had taken of it. */
        child = vb_xml_take_child(target, "current");
        if (child) {
                vb_xml_take_attribute(child, "unit");
                vb_xml_take_text(child);
        }
        return take_size_child(target, "block", &memory->block_size, error);
}

static bool parse_target(VbMemoryDevice *memory, VbXmlNode *target, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(target, "size");

        if (!child)
                return vb_xml_error(target, VB_ERROR_INVALID_XML, error, "<size> is missing");
        if (!vb_xml_take_size(child, &memory->size, error))
                return false;
        if (memory->model != VB_MEMORY_VIRTIO_PMEM && !parse_node(memory, target, error))
                return false;
        if (memory->model == VB_MEMORY_VIRTIO_MEM && !parse_virtio_mem(memory, target, error))
                return false;
        if (!vb_memory_is_dimm(memory)) {
                child = vb_xml_take_child(target, "address");
                if (child &&
                    !vb_xml_take_number(child, "base", 0, UINT64_MAX - 1, &memory->guest_address, error))
                        return false;
        }
        if (memory->model != VB_MEMORY_NVDIMM)
                return true;
        memory->readonly = vb_xml_take_child(target, "readonly") != NULL;
        child = vb_xml_take_child(target, "label");
        return !child || take_size_child(child, "size", &memory->label_size, error);
}

static bool parse_uuid(VbMemoryDevice *memory, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = memory->model == VB_MEMORY_NVDIMM ? vb_xml_take_child(node, "uuid") : NULL;
        const char *text;

        if (!child)
                return true;
        text = vb_xml_take_text(child);
        return vb_uuid_from_string(text, memory->uuid) ||
               vb_xml_error(child, VB_ERROR_INVALID_XML, error, "'%s' is no UUID", text);
}

static bool memory_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbMemoryDevice *memory = (VbMemoryDevice *) device;
        VbXmlNode *source, *target;
        const char *text;
        int model = -1;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, _VB_MEMORY_MODEL_MAX, "sgx-epc", &model, error) ||
            !vb_xml_take_word(node, "access", access_words, G_N_ELEMENTS(access_words), NULL, &memory->access,
                              error) ||
            !vb_xml_take_yes_no(node, "discard", &memory->discard, error))
                return false;
        memory->model = (VbMemoryModel) model;
        source = vb_xml_take_child(node, "source");
        target = vb_xml_take_child(node, "target");
        if (!target)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<target> is missing");
        if (!parse_uuid(memory, node, error) || (source && !parse_source(memory, source, error)))
                return false;
        if (is_file(memory) && !memory->path)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source><path> is missing");
        return parse_target(memory, target, error);
}

static void write_source(const VbMemoryDevice *memory, VbXmlWriter *writer)
{
        if (!memory->path && !memory->nodemask && memory->page_size == 0)
                return;
        vb_xml_open(writer, "source");
        vb_xml_text_element(writer, "nodemask", memory->nodemask);
        vb_xml_size_element(writer, "pagesize", memory->page_size);
        vb_xml_text_element(writer, "path", memory->path);
        vb_xml_size_element(writer, "alignsize", memory->align_size);
        if (memory->pmem)
                vb_xml_empty_element(writer, "pmem");
        vb_xml_close(writer);
}

static void write_target(const VbMemoryDevice *memory, VbXmlWriter *writer)
{
        g_autofree char *node = g_strdup_printf("%d", memory->node);
        g_autofree char *requested = g_strdup_printf("%" G_GUINT64_FORMAT, memory->requested_size / 1024);

        vb_xml_open(writer, "target");
        vb_xml_size_element(writer, "size", memory->size);
        vb_xml_text_element(writer, "node", memory->node >= 0 ? node : NULL);
        if (memory->label_size > 0) {
                vb_xml_open(writer, "label");
                vb_xml_size_element(writer, "size", memory->label_size);
                vb_xml_close(writer);
        }
        if (memory->readonly)
                vb_xml_empty_element(writer, "readonly");
        vb_xml_size_element(writer, "block", memory->block_size);
        if (memory->model == VB_MEMORY_VIRTIO_MEM) {
                vb_xml_open(writer, "requested");
                vb_xml_attribute(writer, "unit", "KiB");
                vb_xml_text(writer, requested);
                vb_xml_close(writer);
        }
        if (memory->guest_address > 0) {
                vb_xml_open(writer, "address");
                vb_xml_attribute_hex(writer, "base", memory->guest_address, 1);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

static void memory_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbMemoryDevice *memory = (const VbMemoryDevice *) device;

        vb_xml_attribute(writer, "model", model_words[memory->model]);
        vb_xml_attribute(writer, "access", access_words[memory->access]);
        vb_xml_attribute(writer, "discard", vb_tristate_to_yes_no(memory->discard));
        vb_xml_text_element(writer, "uuid", *memory->uuid != '\0' ? memory->uuid : NULL);
        write_source(memory, writer);
        write_target(memory, writer);
}

static const char *memory_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_MEMORY_MODEL_MAX] = {
                [VB_MEMORY_DIMM] = "pc-dimm",
                [VB_MEMORY_NVDIMM] = "nvdimm",
                [VB_MEMORY_VIRTIO_MEM] = "virtio-mem",
                [VB_MEMORY_VIRTIO_PMEM] = "virtio-pmem",
        };
        const VbMemoryDevice *memory = (const VbMemoryDevice *) device;

        return vb_memory_is_dimm(memory)
                       ? drivers[memory->model]
                       : vb_virtio_driver(device, drivers[memory->model], VB_VIRTIO_MODEL_DEFAULT);
}

/* Power has the label of an nvdimm beside its memory, of which it takes whole pieces only. */
static uint64_t memory_bytes(VbDevice *device, uint64_t alignment)
{
        VbMemoryDevice *memory = (VbMemoryDevice *) device;

        if (alignment > 0 && memory->is_power && memory->model == VB_MEMORY_NVDIMM) {
                uint64_t data =
                        (memory->size - MIN(memory->label_size, memory->size)) / alignment * alignment;

                memory->size = MAX(data, alignment) + memory->label_size;
        } else if (alignment > 0) {
                memory->size = (memory->size + alignment - 1) / alignment * alignment;
        }
        return memory->size;
}

static void settle_memory(const VbDomainDef *def, VbDevice *device)
{
        ((VbMemoryDevice *) device)->is_power =
                def->os.arch && g_str_equal(vb_arch_to_target(def->os.arch), "ppc64");
}

static bool check_node(const VbDomainDef *def, const VbMemoryDevice *memory, GError **error)
{
        guint cells = def->cpu && def->cpu->numa ? def->cpu->numa->cells->len : 0;

        if (memory->model == VB_MEMORY_VIRTIO_PMEM)
                return true;
        if (memory->node < 0 && cells > 0)
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "<target> needs a <node>: the guest has nodes");
        if (memory->node >= 0 && (guint) memory->node >= MAX(cells, 1))
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "<node>%d</node>: the guest has %u nodes", memory->node, cells);
        return true;
}

static bool check_nvdimm(VbMemoryDevice *memory, GError **error)
{
        if (memory->label_size > 0 && memory->label_size < LABEL_MIN)
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "the <label> is less than 128 KiB");
        if (memory->label_size >= memory->size)
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "the <label> is not smaller than the module");
        if (!memory->is_power && *memory->uuid != '\0')
                return vb_device_error(&memory->base, VB_ERROR_UNSUPPORTED, error,
                                       "only Power's modules have a <uuid>");
        if (memory->is_power && memory->label_size == 0)
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "Power's modules need a <label>");
        if (memory->is_power && memory->readonly)
                return vb_device_error(&memory->base, VB_ERROR_UNSUPPORTED, error,
                                       "Power's modules cannot be <readonly>");
        if (memory->is_power && *memory->uuid == '\0') {
                g_autofree char *uuid = g_uuid_string_random();

                strcpy(memory->uuid, uuid);
        }
        return true;
}

static bool check_virtio_mem(const VbMemoryDevice *memory, GError **error)
{
        if (memory->block_size < BLOCK_MIN || (memory->block_size & (memory->block_size - 1)))
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "<block> is not a power of two of at least 2 MiB");
        if (memory->size % memory->block_size || memory->requested_size % memory->block_size ||
            memory->requested_size > memory->size)
                return vb_device_error(&memory->base, VB_ERROR_INVALID_XML, error,
                                       "<size> and <requested> are not both whole numbers of <block>, the "
                                       "second at most the first");
        return true;
}

static const VbDevice *find_slot(const VbDomainDef *def, uint32_t slot, const VbDevice *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device != except && device->address.type == VB_ADDRESS_DIMM &&
                    device->address.dimm.has_slot && device->address.dimm.slot == slot)
                        return device;
        }
        return NULL;
}

static bool complete_slot(const VbDomainDef *def, VbDevice *device, GError **error)
{
        VbDimmAddress *dimm = &device->address.dimm;
        uint64_t slots = def->max_memory->slots.value;

        if (device->address.type == VB_ADDRESS_NONE) {
                uint32_t slot = 0;

                while (find_slot(def, slot, device))
                        slot++;
                device->address = (VbAddress){ .type = VB_ADDRESS_DIMM };
                *dimm = (VbDimmAddress){ .has_slot = true, .slot = slot };
                if (slot >= slots)
                        return vb_device_error(
                                device, VB_ERROR_NO_FREE_ADDRESS, error,
                                "all of the %" G_GUINT64_FORMAT " slots of <maxMemory> are in use", slots);
        }
        if (device->address.type != VB_ADDRESS_DIMM)
                return true; /* refused with all addresses of a wrong type */
        if (!dimm->has_slot)
                return vb_device_error(device, VB_ERROR_INVALID_XML, error, "<address> needs a slot=''");
        if (dimm->slot >= slots)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "slot='%u': <maxMemory> has %" G_GUINT64_FORMAT " slots", dimm->slot,
                                       slots);
        return !find_slot(def, dimm->slot, device) ||
               vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                               "slot='%u' is in use by another module", dimm->slot);
}

static bool complete_memory_device(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbMemoryDevice *memory = (VbMemoryDevice *) device;
        const VbDomainDef *def = completion->def;

        settle_memory(def, device);
        if (!def->max_memory)
                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                       "memory devices need a <maxMemory slots=''> of the domain");
        if (!check_node(def, memory, error))
                return false;
        if (memory->model == VB_MEMORY_NVDIMM && !check_nvdimm(memory, error))
                return false;
        if (memory->model == VB_MEMORY_VIRTIO_MEM && !check_virtio_mem(memory, error))
                return false;
        if (memory->model == VB_MEMORY_VIRTIO_PMEM && memory->access != VB_MEMORY_SHARED)
                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                       "a virtio-pmem needs access='shared'");
        return !vb_memory_is_dimm(memory) || complete_slot(def, device, error);
}

void vb_memory_forget_places(VbDomainDef *def, const VbDomainDef *other)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbDevice *same = NULL;

                if (device->kind != VB_DEVICE_MEMORY || device->address.type != VB_ADDRESS_DIMM)
                        continue;
                same = vb_domain_def_find_device(other, device->alias);
                if (same && same->address.type == VB_ADDRESS_DIMM && same->address.dimm.base == 0)
                        device->address.dimm.base = 0;
        }
}

static VbPciConnect memory_pci_needs(const VbDevice *device)
{
        return vb_memory_is_dimm((const VbMemoryDevice *) device)
                       ? 0
                       : vb_virtio_pci_needs(VB_VIRTIO_MODEL_DEFAULT);
}

static VbAddressType memory_address_type(const VbDevice *device)
{
        return vb_memory_is_dimm((const VbMemoryDevice *) device) ? VB_ADDRESS_DIMM : VB_ADDRESS_NONE;
}

static const gsize memory_strings[] = { G_STRUCT_OFFSET(VbMemoryDevice, nodemask),
                                        G_STRUCT_OFFSET(VbMemoryDevice, path), 0 };

const VbDeviceClass vb_memory_device_class = {
        .element = "memory",
        .size = sizeof(VbMemoryDevice),
        .init = memory_init,
        .strings = memory_strings,
        .parse = memory_parse,
        .format = memory_format,
        .settle = settle_memory,
        .driver = memory_driver,
        .alias_prefix = "dimm",
        .complete = complete_memory_device,
        .memory = memory_bytes,
        .pci_needs = memory_pci_needs,
        .address_type = memory_address_type,
};
