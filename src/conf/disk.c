/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <disk>: its fields, XML and QEMU device types. Which bus and unit it sits on is assign-drive.c. */
#include "conf/disk.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* QEMU keeps what a guest may read as a serial number in fields of 20 to 255 bytes; these characters need no
 * care on any way there. */
#define SERIAL_LENGTH_MAX 247
#define SERIAL_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-+. "

/* "vdzzz" is disk 18,277. */
#define TARGET_LETTERS_MAX 3

static const char *const source_type_words[] = { "file", "block" };
static const char *const source_attributes[] = { "file", "dev" };
static const char *const device_words[] = { "disk", "cdrom" };
static const char *const format_words[] = { "raw", "qcow2" };
static const char *const bus_words[_VB_DISK_BUS_MAX] = {
        [VB_DISK_BUS_VIRTIO] = "virtio", [VB_DISK_BUS_SCSI] = "scsi", [VB_DISK_BUS_SATA] = "sata",
        [VB_DISK_BUS_IDE] = "ide",       [VB_DISK_BUS_USB] = "usb",
};

const char *vb_disk_bus_to_string(VbDiskBus bus)
{
        return bus_words[bus];
}

int vb_disk_target_index(const char *target_dev)
{
        gsize length = strlen(target_dev);
        int index = 0;

        if (length < 3 || length > 2 + TARGET_LETTERS_MAX || target_dev[1] != 'd' ||
            !strchr("vsh", target_dev[0]))
                return -1;
        for (const char *letter = target_dev + 2; *letter != '\0'; letter++) {
                if (!g_ascii_islower(*letter))
                        return -1;
                index = index * 26 + (*letter - 'a') + 1;
        }
        return index - 1;
}

static bool parse_driver(VbDisk *disk, VbXmlNode *node, GError **error)
{
        const char *name = vb_xml_take_attribute(node, "name");
        int format = disk->format;

        if (name && !g_str_equal(name, "qemu"))
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "name='%s' is not known; accepted: qemu", name);
        if (!vb_xml_take_word(node, "type", format_words, G_N_ELEMENTS(format_words),
                              "bochs cloop dmg fat iso luks ploop qcow qed vdi vhdx vmdk vpc", &format,
                              error))
                return false;
        disk->format = (VbDiskFormat) format;
        return true;
}

static bool parse_source(VbDisk *disk, VbXmlNode *node, GError **error)
{
        const char *path = vb_xml_take_attribute(node, source_attributes[disk->source_type]);

        if (!path || *path == '\0')
                return true;
        if (*path != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not an absolute path", path);
        disk->source = g_strdup(path);
        return true;
}

static bool parse_target(VbDisk *disk, VbXmlNode *node, GError **error)
{
        const char *dev;
        int bus = disk->bus;

        if (!vb_xml_require_attribute(node, "dev", &dev, error) ||
            !vb_xml_take_word(node, "bus", bus_words, _VB_DISK_BUS_MAX, "fdc none sd uml xen", &bus, error))
                return false;
        if (vb_disk_target_index(dev) < 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "dev='%s' is not vd, sd or hd followed by one to %d lower-case letters",
                                    dev, TARGET_LETTERS_MAX);
        disk->target_dev = g_strdup(dev);
        disk->bus = (VbDiskBus) bus;
        return true;
}

static bool parse_serial(VbDisk *disk, VbXmlNode *node, GError **error)
{
        const char *text = vb_xml_take_text(node);

        if (strlen(text) > SERIAL_LENGTH_MAX || strspn(text, SERIAL_CHARACTERS) != strlen(text))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "a serial number has up to %d letters, digits, spaces and '_-+.'",
                                    SERIAL_LENGTH_MAX);
        disk->serial = *text != '\0' ? g_strdup(text) : NULL;
        return true;
}

