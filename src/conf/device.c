/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all classes of device share: the table of classes, memory, and the children <boot>, <alias> and
 * <address>. */
#include "conf/device.h"

#include <string.h>

#include "conf/address-xml.h"
#include "conf/audio.h"
#include "conf/channel.h"
#include "conf/chardev.h"
#include "conf/controller.h"
#include "conf/crypto.h"
#include "conf/disk.h"
#include "conf/domain-def.h"
#include "conf/filesystem.h"
#include "conf/graphics.h"
#include "conf/hostdev.h"
#include "conf/hub.h"
#include "conf/input.h"
#include "conf/interface.h"
#include "conf/iommu.h"
#include "conf/lease.h"
#include "conf/memballoon.h"
#include "conf/memory-device.h"
#include "conf/nvram-device.h"
#include "conf/panic.h"
#include "conf/parallel.h"
#include "conf/redirdev.h"
#include "conf/rng.h"
#include "conf/serial.h"
#include "conf/smartcard.h"
#include "conf/shmem.h"
#include "conf/sound.h"
#include "conf/tpm.h"
#include "conf/video.h"
#include "conf/vsock.h"
#include "conf/watchdog.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* An alias becomes a QEMU id and a part of object paths and file names. */
#define ALIAS_LENGTH_MAX 64
#define ALIAS_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-."

static const VbDeviceClass *const classes[_VB_DEVICE_MAX] = {
        [VB_DEVICE_DISK] = &vb_disk_class,
        [VB_DEVICE_CONTROLLER] = &vb_controller_class,
        [VB_DEVICE_FILESYSTEM] = &vb_filesystem_class,
        [VB_DEVICE_INTERFACE] = &vb_interface_class,
        [VB_DEVICE_SMARTCARD] = &vb_smartcard_class,
        [VB_DEVICE_SERIAL] = &vb_serial_class,
        [VB_DEVICE_PARALLEL] = &vb_parallel_class,
        [VB_DEVICE_CONSOLE] = &vb_console_class,
        [VB_DEVICE_CHANNEL] = &vb_channel_class,
        [VB_DEVICE_INPUT] = &vb_input_class,
        [VB_DEVICE_LEASE] = &vb_lease_class,
        [VB_DEVICE_TPM] = &vb_tpm_class,
        [VB_DEVICE_NVRAM] = &vb_nvram_device_class,
        [VB_DEVICE_SHMEM] = &vb_shmem_class,
        [VB_DEVICE_MEMORY] = &vb_memory_device_class,
        [VB_DEVICE_CRYPTO] = &vb_crypto_class,
        [VB_DEVICE_IOMMU] = &vb_iommu_class,
        [VB_DEVICE_GRAPHICS] = &vb_graphics_class,
        [VB_DEVICE_SOUND] = &vb_sound_class,
        [VB_DEVICE_AUDIO] = &vb_audio_class,
        [VB_DEVICE_VIDEO] = &vb_video_class,
        [VB_DEVICE_REDIRDEV] = &vb_redirdev_class,
        [VB_DEVICE_REDIRFILTER] = &vb_redirfilter_class,
        [VB_DEVICE_HOSTDEV] = &vb_hostdev_class,
        [VB_DEVICE_HUB] = &vb_hub_class,
        [VB_DEVICE_WATCHDOG] = &vb_watchdog_class,
        [VB_DEVICE_MEMBALLOON] = &vb_memballoon_class,
        [VB_DEVICE_RNG] = &vb_rng_class,
        [VB_DEVICE_PANIC] = &vb_panic_class,
        [VB_DEVICE_VSOCK] = &vb_vsock_class,
};

const VbDeviceClass *vb_device_class(VbDeviceKind kind)
{
        return classes[kind];
}

const char *vb_device_kind_to_string(VbDeviceKind kind)
{
        return classes[kind]->element;
}

VbDevice *vb_device_new(VbDeviceKind kind)
{
        VbDevice *device = g_malloc0(classes[kind]->size);

        device->kind = kind;
        if (classes[kind]->init)
                classes[kind]->init(device);
        return device;
}

static char **string_at(VbDevice *device, gsize offset)
{
        return (char **) (void *) ((char *) device + offset);
}

void vb_device_free(VbDevice *device)
{
        const gsize *offset;

        if (!device)
                return;
        if (classes[device->kind]->clear)
                classes[device->kind]->clear(device);
        for (offset = classes[device->kind]->strings; offset && *offset != 0; offset++)
                g_free(*string_at(device, *offset));
        g_free(device->alias);
        g_free(device->rom.file);
        g_free(device);
}

VbDevice *vb_device_copy(const VbDevice *device)
{
        const VbDeviceClass *class = classes[device->kind];
        VbDevice *copy = g_memdup2(device, class->size);

        copy->alias = g_strdup(device->alias);
        copy->rom.file = g_strdup(device->rom.file);
        for (const gsize *offset = class->strings; offset && *offset != 0; offset++)
                *string_at(copy, *offset) = g_strdup(*string_at(copy, *offset));
        if (class->copy)
                class->copy(copy, device);
        return copy;
}

uint64_t vb_device_memory(VbDevice *device, uint64_t alignment)
{
        const VbDeviceClass *class = vb_device_class(device->kind);

        return class->memory ? class->memory(device, alignment) : 0;
}

const char *vb_device_driver(const VbDevice *device)
{
        const VbDeviceClass *class = classes[device->kind];

        return !device->builtin && class->driver ? class->driver(device) : NULL;
}

const VbChardev *vb_device_chardev(const VbDevice *device)
{
        const VbDeviceClass *class = classes[device->kind];

        return class->chardev ? class->chardev((VbDevice *) (uintptr_t) device) : NULL;
}

