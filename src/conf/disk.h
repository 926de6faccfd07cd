/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/storage.h"
#include "conf/virtio.h"

typedef enum { VB_DISK_DISK, VB_DISK_CDROM, VB_DISK_FLOPPY, VB_DISK_LUN, _VB_DISK_DEVICE_MAX } VbDiskDevice;
typedef enum {
        VB_DISK_BUS_UNSET,
        VB_DISK_BUS_VIRTIO,
        VB_DISK_BUS_SCSI,
        VB_DISK_BUS_SATA,
        VB_DISK_BUS_IDE,
        VB_DISK_BUS_FDC,
        VB_DISK_BUS_USB,
        VB_DISK_BUS_SD,
        _VB_DISK_BUS_MAX,
} VbDiskBus;

/* 0 of every enum stands for what is not given. */
typedef enum {
        VB_CACHE_NONE_GIVEN,
        VB_CACHE_NONE,
        VB_CACHE_WRITEBACK,
        VB_CACHE_WRITETHROUGH,
        VB_CACHE_DIRECTSYNC,
        VB_CACHE_UNSAFE,
} VbDiskCache;
typedef enum { VB_IO_NONE, VB_IO_THREADS, VB_IO_NATIVE, VB_IO_URING } VbDiskIo;
typedef enum {
        VB_ERRORS_NONE,
        VB_ERRORS_STOP,
        VB_ERRORS_REPORT,
        VB_ERRORS_IGNORE,
        VB_ERRORS_ENOSPACE, /* of writing only */
} VbDiskErrors;
typedef enum { VB_DISCARD_NONE, VB_DISCARD_UNMAP, VB_DISCARD_IGNORE } VbDiskDiscard;
typedef enum { VB_ZEROES_NONE, VB_ZEROES_OFF, VB_ZEROES_ON, VB_ZEROES_UNMAP } VbDiskZeroes;

/* <driver>: how the emulator goes about it. The format is the storage's. */
typedef struct {
        int cache, io, error_policy, rerror_policy, discard, detect_zeroes; /* the enums above */
        VbTristate ioeventfd, event_idx, copy_on_read;
        VbNumber iothread, queues, queue_size;
        VbVirtioOptions virtio;
} VbDiskDriver;

/* <iotune>: limits of transfers a second, of bursts, and of bursts' seconds. */
typedef enum {
        VB_TUNE_BYTES_TOTAL,
        VB_TUNE_BYTES_READ,
        VB_TUNE_BYTES_WRITE,
        VB_TUNE_IOPS_TOTAL,
        VB_TUNE_IOPS_READ,
        VB_TUNE_IOPS_WRITE,
        _VB_TUNE_MAX,
} VbTuneKind;

typedef struct {
        VbNumber limit[_VB_TUNE_MAX], burst[_VB_TUNE_MAX], burst_length[_VB_TUNE_MAX];
        VbNumber iops_size;
        char *group_name;
} VbIoTune;

/* <disk>: https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */
typedef struct {
        VbDevice base;
        VbDiskDevice device;
        VbDiskBus bus;
        VbVirtioModel model;
        bool has_model; /* <disk model=''> is given */
        int snapshot;   /* what snapshots of the domain do with it, an index of the XML's words */
        VbTristate rawio;
        bool sgio_filtered;
        VbStorage storage; /* no format is raw: guessing would let a guest choose */
        VbDiskDriver driver;
        VbIoTune tune;
        char *target_dev; /* "vda": unique in a domain, gives the unit of a drive address */
        bool tray_open;
        VbTristate removable; /* what a USB drive tells the guest */
        VbNumber rotation_rate;
        VbNumber logical_block_size, physical_block_size, discard_granularity;
        VbNumber cylinders, heads, sectors;
        int translation; /* of the three above, an index of the XML's words */
        char *serial, *wwn, *vendor, *product;
        char *backend_domain;
        bool readonly, shareable, transient;
        VbTristate share_backing; /* of a transient disk */
} VbDisk;

extern const char *const vb_disk_translation_words[];

const char *vb_disk_bus_to_string(VbDiskBus bus);
const char *vb_disk_device_to_string(VbDiskDevice device);

/* 0 for "vda", 25 for "vdz", 26 for "vdaa"; -1 where the name has no such form. */
int vb_disk_target_index(const char *target_dev);

/* Whether a medium can come and go. */
bool vb_disk_is_removable(const VbDisk *disk);

/* The image is not written to. */
bool vb_disk_is_readonly(const VbDisk *disk);

/* disk-driver.c */
bool vb_disk_parse_driver(VbDisk *disk, VbXmlNode *node, GError **error);
void vb_disk_format_driver(const VbDisk *disk, VbXmlWriter *writer);
bool vb_disk_parse_tune(VbIoTune *tune, VbXmlNode *node, GError **error);
void vb_disk_format_tune(const VbIoTune *tune, VbXmlWriter *writer);
bool vb_disk_has_tune(const VbIoTune *tune);

/* disk-check.c: what QEMU's drives of each kind have, and what excludes what. */
bool vb_disk_check(VbCompletion *completion, const VbDisk *disk, guint index, GError **error);

extern const VbDeviceClass vb_disk_class;
