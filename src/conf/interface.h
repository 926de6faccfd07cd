/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_INTERFACE_USER } VbInterfaceType;

/* Models that libvirt's XML names; the QEMU device behind each is a row in interface.c. */
typedef enum {
        VB_INTERFACE_MODEL_UNSET,
        VB_INTERFACE_VIRTIO,
        VB_INTERFACE_E1000,
        VB_INTERFACE_E1000E,
        VB_INTERFACE_RTL8139,
        VB_INTERFACE_PCNET,
        VB_INTERFACE_NE2K_PCI,
        VB_INTERFACE_VMXNET3,
        VB_INTERFACE_USB_NET,
        _VB_INTERFACE_MODEL_MAX,
} VbInterfaceModel;

/* <interface>: https://libvirt.org/formatdomain.html#network-interfaces */
typedef struct {
        VbDevice base;
        VbInterfaceType type;
        VbInterfaceModel model;
        uint8_t mac[6];
        bool has_mac; /* always true after completion */
} VbInterface;

const char *vb_interface_model_to_string(VbInterfaceModel model);
const char *vb_interface_model_driver(VbInterfaceModel model); /* "virtio-net-pci" */

extern const VbDeviceClass vb_interface_class;
