/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <disk>: its fields, XML and QEMU device types. <driver> and <iotune> are disk-driver.c, <source> is
 * storage.c, what excludes what is disk-check.c; which bus and unit a disk sits on is assign-drive.c. */
#include "conf/disk.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* These characters need no care on any way to a guest; QEMU cuts off what is too long for a kind of drive. */
#define SERIAL_LENGTH_MAX 1024
#define SERIAL_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-+. "

/* Fields of fixed width in a SCSI drive's answer to who it is. */
#define VENDOR_LENGTH_MAX 8
#define PRODUCT_LENGTH_MAX 16

#define WWN_LENGTH 16

/* "vdzzz" is disk 18,277. */
#define TARGET_LETTERS_MAX 3

static const char *const device_words[_VB_DISK_DEVICE_MAX] = {
        [VB_DISK_DISK] = "disk", [VB_DISK_CDROM] = "cdrom", [VB_DISK_FLOPPY] = "floppy", [VB_DISK_LUN] = "lun"
};
static const char *const bus_words[_VB_DISK_BUS_MAX] = {
        [VB_DISK_BUS_VIRTIO] = "virtio", [VB_DISK_BUS_SCSI] = "scsi", [VB_DISK_BUS_SATA] = "sata",
        [VB_DISK_BUS_IDE] = "ide",       [VB_DISK_BUS_FDC] = "fdc",   [VB_DISK_BUS_USB] = "usb",
        [VB_DISK_BUS_SD] = "sd",
};
static const char *const snapshot_words[] = { NULL, "no", "internal", "external", "manual" };
static const char *const tray_words[] = { "closed", "open" };
const char *const vb_disk_translation_words[] = { NULL, "auto", "none", "lba", NULL };

/* What names of disks begin with, and the bus that they stand for. Those of other hypervisors have none. */
static const struct {
        const char *prefix;
        VbDiskBus bus;
} prefixes[] = {
        { "fd", VB_DISK_BUS_FDC },    { "hd", VB_DISK_BUS_IDE },    { "sd", VB_DISK_BUS_SCSI },
        { "vd", VB_DISK_BUS_VIRTIO }, { "xvd", VB_DISK_BUS_UNSET }, { "ubd", VB_DISK_BUS_UNSET },
};

const char *vb_disk_bus_to_string(VbDiskBus bus)
{
        return bus_words[bus];
}

const char *vb_disk_device_to_string(VbDiskDevice device)
{
        return device_words[device];
}

bool vb_disk_is_removable(const VbDisk *disk)
{
        return disk->device == VB_DISK_CDROM || disk->device == VB_DISK_FLOPPY;
}

bool vb_disk_is_readonly(const VbDisk *disk)
{
        return disk->readonly || disk->device == VB_DISK_CDROM;
}

static int find_prefix(const char *target_dev)
{
        for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
                if (g_str_has_prefix(target_dev, prefixes[i].prefix))
                        return (int) i;
        return -1;
}

int vb_disk_target_index(const char *target_dev)
{
        int prefix = find_prefix(target_dev), index = 0;
        const char *letters = prefix >= 0 ? target_dev + strlen(prefixes[prefix].prefix) : "";

        if (*letters == '\0' || strlen(letters) > TARGET_LETTERS_MAX)
                return -1;
        for (const char *letter = letters; *letter != '\0'; letter++) {
                if (!g_ascii_islower(*letter))
                        return -1;
                index = index * 26 + (*letter - 'a') + 1;
        }
        return index - 1;
}

