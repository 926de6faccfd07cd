/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each kind of drive has, and what of a disk excludes what else. */
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/iothreads.h"
#include "conf/memory-backing.h"
#include "util/error.h"

/* The emulator's bounds of what it tells a guest about sectors. */
#define BLOCK_SIZE_MIN 512
#define BLOCK_SIZE_MAX (2U << 20)

enum {
        HAS_SERIAL = 1 << 0,
        HAS_WWN = 1 << 1,
        HAS_VENDOR = 1 << 2,
        HAS_ERRORS = 1 << 3,
        HAS_GEOMETRY = 1 << 4,
        HAS_TRANSLATION = 1 << 5,
        HAS_ROTATION = 1 << 6,
        HAS_BLOCK_SIZES = 1 << 7,
        HAS_CACHE = 1 << 8,
        HAS_SHARING = 1 << 9,
        HAS_REMOVABLE = 1 << 10,
        HAS_VIRTIO = 1 << 11, /* the options of virtio's own driver */
        HAS_TUNE = 1 << 12,
        HAS_LAYERS = 1 << 13, /* what is between a drive and its image */
        HAS_READONLY = 1 << 14,

        OF_IMAGES =
                HAS_ERRORS | HAS_CACHE | HAS_SHARING | HAS_TUNE | HAS_LAYERS | HAS_READONLY | HAS_BLOCK_SIZES,
};

/* Every kind of drive that there is: others exist nowhere. */
static const struct {
        VbDiskBus bus;
        VbDiskDevice device;
        unsigned has;
} kinds[] = {
        { VB_DISK_BUS_VIRTIO, VB_DISK_DISK, OF_IMAGES | HAS_SERIAL | HAS_GEOMETRY | HAS_VIRTIO },
        { VB_DISK_BUS_SCSI, VB_DISK_DISK,
          OF_IMAGES | HAS_SERIAL | HAS_WWN | HAS_VENDOR | HAS_GEOMETRY | HAS_ROTATION },
        { VB_DISK_BUS_SCSI, VB_DISK_CDROM, OF_IMAGES | HAS_SERIAL | HAS_WWN | HAS_VENDOR },
        { VB_DISK_BUS_SCSI, VB_DISK_LUN, HAS_ERRORS | HAS_CACHE | HAS_SHARING | HAS_READONLY | HAS_TUNE },
        { VB_DISK_BUS_SATA, VB_DISK_DISK,
          (OF_IMAGES & ~HAS_READONLY) | HAS_SERIAL | HAS_GEOMETRY | HAS_ROTATION },
        { VB_DISK_BUS_SATA, VB_DISK_CDROM, OF_IMAGES | HAS_SERIAL },
        { VB_DISK_BUS_IDE, VB_DISK_DISK,
          (OF_IMAGES & ~HAS_READONLY) | HAS_SERIAL | HAS_WWN | HAS_GEOMETRY | HAS_TRANSLATION |
                  HAS_ROTATION },
        { VB_DISK_BUS_IDE, VB_DISK_CDROM, OF_IMAGES | HAS_SERIAL | HAS_WWN },
        { VB_DISK_BUS_USB, VB_DISK_DISK, OF_IMAGES | HAS_SERIAL | HAS_REMOVABLE },
        { VB_DISK_BUS_USB, VB_DISK_CDROM, OF_IMAGES | HAS_SERIAL | HAS_REMOVABLE },
        { VB_DISK_BUS_FDC, VB_DISK_FLOPPY, OF_IMAGES & ~HAS_ERRORS },
        { VB_DISK_BUS_SD, VB_DISK_DISK, HAS_TUNE | HAS_LAYERS | HAS_READONLY | HAS_CACHE },
};

/* A server of its own has the image, and the emulator none of it. */
#define OF_VHOST_USER 0U

static bool refuse(const VbDisk *disk, GError **error, const char *what)
{
        return vb_device_error(&disk->base, VB_ERROR_UNSUPPORTED, error, "%s: %s", disk->target_dev, what);
}

static bool find_kind(const VbDisk *disk, unsigned *ret, GError **error)
{
        for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
                if (kinds[i].bus == disk->bus && kinds[i].device == disk->device) {
                        *ret = disk->storage.type == VB_STORAGE_VHOSTUSER ? OF_VHOST_USER : kinds[i].has;
                        return true;
                }
        if (disk->bus == VB_DISK_BUS_VIRTIO && disk->device == VB_DISK_LUN)
                return refuse(
                        disk, error,
                        "device='lun' on the virtio bus needs virtio before version 1, which QEMU's devices "
                        "have left; use the scsi bus");
        return vb_device_error(&disk->base, VB_ERROR_UNSUPPORTED, error,
                               "%s: there is no device='%s' on the %s bus", disk->target_dev,
                               vb_disk_device_to_string(disk->device), vb_disk_bus_to_string(disk->bus));
}

