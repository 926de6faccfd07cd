/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/controller.h"

/* Attributes and children that only some models take; for controller.c alone. */
typedef enum {
        VB_TAKES_CHASSIS_NR = 1 << 0,
        VB_TAKES_CHASSIS = 1 << 1, /* with port */
        VB_TAKES_BUS_NR = 1 << 2,
        VB_TAKES_NODE = 1 << 3,
        VB_TAKES_HOTPLUG = 1 << 4,
        VB_TAKES_INDEX = 1 << 5, /* in <target> */
        VB_TAKES_HOLE = 1 << 6,  /* <pcihole64> */
        VB_TAKES_PORTS = 1 << 7,
        VB_TAKES_VECTORS = 1 << 8,
        VB_TAKES_VIRTIO = 1 << 9,  /* the <driver> of all virtio devices, and their variants */
        VB_TAKES_QUEUES = 1 << 10, /* the rest of the <driver> of virtio-scsi */
        VB_TAKES_MASTER = 1 << 11, /* is a companion */
} VbControllerTakes;

unsigned vb_controller_model_takes(VbControllerModel model);

/* Hooks of the class of controllers. */
const char *vb_controller_driver(const VbDevice *device);
VbPciConnect vb_controller_pci_needs(const VbDevice *device);
VbAddressType vb_controller_address_type(const VbDevice *device);