static bool parse_target(VbDisk *disk, VbXmlNode *node, GError **error)
{
        static const VbXmlField fields[] = {
                VB_XML("removable", ATTRIBUTE, SWITCH, VbDisk, removable),
                VB_XML_WITH("rotation_rate", ATTRIBUTE, NUMBER, VbDisk, rotation_rate, .min = 1,
                            .max = UINT16_MAX),
                { 0 },
        };
        int bus = disk->bus, tray = 0;
        const char *dev;

        if (!vb_xml_require_attribute(node, "dev", &dev, error) ||
            !vb_xml_take_word(node, "bus", bus_words, _VB_DISK_BUS_MAX, "uml xen", &bus, error) ||
            !vb_xml_take_word(node, "tray", tray_words, G_N_ELEMENTS(tray_words), NULL, &tray, error) ||
            !vb_xml_fields_parse(fields, node, disk, error))
                return false;
        /* What Xen's names once began with. */
        if (g_str_has_prefix(dev, "ioemu:"))
                dev += strlen("ioemu:");
        if (find_prefix(dev) < 0 || vb_disk_target_index(dev) < 0)
                return vb_xml_error(
                        node, VB_ERROR_INVALID_XML, error,
                        "dev='%s' is not fd, hd, sd or vd followed by one to %d lower-case letters", dev,
                        TARGET_LETTERS_MAX);
        disk->target_dev = g_strdup(dev);
        disk->bus = (VbDiskBus) bus;
        disk->tray_open = tray == 1;
        return true;
}

static bool check_text(VbXmlNode *node, const char *text, gsize length_max, const char *characters,
                       GError **error)
{
        gsize length = strlen(text);
        bool ok = length <= length_max;

        for (gsize i = 0; ok && i < length; i++)
                ok = characters ? strchr(characters, text[i]) != NULL : g_ascii_isprint(text[i]);
        return ok || vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not made of up to %zu %s", text,
                                  length_max,
                                  characters ? "letters, digits, spaces and '_-+.'" : "printable characters");
}

static bool parse_wwn(char **ret, VbXmlNode *node, GError **error)
{
        const char *text = vb_xml_take_text(node);
        const char *digits = g_str_has_prefix(text, "0x") ? text + 2 : text;

        if (strlen(digits) != WWN_LENGTH || strspn(digits, "0123456789abcdefABCDEF") != WWN_LENGTH)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "'%s' is not a World Wide Name of %d hexadecimal digits", text,
                                    WWN_LENGTH);
        *ret = g_strdup(digits);
        return true;
}

static bool parse_identity(VbDisk *disk, VbXmlNode *node, GError **error)
{
        const struct {
                const char *name;
                char **ret;
                gsize length_max;
                const char *characters;
        } texts[] = {
                { "serial", &disk->serial, SERIAL_LENGTH_MAX, SERIAL_CHARACTERS },
                { "vendor", &disk->vendor, VENDOR_LENGTH_MAX, NULL },
                { "product", &disk->product, PRODUCT_LENGTH_MAX, NULL },
        };
        VbXmlNode *child;

        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
                const char *text;

                child = vb_xml_take_child(node, texts[i].name);
                text = child ? vb_xml_take_text_verbatim(child) : "";
                if (!check_text(child, text, texts[i].length_max, texts[i].characters, error))
                        return false;
                if (*text != '\0')
                        *texts[i].ret = g_strdup(text);
        }
        child = vb_xml_take_child(node, "wwn");
        return !child || parse_wwn(&disk->wwn, child, error);
}

static const VbXmlField blockio_fields[] = {
        VB_XML("logical_block_size", ATTRIBUTE, NUMBER, VbDisk, logical_block_size),
        VB_XML("physical_block_size", ATTRIBUTE, NUMBER, VbDisk, physical_block_size),
        VB_XML_WITH("discard_granularity", ATTRIBUTE, NUMBER, VbDisk, discard_granularity, .max = UINT32_MAX),
        { 0 },
};

static const VbXmlField geometry_fields[] = {
        VB_XML_WITH("cyls", ATTRIBUTE, NUMBER, VbDisk, cylinders, .required = true, .min = 1,
                    .max = UINT32_MAX),
        VB_XML_WITH("heads", ATTRIBUTE, NUMBER, VbDisk, heads, .required = true, .min = 1, .max = UINT32_MAX),
        VB_XML_WITH("secs", ATTRIBUTE, NUMBER, VbDisk, sectors, .required = true, .min = 1,
                    .max = UINT32_MAX),
        VB_XML_WITH("trans", ATTRIBUTE, WORD, VbDisk, translation, .words = vb_disk_translation_words),
        { 0 },
};

