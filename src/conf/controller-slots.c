/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is plugged into a controller, what still fits, and what can come and go while the guest runs. */
#include "conf/pci.h"
#include "conf/usb.h"

/* Places of a controller that is no pci controller: units, ports or targets. */
static uint32_t places(const VbController *controller)
{
        static const uint32_t scsi[_VB_CONTROLLER_MODEL_MAX] = {
                [VB_SCSI_VIRTIO] = 256, [VB_SCSI_LSILOGIC] = 8,  [VB_SCSI_MPTSAS1068] = 8,
                [VB_SCSI_MEGASAS] = 64, [VB_SCSI_PVSCSI] = 64,   [VB_SCSI_AM53C974] = 8,
                [VB_SCSI_DC390] = 8,    [VB_SCSI_IBMVSCSI] = 64,
        };

        switch (controller->type) {
        case VB_CONTROLLER_USB:
                return vb_usb_ports(controller);
        case VB_CONTROLLER_SCSI:
                return scsi[controller->model];
        case VB_CONTROLLER_SATA:
                return 6;
        case VB_CONTROLLER_IDE:
                return 4;
        case VB_CONTROLLER_FDC:
                return 2;
        case VB_CONTROLLER_VIRTIO_SERIAL:
                return controller->ports > 0 ? (uint32_t) controller->ports : 31;
        case VB_CONTROLLER_CCID:
                return 1;
        case VB_CONTROLLER_PCI:
        case _VB_CONTROLLER_MAX:
                break;
        }
        return 0;
}

/* Devices behind @controller; of PCI devices, the slots that have any. A target of virtio-scsi is counted
 * once, whatever its units. */
static uint32_t places_in_use(const VbDomainDef *def, const VbController *controller)
{
        uint32_t slots = 0, count = 0;
        uint64_t targets[4] = { 0 };

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (vb_domain_def_find_parent(def, device) != &controller->base)
                        continue;
                if (device->address.type == VB_ADDRESS_PCI) {
                        slots |= 1U << device->address.pci.slot;
                } else if (controller->model == VB_SCSI_VIRTIO) {
                        uint32_t target = device->address.drive.target & 255;

                        if (!(targets[target / 64] & (1ULL << (target % 64))))
                                count++;
                        targets[target / 64] |= 1ULL << (target % 64);
                } else {
                        count++;
                }
        }
        return count + (uint32_t) __builtin_popcount(slots);
}

void vb_controller_slots(const VbDomainDef *def, const VbController *controller, uint32_t *ret_total,
                         uint32_t *ret_free)
{
        const VbPciBusKind *kind = vb_pci_bus_kind(controller->model);
        uint32_t total, used = places_in_use(def, controller);

        total = kind ? (uint32_t) (kind->max_slot - kind->min_slot + 1) : places(controller);
        *ret_total = total;
        *ret_free = total > used ? total - used : 0;
}

bool vb_controller_accepts_hotplug(const VbDomainDef *def, const VbController *controller)
{
        const VbPciBusKind *kind = vb_pci_bus_kind(controller->model);

        switch (controller->type) {
        case VB_CONTROLLER_PCI:
                return kind && kind->accepts & VB_PCI_CONNECT_HOTPLUG &&
                       controller->target.hotplug != VB_TRISTATE_OFF;
        case VB_CONTROLLER_USB:
                return vb_usb_ports(controller) > 0;
        case VB_CONTROLLER_SCSI:
        case VB_CONTROLLER_VIRTIO_SERIAL:
        case VB_CONTROLLER_CCID:
                return true;
        case VB_CONTROLLER_SATA:
        case VB_CONTROLLER_IDE:
        case VB_CONTROLLER_FDC:
        case _VB_CONTROLLER_MAX:
                break;
        }
        return false;
}

bool vb_device_is_removable(const VbDomainDef *def, const VbDevice *device)
{
        const VbDevice *parent = vb_domain_def_find_parent(def, device);

        if (device->builtin || !parent || !vb_controller_accepts_hotplug(def, (const VbController *) parent))
                return false;
        /* Of a slot that several share, none goes alone. */
        if (device->address.type == VB_ADDRESS_PCI &&
            (device->address.pci.function != 0 || device->address.pci.multifunction == VB_TRISTATE_ON))
                return false;
        /* Firmware and guests expect these to stay. */
        if (device->kind == VB_DEVICE_VIDEO)
                return false;
        return device->kind != VB_DEVICE_CONTROLLER ||
               ((const VbController *) device)->type != VB_CONTROLLER_PCI ||
               !vb_pci_bus_kind(((const VbController *) device)->model);
}
