/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks: the drive that a guest sees in front of its block nodes, which are argv-blockdev.c. What a guest can
 * see of it (device_id, removable, unit...) is what libvirt makes of the same XML. */
#include "conf/disk.h"

#include <string.h>

#include "qemu/argv-blockdev.h"
#include "util/error.h"

static void add_scsi_address(const VbDisk *disk, const VbController *parent, json_object *object)
{
        const VbDriveAddress *drive = &disk->base.address.drive;
        g_autofree char *bus = vb_argv_bus(parent);
        g_autofree char *id = g_strdup_printf("drive-%s", disk->base.alias);

        vb_json_set_string(object, "bus", bus);
        if (vb_controller_model_has_narrow_scsi(parent->model)) {
                /* These have no units behind their targets. */
                vb_json_set_uint(object, "scsi-id", drive->unit);
        } else {
                vb_json_set_uint(object, "channel", drive->bus);
                vb_json_set_uint(object, "scsi-id", drive->target);
                vb_json_set_uint(object, "lun", drive->unit);
        }
        /* The guest finds this text in the drive's identification page; a unit of the host's has its own. */
        if (disk->device != VB_DISK_LUN)
                vb_json_set_string(object, "device_id", disk->serial ? disk->serial : id);
}

/* A port of an AHCI controller is a bus of one, a channel of an IDE controller is one of two. */
static bool add_ata_address(const VbArgv *argv, const VbDisk *disk, const VbController *parent,
                            json_object *object, GError **error)
{
        const VbMachineFacts *machine = argv->context->machine;
        const VbDriveAddress *drive = &disk->base.address.drive;
        bool sata = parent->type == VB_CONTROLLER_SATA;
        const char *prefix = parent->base.alias;
        g_autofree char *bus = NULL;

        if (parent->base.builtin)
                prefix = sata ? machine->sata_bus : machine->ide_bus;
        if (!prefix)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, disk->base.line,
                                       "%s needs a %s controller, and the machine type %s has none built in",
                                       disk->base.alias, vb_controller_type_to_string(parent->type),
                                       machine->name);
        bus = g_strdup_printf("%s.%u", prefix, sata ? drive->unit : drive->bus);
        vb_json_set_string(object, "bus", bus);
        if (!sata)
                vb_json_set_uint(object, "unit", drive->unit);
        return true;
}

static bool add_drive_address(VbArgv *argv, const VbDisk *disk, json_object *object, GError **error)
{
        const VbController *parent = NULL;

        if (disk->base.address.type != VB_ADDRESS_DRIVE)
                return true;
        parent = vb_argv_parent(argv, &disk->base, error);
        if (!parent)
                return false;
        switch (parent->type) {
        case VB_CONTROLLER_SCSI:
                add_scsi_address(disk, parent, object);
                return true;
        case VB_CONTROLLER_FDC:
                vb_json_set_uint(object, "unit", disk->base.address.drive.unit);
                return true;
        default:
                return add_ata_address(argv, disk, parent, object, error);
        }
}

static void set_number(json_object *object, const char *key, const VbNumber *number)
{
        if (number->given)
                vb_json_set_uint(object, key, number->value);
}

static void set_virtio(const VbDisk *disk, json_object *object)
{
        const VbDiskDriver *driver = &disk->driver;

        vb_argv_set_virtio_options(object, &driver->virtio);
        vb_json_set_tristate_if(object, "ioeventfd", driver->ioeventfd);
        vb_json_set_tristate_if(object, "event_idx", driver->event_idx);
        set_number(object, "num-queues", &driver->queues);
        set_number(object, "queue-size", &driver->queue_size);
        if (driver->iothread.given) {
                g_autofree char *id = g_strdup_printf("iothread%" G_GUINT64_FORMAT, driver->iothread.value);

                vb_json_set_string(object, "iothread", id);
        }
}

static void set_errors(const VbDisk *disk, json_object *object)
{
        static const char *const words[] = { NULL, "stop", "report", "ignore", "enospc" };
        int writing = disk->driver.error_policy, reading = disk->driver.rerror_policy;

        /* What is said of writing alone holds for reading, too, where that is possible. */
        if (!reading && writing != VB_ERRORS_ENOSPACE)
                reading = writing;
        vb_json_set_string_if(object, "werror", words[writing]);
        vb_json_set_string_if(object, "rerror", words[reading]);
}

/* Whether the guest finds a drive whose cache it has to flush. */
static void set_write_cache(const VbDisk *disk, json_object *object)
{
        int cache = disk->driver.cache;
        bool through = cache == VB_CACHE_WRITETHROUGH || cache == VB_CACHE_DIRECTSYNC;
        bool shared = disk->shareable && !vb_disk_is_readonly(disk);

        if (disk->device == VB_DISK_LUN || (cache == VB_CACHE_NONE_GIVEN && !shared))
                return;
        vb_json_set_string(object, "write-cache", through ? "off" : "on");
}

static void set_geometry(const VbDisk *disk, json_object *object)
{
        set_number(object, "cyls", &disk->cylinders);
        set_number(object, "heads", &disk->heads);
        set_number(object, "secs", &disk->sectors);
        vb_json_set_string_if(object, "bios-chs-trans", vb_disk_translation_words[disk->translation]);
        set_number(object, "logical_block_size", &disk->logical_block_size);
        set_number(object, "physical_block_size", &disk->physical_block_size);
        set_number(object, "discard_granularity", &disk->discard_granularity);
        set_number(object, "rotation_rate", &disk->rotation_rate);
}