static const VbXmlField transient_fields[] = {
        VB_XML("shareBacking", ATTRIBUTE, YES_NO, VbDisk, share_backing),
        { 0 },
};

static const VbXmlField backend_domain_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, STRING, VbDisk, backend_domain, .required = true),
        { 0 },
};

/* Children that hold nothing but attributes. */
static const struct {
        const char *name;
        const VbXmlField *fields;
} plain_children[] = {
        { "backenddomain", backend_domain_fields },
        { "blockio", blockio_fields },
        { "geometry", geometry_fields },
        { "transient", transient_fields },
};

static bool parse_children(VbDisk *disk, VbXmlNode *node, GError **error)
{
        VbXmlNode *child;

        for (gsize i = 0; i < G_N_ELEMENTS(plain_children); i++) {
                child = vb_xml_take_child(node, plain_children[i].name);
                if (child && !vb_xml_fields_parse(plain_children[i].fields, child, disk, error))
                        return false;
                if (child && g_str_equal(plain_children[i].name, "transient"))
                        disk->transient = true;
        }
        if (vb_xml_take_child(node, "readonly"))
                disk->readonly = true;
        if (vb_xml_take_child(node, "shareable"))
                disk->shareable = true;
        child = vb_xml_take_child(node, "iotune");
        if (child && !vb_disk_parse_tune(&disk->tune, child, error))
                return false;
        /* Tells of a job that runs, and starts none. */
        child = vb_xml_take_child(node, "mirror");
        if (child)
                g_free(vb_xml_take_verbatim(child));
        return parse_identity(disk, node, error);
}

static bool parse_attributes(VbDisk *disk, VbXmlNode *node, GError **error)
{
        static const char *const sgio_words[] = { NULL, "filtered" };
        const char *models[_VB_VIRTIO_MODEL_MAX];
        int kind = VB_DISK_DISK, model = -1, sgio = 0;

        for (int i = 0; i < _VB_VIRTIO_MODEL_MAX; i++)
                models[i] = vb_virtio_model_to_string((VbVirtioModel) i);
        if (!vb_storage_take_type(&disk->storage, node, false, error) ||
            !vb_xml_take_word(node, "device", device_words, _VB_DISK_DEVICE_MAX, NULL, &kind, error) ||
            !vb_xml_take_word(node, "model", models, _VB_VIRTIO_MODEL_MAX, NULL, &model, error) ||
            !vb_xml_take_yes_no(node, "rawio", &disk->rawio, error) ||
            !vb_xml_take_word(node, "sgio", sgio_words, G_N_ELEMENTS(sgio_words), "unfiltered", &sgio,
                              error) ||
            !vb_xml_take_word(node, "snapshot", snapshot_words, G_N_ELEMENTS(snapshot_words), NULL,
                              &disk->snapshot, error))
                return false;
        disk->device = (VbDiskDevice) kind;
        disk->has_model = model >= 0;
        disk->model = model >= 0 ? (VbVirtioModel) model : VB_VIRTIO_MODEL_DEFAULT;
        disk->sgio_filtered = sgio == 1;
        if (disk->device != VB_DISK_LUN && (disk->rawio != VB_TRISTATE_UNSET || sgio))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "rawio='' and sgio='' need device='lun'");
        return true;
}

static bool disk_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbDisk *disk = (VbDisk *) device;
        VbXmlNode *child;

        if (!parse_attributes(disk, node, error))
                return false;
        /* A volume's format is known to its pool. */
        if (disk->storage.type != VB_STORAGE_VOLUME)
                disk->storage.format = VB_FORMAT_RAW;
        child = vb_xml_take_child(node, "driver");
        if (child && !vb_disk_parse_driver(disk, child, error))
                return false;
        if (!vb_storage_parse(&disk->storage, node, error))
                return false;
        if (!disk->storage.source && !vb_disk_is_removable(disk))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<source> is missing: only a cdrom or a floppy can be without a medium");
        child = vb_xml_take_child(node, "target");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<target dev='...'/> is missing");
        if (!parse_target(disk, child, error))
                return false;
        return parse_children(disk, node, error);
}