static bool has_tristate(VbTristate value)
{
        return value != VB_TRISTATE_UNSET;
}

/* What is given, under the name by which it is refused where a drive does not have it. */
static bool check_has(const VbDisk *disk, unsigned has, GError **error)
{
        const VbDiskDriver *driver = &disk->driver;
        const struct {
                bool given;
                unsigned flag;
                const char *name;
        } given[] = {
                { disk->serial, HAS_SERIAL, "<serial>" },
                { disk->wwn, HAS_WWN, "<wwn>" },
                { disk->vendor, HAS_VENDOR, "<vendor>" },
                { disk->product, HAS_VENDOR, "<product>" },
                { driver->error_policy, HAS_ERRORS, "<driver error_policy>" },
                { driver->rerror_policy, HAS_ERRORS, "<driver rerror_policy>" },
                { disk->cylinders.given, HAS_GEOMETRY, "<geometry>" },
                { disk->translation, HAS_TRANSLATION, "<geometry trans>" },
                { disk->rotation_rate.given, HAS_ROTATION, "<target rotation_rate>" },
                { disk->logical_block_size.given, HAS_BLOCK_SIZES, "<blockio logical_block_size>" },
                { disk->physical_block_size.given, HAS_BLOCK_SIZES, "<blockio physical_block_size>" },
                { disk->discard_granularity.given, HAS_BLOCK_SIZES, "<blockio discard_granularity>" },
                { driver->cache, HAS_CACHE, "<driver cache>" },
                { disk->shareable, HAS_SHARING, "<shareable>" },
                { has_tristate(disk->removable), HAS_REMOVABLE, "<target removable>" },
                { vb_disk_has_tune(&disk->tune), HAS_TUNE, "<iotune>" },
                { driver->copy_on_read == VB_TRISTATE_ON, HAS_LAYERS, "<driver copy_on_read>" },
                { driver->io, HAS_CACHE, "<driver io>" },
                { driver->discard, HAS_CACHE, "<driver discard>" },
                { driver->detect_zeroes, HAS_CACHE, "<driver detect_zeroes>" },
                { disk->readonly, HAS_READONLY, "<readonly>" },
                { disk->transient, HAS_LAYERS, "<transient>" },
                { driver->iothread.given, HAS_VIRTIO, "<driver iothread>" },
                { has_tristate(driver->ioeventfd), HAS_VIRTIO, "<driver ioeventfd>" },
                { disk->has_model && disk->bus != VB_DISK_BUS_VIRTIO, HAS_VIRTIO, "model=''" },
                { driver->queues.given && disk->bus != VB_DISK_BUS_VIRTIO, HAS_VIRTIO, "<driver queues>" },
                { driver->queue_size.given && disk->bus != VB_DISK_BUS_VIRTIO, HAS_VIRTIO,
                  "<driver queue_size>" },
                { has_tristate(driver->event_idx) && disk->bus != VB_DISK_BUS_VIRTIO, HAS_VIRTIO,
                  "<driver event_idx>" },
                { vb_virtio_options_is_set(&driver->virtio) && disk->bus != VB_DISK_BUS_VIRTIO, HAS_VIRTIO,
                  "<driver iommu, ats, packed or page_per_vq>" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(given); i++)
                if (given[i].given && !(has & given[i].flag))
                        return vb_device_error(&disk->base, VB_ERROR_UNSUPPORTED, error,
                                               "%s: a %s%s on the %s bus has no %s", disk->target_dev,
                                               disk->storage.type == VB_STORAGE_VHOSTUSER ? "vhostuser " : "",
                                               vb_disk_device_to_string(disk->device),
                                               vb_disk_bus_to_string(disk->bus), given[i].name);
        return true;
}

static bool is_block_size(const VbNumber *size)
{
        return !size->given || (size->value >= BLOCK_SIZE_MIN && size->value <= BLOCK_SIZE_MAX &&
                                (size->value & (size->value - 1)) == 0);
}

static bool check_block_sizes(const VbDisk *disk, GError **error)
{
        uint64_t logical = disk->logical_block_size.given ? disk->logical_block_size.value : BLOCK_SIZE_MIN;

        if (!is_block_size(&disk->logical_block_size) || !is_block_size(&disk->physical_block_size))
                return vb_device_error(&disk->base, VB_ERROR_INVALID_XML, error,
                                       "%s: <blockio>: the size of a block is a power of two from %d to %u",
                                       disk->target_dev, BLOCK_SIZE_MIN, BLOCK_SIZE_MAX);
        if (disk->physical_block_size.given && disk->physical_block_size.value < logical)
                return refuse(disk, error, "<blockio>: a physical block is no smaller than a logical one");
        if ((disk->bus == VB_DISK_BUS_IDE || disk->bus == VB_DISK_BUS_SATA) && disk->device == VB_DISK_DISK &&
            logical != BLOCK_SIZE_MIN)
                return refuse(disk, error, "<blockio>: logical blocks of IDE and SATA disks have 512 bytes");
        return true;
}

static bool check_storage(const VbDisk *disk, GError **error)
{
        const VbStorage *storage = &disk->storage;
        const VbStorageSource *source = storage->source;

        if (storage->type == VB_STORAGE_DIR && storage->format != VB_FORMAT_FAT && source)
                return refuse(disk, error, "type='dir' needs <driver type='fat'/>");
        if (storage->format == VB_FORMAT_FAT && storage->type != VB_STORAGE_DIR)
                return refuse(disk, error, "<driver type='fat'> is for type='dir'");
        if (storage->type == VB_STORAGE_DIR && source && !vb_disk_is_readonly(disk))
                return refuse(disk, error, "a folder is shown as a disk only with <readonly/>");
        if (storage->type == VB_STORAGE_VHOSTUSER && disk->bus != VB_DISK_BUS_VIRTIO)
                return refuse(disk, error, "type='vhostuser' is for the virtio bus only");
        if (storage->type == VB_STORAGE_VHOSTUSER && storage->format != VB_FORMAT_RAW)
                return refuse(disk, error, "type='vhostuser' has the format raw");
        if (storage->type == VB_STORAGE_VHOSTUSER && disk->snapshot > 1)
                return refuse(disk, error, "type='vhostuser' can have snapshot='no' only");
        if (source && source->startup_policy == VB_STARTUP_REQUISITE && !vb_disk_is_removable(disk))
                return refuse(disk, error, "<source startupPolicy='requisite'> is for cdroms and floppies");
        if (source && source->reservations && disk->device != VB_DISK_LUN)
                return refuse(disk, error, "<reservations> are for device='lun'");
        for (const VbStorage *at = vb_storage_next(storage); at; at = vb_storage_next(at))
                if (at->type == VB_STORAGE_VHOSTUSER || at->type == VB_STORAGE_DIR ||
                    at->source->reservations)
                        return refuse(disk, error,
                                      "<backingStore> is a file, a block device, a volume or on a network");
        return true;
}

static bool check_lun(const VbDisk *disk, GError **error)
{
        const VbStorage *storage = &disk->storage;

        if (disk->device != VB_DISK_LUN)
                return true;
        if (storage->type != VB_STORAGE_BLOCK && storage->type != VB_STORAGE_VOLUME &&
            !(storage->type == VB_STORAGE_NETWORK && storage->source->protocol == VB_PROTOCOL_ISCSI))
                return refuse(disk, error, "device='lun' needs a block device or iscsi");
        if (storage->format != VB_FORMAT_RAW && storage->format != VB_FORMAT_NONE)
                return refuse(disk, error, "device='lun' has the format raw");
        return true;
}

static bool check_combinations(const VbDisk *disk, GError **error)
{
        if (disk->driver.copy_on_read == VB_TRISTATE_ON && vb_disk_is_readonly(disk))
                return refuse(disk, error, "<driver copy_on_read='on'> of a disk that is not written to");
        if (disk->shareable && disk->storage.format != VB_FORMAT_RAW &&
            disk->storage.format != VB_FORMAT_NONE)
                return refuse(disk, error, "<shareable> needs the format raw: others are one writer's");
        if (disk->transient && (vb_disk_is_removable(disk) || disk->readonly))
                return refuse(disk, error, "<transient> of a disk that is not written to");
        if (disk->tray_open && !vb_disk_is_removable(disk))
                return refuse(disk, error, "<target tray=''> is for cdroms and floppies");
        if (disk->driver.detect_zeroes == VB_ZEROES_UNMAP && disk->storage.type == VB_STORAGE_DIR)
                return refuse(disk, error, "<driver detect_zeroes='unmap'> of what is not written to");
        if (disk->driver.queue_size.given &&
            (disk->driver.queue_size.value & (disk->driver.queue_size.value - 1)) != 0)
                return refuse(disk, error, "<driver queue_size=''> is a power of two");
        /* A USB drive is there with its medium, or it is not there. */
        if (disk->bus == VB_DISK_BUS_USB && !disk->storage.source)
                return refuse(disk, error, "a cdrom on the usb bus cannot be empty");
        return true;
}

/* The emulator's own rules for limits. */
static bool check_tune(const VbDisk *disk, GError **error)
{
        const VbIoTune *tune = &disk->tune;
        bool iops = false;

        for (int i = 0; i < _VB_TUNE_MAX; i++) {
                iops = iops || (i >= VB_TUNE_IOPS_TOTAL && tune->limit[i].given);
                if (tune->burst[i].given && !tune->limit[i].given)
                        return refuse(disk, error, "<iotune>: a _max without the limit that it exceeds");
                if (tune->burst[i].given && tune->burst[i].value < tune->limit[i].value)
                        return refuse(disk, error, "<iotune>: a _max is no less than the limit");
                if (tune->burst_length[i].given && !tune->burst[i].given)
                        return refuse(disk, error, "<iotune>: a _max_length without its _max");
        }
        return !tune->iops_size.given || iops ||
               refuse(disk, error, "<iotune>: size_iops_sec without a limit of iops");
}

static bool is_same_tune(const VbIoTune *a, const VbIoTune *b)
{
        for (int i = 0; i < _VB_TUNE_MAX; i++)
                if (a->limit[i].value != b->limit[i].value || a->burst[i].value != b->burst[i].value ||
                    a->burst_length[i].value != b->burst_length[i].value)
                        return false;
        return a->iops_size.value == b->iops_size.value;
}

static bool check_others(const VbDomainDef *def, const VbDisk *disk, guint index, GError **error)
{
        for (guint i = 0; i < index; i++) {
                const VbDisk *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind != VB_DEVICE_DISK)
                        continue;
                if (g_str_equal(other->target_dev, disk->target_dev))
                        return vb_device_error(&disk->base, VB_ERROR_INVALID_XML, error,
                                               "another disk has the target dev='%s' too", disk->target_dev);
                if (disk->tune.group_name && g_strcmp0(other->tune.group_name, disk->tune.group_name) == 0 &&
                    !is_same_tune(&disk->tune, &other->tune))
                        return vb_device_error(&disk->base, VB_ERROR_INVALID_XML, error,
                                               "%s and %s are of the group '%s', and their <iotune> differs",
                                               disk->target_dev, other->target_dev, disk->tune.group_name);
        }
        return true;
}