static bool disk_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbDisk *disk = (VbDisk *) device;
        int source_type = -1, kind = VB_DISK_DISK;
        const char *text;
        VbXmlNode *child;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", source_type_words, G_N_ELEMENTS(source_type_words),
                              "dir network nvme vhostuser vhostvdpa volume", &source_type, error) ||
            !vb_xml_take_word(node, "device", device_words, G_N_ELEMENTS(device_words), "floppy lun", &kind,
                              error))
                return false;
        disk->source_type = (VbDiskSourceType) source_type;
        disk->device = (VbDiskDevice) kind;

        child = vb_xml_take_child(node, "driver");
        if (child && !parse_driver(disk, child, error))
                return false;
        child = vb_xml_take_child(node, "source");
        if (child && !parse_source(disk, child, error))
                return false;
        if (!disk->source && disk->device == VB_DISK_DISK)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source %s='/...'/> is missing",
                                    source_attributes[disk->source_type]);
        child = vb_xml_take_child(node, "target");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<target dev='...'/> is missing");
        if (!parse_target(disk, child, error))
                return false;
        disk->readonly = disk->device == VB_DISK_CDROM;
        if (vb_xml_take_child(node, "readonly"))
                disk->readonly = true;
        child = vb_xml_take_child(node, "serial");
        return !child || parse_serial(disk, child, error);
}

static void disk_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbDisk *disk = (const VbDisk *) device;

        vb_xml_attribute(writer, "type", source_type_words[disk->source_type]);
        vb_xml_attribute(writer, "device", device_words[disk->device]);
        vb_xml_open(writer, "driver");
        vb_xml_attribute(writer, "name", "qemu");
        vb_xml_attribute(writer, "type", format_words[disk->format]);
        vb_xml_close(writer);
        if (disk->source) {
                vb_xml_open(writer, "source");
                vb_xml_attribute(writer, source_attributes[disk->source_type], disk->source);
                vb_xml_close(writer);
        }
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "dev", disk->target_dev);
        vb_xml_attribute(writer, "bus", bus_words[disk->bus]);
        vb_xml_close(writer);
        if (disk->readonly)
                vb_xml_empty_element(writer, "readonly");
        vb_xml_text_element(writer, "serial", disk->serial);
}

static const char *disk_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_DISK_BUS_MAX][2] = {
                [VB_DISK_BUS_VIRTIO] = { "virtio-blk-pci", NULL },
                [VB_DISK_BUS_SCSI] = { "scsi-hd", "scsi-cd" },
                [VB_DISK_BUS_SATA] = { "ide-hd", "ide-cd" },
                [VB_DISK_BUS_IDE] = { "ide-hd", "ide-cd" },
                [VB_DISK_BUS_USB] = { "usb-storage", "usb-storage" },
        };
        const VbDisk *disk = (const VbDisk *) device;

        return drivers[disk->bus][disk->device];
}

static const gsize disk_strings[] = { G_STRUCT_OFFSET(VbDisk, source), G_STRUCT_OFFSET(VbDisk, target_dev),
                                      G_STRUCT_OFFSET(VbDisk, serial), 0 };

/* The bus that a disk's name stands for. */
static bool complete_disk(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbDisk *disk = (VbDisk *) device;

        if (disk->bus != VB_DISK_BUS_UNSET)
                return true;
        switch (disk->target_dev[0]) {
        case 'v':
                disk->bus = VB_DISK_BUS_VIRTIO;
                break;
        case 's':
                disk->bus = VB_DISK_BUS_SCSI;
                break;
        default:
                disk->bus = VB_DISK_BUS_IDE;
        }
        return true;
}

static VbPciConnect disk_pci_needs(const VbDevice *device)
{
        return ((const VbDisk *) device)->bus == VB_DISK_BUS_VIRTIO ? VB_PCI_CONNECT_PCIE_ENDPOINT : 0;
}

static VbAddressType disk_address_type(const VbDevice *device)
{
        switch (((const VbDisk *) device)->bus) {
        case VB_DISK_BUS_USB:
                return VB_ADDRESS_USB;
        case VB_DISK_BUS_SCSI:
        case VB_DISK_BUS_SATA:
        case VB_DISK_BUS_IDE:
                return VB_ADDRESS_DRIVE;
        default:
                return VB_ADDRESS_NONE;
        }
}

const VbDeviceClass vb_disk_class = {
        .element = "disk",
        .size = sizeof(VbDisk),
        .strings = disk_strings,
        .bootable = true,
        .parse = disk_parse,
        .format = disk_format,
        .driver = disk_driver,
        .complete = complete_disk,
        .pci_needs = disk_pci_needs,
        .address_type = disk_address_type,
};