static void format_target(const VbDisk *disk, VbXmlWriter *writer)
{
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "dev", disk->target_dev);
        vb_xml_attribute(writer, "bus", bus_words[disk->bus]);
        if (disk->tray_open)
                vb_xml_attribute(writer, "tray", "open");
        vb_xml_attribute(writer, "removable", vb_tristate_to_switch(disk->removable));
        if (disk->rotation_rate.given)
                vb_xml_attribute_number(writer, "rotation_rate", disk->rotation_rate.value);
        vb_xml_close(writer);
}

static void format_plain(const VbDisk *disk, const char *element, const VbXmlField *fields,
                         VbXmlWriter *writer)
{
        vb_xml_open(writer, element);
        vb_xml_fields_format(fields, disk, writer);
        vb_xml_close(writer);
}

static void disk_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbDisk *disk = (const VbDisk *) device;

        vb_xml_attribute(writer, "type", vb_storage_type_words[disk->storage.type]);
        vb_xml_attribute(writer, "device", device_words[disk->device]);
        if (disk->has_model)
                vb_xml_attribute(writer, "model", vb_virtio_model_to_string(disk->model));
        vb_xml_attribute(writer, "rawio", vb_tristate_to_yes_no(disk->rawio));
        vb_xml_attribute(writer, "sgio", disk->sgio_filtered ? "filtered" : NULL);
        vb_xml_attribute(writer, "snapshot", snapshot_words[disk->snapshot]);
        vb_disk_format_driver(disk, writer);
        vb_storage_format(&disk->storage, writer);
        if (disk->backend_domain)
                format_plain(disk, "backenddomain", backend_domain_fields, writer);
        if (disk->cylinders.given)
                format_plain(disk, "geometry", geometry_fields, writer);
        if (disk->logical_block_size.given || disk->physical_block_size.given ||
            disk->discard_granularity.given)
                format_plain(disk, "blockio", blockio_fields, writer);
        format_target(disk, writer);
        vb_disk_format_tune(&disk->tune, writer);
        if (disk->readonly)
                vb_xml_empty_element(writer, "readonly");
        if (disk->shareable)
                vb_xml_empty_element(writer, "shareable");
        if (disk->transient)
                format_plain(disk, "transient", transient_fields, writer);
        vb_xml_text_element(writer, "serial", disk->serial);
        vb_xml_text_element(writer, "wwn", disk->wwn);
        vb_xml_text_element(writer, "vendor", disk->vendor);
        vb_xml_text_element(writer, "product", disk->product);
}

static const char *disk_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_DISK_BUS_MAX][_VB_DISK_DEVICE_MAX] = {
                [VB_DISK_BUS_SCSI] = { [VB_DISK_DISK] = "scsi-hd",
                                       [VB_DISK_CDROM] = "scsi-cd",
                                       [VB_DISK_LUN] = "scsi-block" },
                [VB_DISK_BUS_SATA] = { [VB_DISK_DISK] = "ide-hd", [VB_DISK_CDROM] = "ide-cd" },
                [VB_DISK_BUS_IDE] = { [VB_DISK_DISK] = "ide-hd", [VB_DISK_CDROM] = "ide-cd" },
                [VB_DISK_BUS_FDC] = { [VB_DISK_FLOPPY] = "floppy" },
                [VB_DISK_BUS_USB] = { [VB_DISK_DISK] = "usb-storage", [VB_DISK_CDROM] = "usb-storage" },
                [VB_DISK_BUS_SD] = { [VB_DISK_DISK] = "sd-card" },
        };
        const VbDisk *disk = (const VbDisk *) device;

        if (disk->bus == VB_DISK_BUS_VIRTIO)
                return vb_virtio_driver(
                        device, disk->storage.type == VB_STORAGE_VHOSTUSER ? "vhost-user-blk" : "virtio-blk",
                        disk->model);
        return drivers[disk->bus][disk->device];
}

