/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/controller.h"
#include "conf/domain-def.h"

/* One kind of PCI bus: what a pci controller of a model offers behind it, and what it needs itself. */
typedef struct {
        VbPciConnect accepts; /* with HOTPLUG where devices can come and go */
        VbPciConnect needs;   /* 0: plugged into nothing, a root */
        uint8_t min_slot, max_slot;
        bool automatic;   /* completion may put an endpoint here; others only where the XML says so */
        bool shares_slot; /* completion packs several into one slot, a function each */
} VbPciBusKind;

#define VB_PCI_SLOTS 32
#define VB_PCI_FUNCTIONS 8

/* NULL for models that are no pci controllers. */
const VbPciBusKind *vb_pci_bus_kind(VbControllerModel model);
/* In words, for messages: "a PCI Express device". */
const char *vb_pci_connect_name(VbPciConnect need);

/* What a device needs on a machine whose root is PCI Express, or is not. 0 if it is not a PCI device. */
VbPciConnect vb_pci_needs(const VbDevice *device, bool express);
/* Whether the root of the definition is PCI Express. */
bool vb_pci_is_express(const VbDomainDef *def);

/* What @device needs; 0 if it is not a PCI device. */
VbPciConnect vb_pci_device_needs(const VbDomainDef *def, const VbDevice *device);

/* How many slots the bus behind @controller has that a device can use, and how many are free. 0 for
 * controllers that have no PCI bus. Other controllers count ports (usb, virtio-serial), units (sata, ide) or
 * targets (scsi). */
void vb_controller_slots(const VbDomainDef *def, const VbController *controller, uint32_t *ret_total,
                         uint32_t *ret_free);

/* Whether a device can be plugged behind @controller, or @device be unplugged, while the guest runs. */
bool vb_controller_accepts_hotplug(const VbDomainDef *def, const VbController *controller);
bool vb_device_is_removable(const VbDomainDef *def, const VbDevice *device);
