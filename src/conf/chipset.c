/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places on PCI bus 0 that a device has by custom, as the chip sets have them that QEMU copies and as libvirt
 * keeps them. Which chip set it is, is told by the classes of the machine's own functions, never by a name.
 */
#include "conf/chipset.h"

#include "conf/sound.h"
#include "conf/video.h"
#include "util/error.h"

/* The PIIX: ISA bridge, IDE and USB are functions 0, 1 and 2 of one slot. */
#define PIIX_USB_FUNCTION 2
/* The ICH9, whose LPC bridge and SATA share the last slot: USB 2.0 in either of these, the old PCI bridge
 * below. */
static const uint8_t ich9_usb_slots[] = { 0x1d, 0x1a };
#define ICH9_SOUND_SLOT 0x1b
#define ICH9_PCI_BRIDGE_SLOT 0x1e

/* The slot that has built-in functions of both classes, -1 if there is none. */
static int shared_slot(const VbMachineFacts *machine, uint16_t a, uint16_t b)
{
        const VbBuiltinPci *first = vb_machine_facts_find_class(machine, a);
        const VbBuiltinPci *second = vb_machine_facts_find_class(machine, b);

        return first && second && first->slot == second->slot ? first->slot : -1;
}

static int piix_slot(const VbMachineFacts *machine)
{
        return shared_slot(machine, VB_PCI_CLASS_ISA_BRIDGE, VB_PCI_CLASS_IDE);
}

bool vb_chipset_is_ich9(const VbMachineFacts *machine)
{
        return machine->root_bus == VB_ROOT_BUS_PCIE &&
               shared_slot(machine, VB_PCI_CLASS_ISA_BRIDGE, VB_PCI_CLASS_SATA) >= 0;
}

void vb_chipset_block(const VbMachineFacts *machine, VbPciTopology *topology)
{
        for (guint i = 0; i < machine->builtin_pci->len; i++) {
                const VbBuiltinPci *builtin = &g_array_index(machine->builtin_pci, VbBuiltinPci, i);

                vb_pci_topology_block(topology, builtin->slot, builtin->function);
        }
}

static bool place_at(VbController *controller, uint8_t slot, uint8_t function, GError **error)
{
        VbAddress place = { .type = VB_ADDRESS_PCI, .pci = { .slot = slot, .function = function } };
        VbAddress *address = &controller->base.address;

        if (address->type == VB_ADDRESS_NONE)
                *address = place;
        if (!vb_address_equal(address, &place))
                return vb_device_error(&controller->base, VB_ERROR_INVALID_ADDRESS, error,
                                       "it is part of the machine, at 0000:00:%02x.%x", slot, function);
        return true;
}

bool vb_chipset_place_builtin(VbCompletion *completion, GError **error)
{
        static const struct {
                VbControllerType type;
                uint16_t class_code;
        } parts[] = {
                { VB_CONTROLLER_SATA, VB_PCI_CLASS_SATA },
                { VB_CONTROLLER_IDE, VB_PCI_CLASS_IDE },
        };
        VbController *controller;
        int slot;

        for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
                const VbBuiltinPci *builtin =
                        vb_machine_facts_find_class(completion->machine, parts[i].class_code);

                controller = vb_domain_def_find_controller(completion->def, parts[i].type, 0);
                if (builtin && controller && controller->base.builtin &&
                    !place_at(controller, builtin->slot, builtin->function, error))
                        return false;
        }
        slot = piix_slot(completion->machine);
        controller = vb_domain_def_find_controller(completion->def, VB_CONTROLLER_USB, 0);
        return slot < 0 || !controller || controller->model != VB_USB_PIIX3_UHCI ||
               place_at(controller, (uint8_t) slot, PIIX_USB_FUNCTION, error);
}

static bool try_slot(VbDevice *device, VbPciTopology *topology, uint8_t slot)
{
        if (vb_pci_topology_slot_in_use(topology, 0, slot))
                return false;
        device->address = (VbAddress){ .type = VB_ADDRESS_PCI, .pci = { .slot = slot } };
        vb_pci_topology_reserve(topology, &device->address.pci, false);
        return true;
}

static bool is_open(const VbDevice *device)
{
        return device->address.type == VB_ADDRESS_NONE;
}

/* QEMU and old firmware look for the first graphics card in the first slot that the machine leaves free.
 * Where that is in use, it is still the first device to get a place. */
static void place_first_video(VbDevice *video, const VbMachineFacts *machine, VbPciTopology *topology)
{
        VbPciAddress address;
        uint8_t slot = 1;

        for (guint i = 0; i < machine->builtin_pci->len;) {
                if (g_array_index(machine->builtin_pci, VbBuiltinPci, i).slot == slot) {
                        slot++;
                        i = 0;
                } else {
                        i++;
                }
        }
        if (slot < VB_PCI_SLOTS && try_slot(video, topology, slot))
                return;
        if (vb_pci_topology_place(topology, vb_pci_needs(video, topology->express), 0, -1, &address, NULL) &&
            !topology->growing)
                video->address = (VbAddress){ .type = VB_ADDRESS_PCI, .pci = address };
}

void vb_chipset_place_customary(VbCompletion *completion, VbPciTopology *topology)
{
        const VbMachineFacts *machine = completion->machine;
        bool ich9 = vb_chipset_is_ich9(machine), video_seen = false;

        if (topology->buses->len == 0)
                return;
        for (guint i = 0; i < completion->def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(completion->def->devices, i);
                VbController *controller = (VbController *) device;

                if (device->kind == VB_DEVICE_VIDEO && !video_seen) {
                        video_seen = true;
                        if (is_open(device) && machine->has_isa && vb_pci_needs(device, topology->express))
                                place_first_video(device, machine, topology);
                }
                if (device->kind == VB_DEVICE_SOUND && is_open(device) && ich9 &&
                    ((VbSound *) device)->model == VB_SOUND_ICH9)
                        try_slot(device, topology, ICH9_SOUND_SLOT);
                if (device->kind != VB_DEVICE_CONTROLLER || !is_open(device) || !ich9)
                        continue;
                if (controller->model == VB_USB_ICH9_UHCI1) {
                        for (gsize j = 0; j < G_N_ELEMENTS(ich9_usb_slots) && is_open(device); j++)
                                try_slot(device, topology, ich9_usb_slots[j]);
                        /* It is one of several, wherever the others are. */
                        if (!is_open(device))
                                device->address.pci.multifunction = VB_TRISTATE_ON;
                } else if (controller->model == VB_DMI_TO_PCI_BRIDGE) {
                        try_slot(device, topology, ICH9_PCI_BRIDGE_SLOT);
                }
        }
}