char *vb_device_describe(const VbDevice *device)
{
        if (device->alias)
                return g_strdup(device->alias);
        if (device->line > 0)
                return g_strdup_printf("the %s of line %d", classes[device->kind]->element, device->line);
        return g_strdup_printf("the %s", classes[device->kind]->element);
}

static bool read_alias(VbDevice *device, VbXmlNode *node, GError **error)
{
        const char *name;

        if (!vb_xml_require_attribute(node, "name", &name, error))
                return false;
        if (strlen(name) > ALIAS_LENGTH_MAX || strspn(name, ALIAS_CHARACTERS) != strlen(name) ||
            !g_ascii_isalpha(*name))
                return vb_xml_error(
                        node, VB_ERROR_INVALID_XML, error,
                        "name='%.*s' is not a letter followed by up to %d letters, digits, '-', '_' or '.'",
                        ALIAS_LENGTH_MAX, name, ALIAS_LENGTH_MAX - 1);
        device->alias = g_strdup(name);
        return true;
}

static bool read_rom(VbDevice *device, VbXmlNode *node, GError **error)
{
        const char *file;

        if (!vb_xml_take_yes_no(node, "enabled", &device->rom.enabled, error) ||
            !vb_xml_take_switch(node, "bar", &device->rom.bar, error))
                return false;
        file = vb_xml_take_attribute(node, "file");
        if (!file || *file == '\0')
                return true;
        if (*file != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "file='%s' is not an absolute path",
                                    file);
        device->rom.file = g_strdup(file);
        if (device->rom.enabled == VB_TRISTATE_OFF)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "enabled='no' and a file exclude each other");
        return true;
}

static bool read_common(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbXmlNode *child;

        child = classes[device->kind]->bootable ? vb_xml_take_child(node, "boot") : NULL;
        if (child) {
                const char *order;

                if (!vb_xml_require_attribute(child, "order", &order, error) ||
                    !vb_xml_take_uint32(child, "order", 1, INT32_MAX, &device->boot_order, error))
                        return false;
        }
        child = classes[device->kind]->nameless ? NULL : vb_xml_take_child(node, "alias");
        if (child && !read_alias(device, child, error))
                return false;
        child = classes[device->kind]->has_rom ? vb_xml_take_child(node, "rom") : NULL;
        if (child && !read_rom(device, child, error))
                return false;
        child = vb_xml_take_child(node, "acpi");
        if (child && !vb_xml_take_uint32(child, "index", 1, UINT32_MAX, &device->acpi_index, error))
                return false;
        child = vb_xml_take_child(node, "address");
        return !child || vb_address_parse(child, &device->address, error);
}

VbDevice *vb_device_read(VbXmlNode *node, GError **error)
{
        g_autoptr(VbDevice) device = NULL;
        int kind;

        for (kind = 0; kind < _VB_DEVICE_MAX; kind++)
                if (g_str_equal(vb_xml_node_name(node), classes[kind]->element))
                        break;
        if (kind == _VB_DEVICE_MAX)
                return NULL;
        vb_xml_take(node);
        device = vb_device_new((VbDeviceKind) kind);
        device->line = vb_xml_node_line(node);
        if (!classes[kind]->parse(device, node, error) || !read_common(device, node, error))
                return NULL;
        return g_steal_pointer(&device);
}

static void write_rom(const VbDevice *device, VbXmlWriter *writer)
{
        if (device->rom.enabled == VB_TRISTATE_UNSET && device->rom.bar == VB_TRISTATE_UNSET &&
            !device->rom.file)
                return;
        vb_xml_open(writer, "rom");
        vb_xml_attribute(writer, "enabled", vb_tristate_to_yes_no(device->rom.enabled));
        vb_xml_attribute(writer, "bar", vb_tristate_to_switch(device->rom.bar));
        vb_xml_attribute(writer, "file", device->rom.file);
        vb_xml_close(writer);
}

void vb_device_write(const VbDevice *device, VbXmlWriter *writer)
{
        const VbDeviceClass *class = classes[device->kind];

        vb_xml_open(writer, class->element);
        class->format(device, writer);
        if (device->boot_order > 0) {
                vb_xml_open(writer, "boot");
                vb_xml_attribute_number(writer, "order", device->boot_order);
                vb_xml_close(writer);
        }
        if (device->alias && !class->nameless) {
                vb_xml_open(writer, "alias");
                vb_xml_attribute(writer, "name", device->alias);
                vb_xml_close(writer);
        }
        write_rom(device, writer);
        if (device->acpi_index > 0) {
                vb_xml_open(writer, "acpi");
                vb_xml_attribute_number(writer, "index", device->acpi_index);
                vb_xml_close(writer);
        }
        vb_address_write(&device->address, writer);
        vb_xml_close(writer);
}

char *vb_device_format(const VbDevice *device)
{
        VbXmlWriter *writer = vb_xml_writer_new();

        vb_device_write(device, writer);
        return vb_xml_writer_finish(writer);
}

VbDevice *vb_device_parse(const char *text, gsize length, GPtrArray **notes, GError **error)
{
        g_autoptr(VbXmlDocument) document = vb_xml_document_parse(text, length, error);
        g_autoptr(GError) local = NULL;
        g_autoptr(VbDevice) device = NULL;
        VbXmlNode *root;

        if (!document)
                return NULL;
        root = vb_xml_document_root(document);
        device = vb_device_read(root, &local);
        if (!device) {
                if (local)
                        g_propagate_error(error, g_steal_pointer(&local));
                else
                        vb_xml_error(root, VB_ERROR_INVALID_XML, error, "this is no device that is known");
                return NULL;
        }
        if (!vb_xml_document_finish(document, error))
                return NULL;
        if (notes)
                *notes = vb_xml_document_take_notes(document);
        return g_steal_pointer(&device);
}