static bool check_name(const VbDisk *disk, GError **error)
{
        bool is_floppy_name = g_str_has_prefix(disk->target_dev, "fd");

        if (disk->device == VB_DISK_FLOPPY && !is_floppy_name)
                return vb_device_error(&disk->base, VB_ERROR_INVALID_XML, error,
                                       "<target dev='%s'>: floppies are fda and fdb", disk->target_dev);
        if ((disk->device == VB_DISK_DISK || disk->device == VB_DISK_LUN) && is_floppy_name)
                return vb_device_error(&disk->base, VB_ERROR_INVALID_XML, error,
                                       "<target dev='%s'> is a floppy's name", disk->target_dev);
        return true;
}

/* What a disk takes of the domain. */
static bool check_domain(const VbDomainDef *def, const VbDisk *disk, GError **error)
{
        const VbNumber *thread = &disk->driver.iothread;

        if (thread->given && !vb_iothreads_find(def->iothreads, (uint32_t) thread->value))
                return vb_device_error(&disk->base, VB_ERROR_INVALID_XML, error,
                                       "%s: <driver iothread='%" G_GUINT64_FORMAT
                                       "'>: <iothreads> and <iothreadids> have no such thread",
                                       disk->target_dev, thread->value);
        if (disk->storage.type == VB_STORAGE_VHOSTUSER && !vb_memory_is_shared(def))
                return refuse(disk, error,
                              "type='vhostuser' needs memory that its server can see: <memoryBacking> with "
                              "<source type='memfd'/> and <access mode='shared'/>");
        return true;
}

bool vb_disk_check(VbCompletion *completion, const VbDisk *disk, guint index, GError **error)
{
        unsigned has = 0;

        return check_name(disk, error) && find_kind(disk, &has, error) && check_lun(disk, error) &&
               check_storage(disk, error) && check_has(disk, has, error) && check_block_sizes(disk, error) &&
               check_combinations(disk, error) && check_tune(disk, error) &&
               check_domain(completion->def, disk, error) &&
               check_others(completion->def, disk, index, error);
}
