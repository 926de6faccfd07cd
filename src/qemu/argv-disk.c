/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks: two block nodes, one that stores and one that understands the format, and the drive in front of
 * them. What a guest can see of it (device_id, removable, unit...) is what libvirt makes of the same XML. */
#include "conf/disk.h"

#include "qemu/argv-builder.h"
#include "util/error.h"

/* Block node names have at most 31 characters. */
#define NODE_ALIAS_MAX 20

static const char *const format_drivers[] = {
        [VB_DISK_FORMAT_RAW] = "raw",
        [VB_DISK_FORMAT_QCOW2] = "qcow2",
};

static const char *const source_drivers[] = {
        [VB_DISK_SOURCE_FILE] = "file",
        [VB_DISK_SOURCE_BLOCK] = "host_device",
};

static char *node_name(const VbDevice *device, const char *layer)
{
        g_autofree char *digest = NULL;

        if (strlen(device->alias) <= NODE_ALIAS_MAX)
                return g_strdup_printf("%s-%s", device->alias, layer);
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, device->alias, -1);
        return g_strdup_printf("node-%.12s-%s", digest, layer);
}

/* Without "locking", files are locked wherever the kernel has open file description locks. */
static char *add_nodes(VbArgv *argv, const VbDisk *disk)
{
        g_autofree char *storage_name = node_name(&disk->base, "storage");
        char *format_name = node_name(&disk->base, "format");
        json_object *storage = json_object_new_object();
        json_object *format = json_object_new_object();

        vb_json_set_string(storage, "driver", source_drivers[disk->source_type]);
        vb_json_set_string(storage, "filename", disk->source);
        vb_json_set_string(storage, "node-name", storage_name);
        vb_json_set_bool(storage, "auto-read-only", true);
        vb_json_set_string(storage, "discard", "unmap");
        vb_argv_add_json(argv, "-blockdev", storage);

        vb_json_set_string(format, "node-name", format_name);
        vb_json_set_bool(format, "read-only", disk->readonly || disk->device == VB_DISK_CDROM);
        vb_json_set_string(format, "driver", format_drivers[disk->format]);
        vb_json_set_string(format, "file", storage_name);
        vb_argv_add_json(argv, "-blockdev", format);
        return format_name;
}

static void add_scsi_address(const VbDisk *disk, const VbController *parent, json_object *object)
{
        const VbDriveAddress *drive = &disk->base.address.drive;
        g_autofree char *bus = vb_argv_bus(parent);
        g_autofree char *id = g_strdup_printf("drive-%s", disk->base.alias);

        vb_json_set_string(object, "bus", bus);
        if (parent->model == VB_SCSI_LSILOGIC) {
                /* This one has no units behind its targets. */
                vb_json_set_uint(object, "scsi-id", drive->unit);
        } else {
                vb_json_set_uint(object, "channel", drive->bus);
                vb_json_set_uint(object, "scsi-id", drive->target);
                vb_json_set_uint(object, "lun", drive->unit);
        }
        /* The guest finds this text in the drive's identification page. */
        vb_json_set_string(object, "device_id", id);
}

static bool add_drive_address(VbArgv *argv, const VbDisk *disk, json_object *object, GError **error)
{
        const VbMachineFacts *machine = argv->context->machine;
        const VbDriveAddress *drive = &disk->base.address.drive;
        const VbController *parent = NULL;
        g_autofree char *bus = NULL;
        const char *prefix = NULL;

        if (disk->base.address.type != VB_ADDRESS_DRIVE)
                return true;
        parent = vb_argv_parent(argv, &disk->base, error);
        if (!parent)
                return false;
        if (parent->type == VB_CONTROLLER_SCSI) {
                add_scsi_address(disk, parent, object);
                return true;
        }
        prefix = parent->base.alias;
        if (parent->base.builtin)
                prefix = parent->type == VB_CONTROLLER_SATA ? machine->sata_bus : machine->ide_bus;
        if (!prefix)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, disk->base.line,
                                       "%s needs a %s controller, and the machine type %s has none built in",
                                       disk->base.alias, vb_controller_type_to_string(parent->type),
                                       machine->name);
        if (parent->type == VB_CONTROLLER_SATA) {
                /* A port of an AHCI controller is a bus of one. */
                bus = g_strdup_printf("%s.%u", prefix, drive->unit);
                vb_json_set_string(object, "bus", bus);
        } else {
                bus = g_strdup_printf("%s.%u", prefix, drive->bus);
                vb_json_set_string(object, "bus", bus);
                vb_json_set_uint(object, "unit", drive->unit);
        }
        return true;
}

static bool build_disk(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbDisk *disk = (const VbDisk *) device;
        json_object *object = vb_argv_device_new(argv, device, error);

        if (!object)
                return false;
        if (!add_drive_address(argv, disk, object, error)) {
                json_object_put(object);
                return false;
        }
        if (disk->source) {
                g_autofree char *node = add_nodes(argv, disk);

                vb_json_set_string(object, "drive", node);
        }
        if (disk->bus == VB_DISK_BUS_USB)
                vb_json_set_bool(object, "removable", false);
        vb_json_set_string_if(object, "serial", disk->serial);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_disk = { .build = build_disk };