static const gsize disk_strings[] = {
        G_STRUCT_OFFSET(VbDisk, target_dev),
        G_STRUCT_OFFSET(VbDisk, serial),
        G_STRUCT_OFFSET(VbDisk, wwn),
        G_STRUCT_OFFSET(VbDisk, vendor),
        G_STRUCT_OFFSET(VbDisk, product),
        G_STRUCT_OFFSET(VbDisk, backend_domain),
        G_STRUCT_OFFSET(VbDisk, tune.group_name),
        0,
};

static void disk_clear(VbDevice *device)
{
        vb_storage_clear(&((VbDisk *) device)->storage);
}

static void disk_copy(VbDevice *copy, const VbDevice *device)
{
        vb_storage_copy(&((VbDisk *) copy)->storage);
}

/* The bus that a disk's name stands for. */
static bool complete_bus(VbDisk *disk, GError **error)
{
        int prefix = find_prefix(disk->target_dev);

        if (disk->bus != VB_DISK_BUS_UNSET)
                return true;
        disk->bus = disk->device == VB_DISK_FLOPPY ? VB_DISK_BUS_FDC : prefixes[prefix].bus;
        if (disk->bus == VB_DISK_BUS_FDC && disk->device == VB_DISK_CDROM)
                disk->bus = VB_DISK_BUS_IDE;
        return disk->bus != VB_DISK_BUS_UNSET ||
               vb_device_error(
                       &disk->base, VB_ERROR_UNSUPPORTED, error,
                       "<target dev='%s'> is a name of another hypervisor's bus, and no bus='' is given",
                       disk->target_dev);
}

static bool complete_disk(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbDisk *disk = (VbDisk *) device;

        if (disk->device == VB_DISK_CDROM)
                disk->readonly = true;
        /* An empty drive is of no type. */
        if (!disk->storage.source && !disk->storage.backing) {
                disk->storage.type = VB_STORAGE_FILE;
                disk->storage.format = VB_FORMAT_RAW;
        }
        vb_storage_complete(&disk->storage);
        return complete_bus(disk, error);
}

static VbPciConnect disk_pci_needs(const VbDevice *device)
{
        const VbDisk *disk = (const VbDisk *) device;

        return disk->bus == VB_DISK_BUS_VIRTIO ? vb_virtio_pci_needs(disk->model) : 0;
}

static VbAddressType disk_address_type(const VbDevice *device)
{
        switch (((const VbDisk *) device)->bus) {
        case VB_DISK_BUS_USB:
                return VB_ADDRESS_USB;
        case VB_DISK_BUS_SCSI:
        case VB_DISK_BUS_SATA:
        case VB_DISK_BUS_IDE:
        case VB_DISK_BUS_FDC:
                return VB_ADDRESS_DRIVE;
        default:
                return VB_ADDRESS_NONE;
        }
}

static bool disk_virtio(const VbDevice *device, struct VbVirtio *ret)
{
        const VbDisk *disk = (const VbDisk *) device;

        *ret = (struct VbVirtio){ disk->model, disk->driver.virtio };
        return disk->bus == VB_DISK_BUS_VIRTIO;
}

const VbDeviceClass vb_disk_class = {
        .element = "disk",
        .size = sizeof(VbDisk),
        .strings = disk_strings,
        .clear = disk_clear,
        .copy = disk_copy,
        .bootable = true,
        .parse = disk_parse,
        .format = disk_format,
        .driver = disk_driver,
        .complete = complete_disk,
        .pci_needs = disk_pci_needs,
        .address_type = disk_address_type,
        .virtio = disk_virtio,
};
