/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which type of address a device takes on a machine: what its class says, and what the machine has. */
#include "conf/complete-steps.h"
#include "conf/pci.h"

static VbAddressType usual_type(const VbDevice *device)
{
        const VbDeviceClass *class = vb_device_class(device->kind);

        if (class->pci_needs && class->pci_needs(device))
                return VB_ADDRESS_PCI;
        return class->address_type ? class->address_type(device) : VB_ADDRESS_NONE;
}

/* The transports of virtio stand in for PCI. */
static bool check_transport(const VbCompletion *completion, const VbDevice *device, GError **error)
{
        static const struct {
                VbAddressType type;
                VbVirtioTransport transport;
        } transports[] = {
                { VB_ADDRESS_VIRTIO_MMIO, VB_VIRTIO_MMIO },
                { VB_ADDRESS_CCW, VB_VIRTIO_CCW },
        };
        const VbMachineFacts *machine = completion->machine;
        const char *driver = vb_device_driver(device);

        for (gsize i = 0; i < G_N_ELEMENTS(transports); i++) {
                if (device->address.type != transports[i].type)
                        continue;
                if (!vb_virtio_is_driver(driver))
                        return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                               "only virtio devices have an address of type '%s'",
                                               vb_address_type_to_string(device->address.type));
                if (machine->virtio != transports[i].transport &&
                    (transports[i].transport != VB_VIRTIO_MMIO || machine->virtio_mmio_slots == 0))
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no place for addresses of type '%s'",
                                               machine->name,
                                               vb_address_type_to_string(device->address.type));
        }
        return true;
}

static bool is_transport(VbAddressType type)
{
        return type == VB_ADDRESS_VIRTIO_MMIO || type == VB_ADDRESS_CCW;
}

bool vb_check_address_type(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbAddressType type = usual_type(device);
        VbAddress *address = &device->address;

        /* Slot 0 of the root is the machine's: written out, it has always meant "any". */
        if (type == VB_ADDRESS_PCI && address->type == VB_ADDRESS_PCI && address->pci.domain == 0 &&
            address->pci.bus == 0 && address->pci.slot == 0)
                *address = (VbAddress){ 0 };
        if (address->type == VB_ADDRESS_NONE || address->type == type)
                return true;
        if (type == VB_ADDRESS_PCI && is_transport(address->type))
                return check_transport(completion, device, error);
        if (type == VB_ADDRESS_PCI && address->type == VB_ADDRESS_UNASSIGNED &&
            g_str_equal(vb_device_kind_to_string(device->kind), "hostdev"))
                return true;
        if (type == VB_ADDRESS_NONE)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "it has no address of its own");
        return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                               "its address is of type '%s', not '%s'", vb_address_type_to_string(type),
                               vb_address_type_to_string(address->type));
}