static void set_identity(const VbDisk *disk, json_object *object)
{
        vb_json_set_string_if(object, "serial", disk->serial);
        vb_json_set_string_if(object, "vendor", disk->vendor);
        vb_json_set_string_if(object, "product", disk->product);
        if (disk->wwn)
                vb_json_set_uint(object, "wwn", g_ascii_strtoull(disk->wwn, NULL, 16));
        if (disk->bus == VB_DISK_BUS_USB)
                vb_json_set_bool(object, "removable", disk->removable == VB_TRISTATE_ON);
}

/* The floppies of a machine boot by properties of their controller, not of themselves. */
static void add_floppy(VbArgv *argv, const VbDisk *disk, json_object *object)
{
        const VbDevice *parent = vb_domain_def_find_parent(argv->def, &disk->base);
        guint boot_index = GPOINTER_TO_UINT(g_hash_table_lookup(argv->boot_indexes, disk));

        if (parent && parent->builtin && boot_index > 0) {
                g_autofree char *value = g_strdup_printf(
                        "isa-fdc.bootindex%c=%u", 'A' + (int) disk->base.address.drive.unit, boot_index);

                vb_argv_add(argv, "-global", value);
        }
        vb_argv_add_json(argv, "-device", object);
}

static char *add_vhost_user(VbArgv *argv, const VbDisk *disk)
{
        const VbStorageSource *source = disk->storage.source;
        char *id = g_strdup_printf("chr-vu-%s", disk->base.alias);
        g_autofree char *path = vb_argv_quote(source->path), *quoted = vb_argv_quote(id);
        g_autoptr(GString) option = g_string_new(NULL);

        g_string_printf(option, "socket,id=%s,path=%s", quoted, path);
        if (source->reconnect && source->reconnect->enabled == VB_TRISTATE_ON)
                g_string_append_printf(option, ",reconnect=%" G_GUINT64_FORMAT,
                                       source->reconnect->timeout.value);
        vb_argv_add(argv, "-chardev", option->str);
        return id;
}

/* What the drive gets its content from, under the property that its kind has for that. */
static bool set_backend(VbArgv *argv, const VbDisk *disk, json_object *object, GError **error)
{
        g_autofree char *id = NULL;

        if (!disk->storage.source)
                return true;
        if (disk->storage.type == VB_STORAGE_VHOSTUSER) {
                id = add_vhost_user(argv, disk);
                vb_json_set_string(object, "chardev", id);
                return true;
        }
        id = vb_argv_add_block_nodes(argv, disk, error);
        if (!id)
                return false;
        vb_json_set_string(object, "drive", id);
        return true;
}

static bool build_disk(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbDisk *disk = (const VbDisk *) device;
        g_autoptr(json_object) object = vb_argv_device_new(argv, device, error);

        if (!object || !add_drive_address(argv, disk, object, error) ||
            !set_backend(argv, disk, object, error))
                return false;
        if (disk->bus == VB_DISK_BUS_VIRTIO)
                set_virtio(disk, object);
        if (disk->shareable)
                vb_json_set_bool(object, "share-rw", true);
        set_write_cache(disk, object);
        set_geometry(disk, object);
        set_identity(disk, object);
        set_errors(disk, object);
        if (disk->bus == VB_DISK_BUS_FDC)
                add_floppy(argv, disk, g_steal_pointer(&object));
        else
                vb_argv_add_device(argv, device, g_steal_pointer(&object));
        return true;
}

static bool refuse(const VbDisk *disk, GError **error, const char *what)
{
        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, disk->base.line, "%s (%s): %s", disk->base.alias,
                               disk->target_dev, what);
}

static bool check_start_storage(const VbDisk *disk, const VbStorage *storage, GError **error)
{
        const VbStorageSource *source = storage->source;

        if (!source)
                return true;
        if (storage->type == VB_STORAGE_VOLUME)
                return refuse(
                        disk, error,
                        "type='volume' names a volume of a storage pool, and there are no pools here; name "
                        "its file or device");
        if (source->path && *source->path != '/')
                return refuse(disk, error, "the path of its <source> is not absolute");
        if (storage->type == VB_STORAGE_NVME && source->managed == VB_TRISTATE_ON)
                return refuse(
                        disk, error,
                        "<source managed='yes'>: taking an NVMe controller from the host's driver is not "
                        "done here; bind it to vfio-pci and say managed='no'");
        if (source->reservations && source->reservations->managed == VB_TRISTATE_ON)
                return refuse(
                        disk, error,
                        "<reservations managed='yes'>: no qemu-pr-helper is run here; run one and name its "
                        "socket with managed='no'");
        return true;
}

/* What the host would have to provide, and nothing here does. */
static bool check_start_disk(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbDisk *disk = (const VbDisk *) device;

        for (const VbStorage *at = &disk->storage; at; at = vb_storage_next(at))
                if (!check_start_storage(disk, at, error))
                        return false;
        if (disk->transient)
                return refuse(disk, error,
                              "<transient>: no layer that is thrown away is made for a disk here");
        if (disk->rawio == VB_TRISTATE_ON)
                return refuse(disk, error, "rawio='yes': no guest is given the right to raw I/O here");
        if (disk->device == VB_DISK_LUN && vb_disk_has_tune(&disk->tune))
                return refuse(disk, error, "<iotune>: what a device='lun' is sent cannot be limited");
        return true;
}

const VbArgvClass vb_argv_disk = { .build = build_disk, .check_start = check_start_disk };
