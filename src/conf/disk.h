/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_DISK_SOURCE_FILE, VB_DISK_SOURCE_BLOCK } VbDiskSourceType;
typedef enum { VB_DISK_DISK, VB_DISK_CDROM } VbDiskDevice;
typedef enum { VB_DISK_FORMAT_RAW, VB_DISK_FORMAT_QCOW2 } VbDiskFormat;
typedef enum {
        VB_DISK_BUS_UNSET,
        VB_DISK_BUS_VIRTIO,
        VB_DISK_BUS_SCSI,
        VB_DISK_BUS_SATA,
        VB_DISK_BUS_IDE,
        VB_DISK_BUS_USB,
        _VB_DISK_BUS_MAX,
} VbDiskBus;

/* <disk>: https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */
typedef struct {
        VbDevice base;
        VbDiskSourceType source_type;
        VbDiskDevice device;
        VbDiskFormat format; /* no <driver type> means raw: guessing would let a guest choose */
        VbDiskBus bus;
        char *source;     /* absolute path; NULL: an empty drive, cdrom only */
        char *target_dev; /* "vda": unique in a domain, gives the unit of a drive address */
        char *serial;     /* <serial>, may be NULL */
        bool readonly;
} VbDisk;

const char *vb_disk_bus_to_string(VbDiskBus bus);

/* 0 for "vda", 25 for "vdz", 26 for "vdaa"; -1 where the name has no such form. */
int vb_disk_target_index(const char *target_dev);

extern const VbDeviceClass vb_disk_class;
