/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/storage.h"
#include "conf/virtio.h"
#include "util/tristate.h"

typedef enum {
        VB_HOSTDEV_PCI,
        VB_HOSTDEV_USB,
        VB_HOSTDEV_SCSI,
        VB_HOSTDEV_SCSI_HOST, /* vhost-scsi: a whole adapter */
        VB_HOSTDEV_MDEV,
        _VB_HOSTDEV_MAX
} VbHostdevType;

typedef enum { VB_MDEV_VFIO_PCI, VB_MDEV_VFIO_CCW, VB_MDEV_VFIO_AP, _VB_MDEV_MAX } VbMdevModel;
typedef enum {
        VB_GUEST_RESET_UNSET,
        VB_GUEST_RESET_OFF,
        VB_GUEST_RESET_UNINITIALIZED, /* only until it has been set up */
        VB_GUEST_RESET_ON,
        _VB_GUEST_RESET_MAX
} VbGuestReset;

/* <hostdev>: a device of the host's. Strings are NULL where not given. */
typedef struct {
        VbDevice base;
        VbHostdevType type;
        bool managed; /* the host's driver is taken off it, and put back */
        VbPciAddress pci;
        bool driver_given;   /* <driver name='vfio'/>, the only one there is */
        const char *teaming; /* a static string */
        char *teaming_persistent;
        struct {
                uint16_t vendor, product;   /* 0: not given */
                uint32_t bus, device;       /* 0: not given */
                const char *startup_policy; /* a static string */
                VbGuestReset guest_reset;
        } usb;
        struct {
                const char *sgio; /* a static string */
                VbTristate rawio;
                char *adapter; /* NULL: it is on iSCSI */
                VbDriveAddress place;
                VbStorage unit; /* on iSCSI, where there is no adapter */
                bool readonly, shareable;
        } scsi;
        char *wwpn; /* scsi_host */
        VbVirtioModel virtio_model;
        bool virtio_model_given;
        struct {
                VbMdevModel model;
                char uuid[37];
                VbTristate display, ramfb;
        } mdev;
} VbHostdev;

extern const VbDeviceClass vb_hostdev_class;

/* Where the kernel has a SCSI device with an adapter: "HOST:BUS:TARGET:UNIT". Caller frees. */
char *vb_hostdev_scsi_place(const VbHostdev *hostdev);
