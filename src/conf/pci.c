/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of PCI: which bus accepts what, and which device needs what. Where things are put by these rules
 * is pci-topology.c and assign-pci.c. Slot ranges and connections are those of QEMU's devices; which buses
 * completion uses by itself is libvirt's choice. */
#include "conf/pci.h"

#include "conf/chardev.h"
#include "conf/disk.h"
#include "conf/input.h"
#include "conf/interface.h"
#include "conf/memballoon.h"
#include "conf/video.h"

#define PCI VB_PCI_CONNECT_PCI_ENDPOINT
#define PCIE VB_PCI_CONNECT_PCIE_ENDPOINT
#define HOTPLUG VB_PCI_CONNECT_HOTPLUG

static const VbPciBusKind kinds[_VB_CONTROLLER_MODEL_MAX] = {
        [VB_PCI_ROOT] = { .accepts = PCI | VB_PCI_CONNECT_PCI_BRIDGE | VB_PCI_CONNECT_PCI_EXPANDER | HOTPLUG,
                          .min_slot = 1,
                          .max_slot = 31,
                          .automatic = true },
        [VB_PCIE_ROOT] = { .accepts = PCIE | VB_PCI_CONNECT_ROOT_PORT | VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE |
                                      VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE | VB_PCI_CONNECT_PCIE_EXPANDER,
                           .min_slot = 1,
                           .max_slot = 31 },
        [VB_PCI_BRIDGE] = { .accepts = PCI | VB_PCI_CONNECT_PCI_BRIDGE | HOTPLUG,
                            .needs = VB_PCI_CONNECT_PCI_BRIDGE,
                            .min_slot = 1,
                            .max_slot = 31,
                            .automatic = true },
        [VB_DMI_TO_PCI_BRIDGE] = { .accepts = PCI | VB_PCI_CONNECT_PCI_BRIDGE,
                                   .needs = VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE,
                                   .min_slot = 0,
                                   .max_slot = 31 },
        [VB_PCIE_TO_PCI_BRIDGE] = { .accepts = PCI | VB_PCI_CONNECT_PCI_BRIDGE | HOTPLUG,
                                    .needs = VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE,
                                    .min_slot = 1,
                                    .max_slot = 31,
                                    .automatic = true },
        [VB_PCIE_ROOT_PORT] = { .accepts = PCIE | VB_PCI_CONNECT_SWITCH_UPSTREAM |
                                           VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE |
                                           VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE | HOTPLUG,
                                .needs = VB_PCI_CONNECT_ROOT_PORT,
                                .min_slot = 0,
                                .max_slot = 0,
                                .automatic = true,
                                .shares_slot = true },
        [VB_PCIE_SWITCH_UPSTREAM_PORT] = { .accepts = VB_PCI_CONNECT_SWITCH_DOWNSTREAM,
                                           .needs = VB_PCI_CONNECT_SWITCH_UPSTREAM,
                                           .min_slot = 0,
                                           .max_slot = 31 },
        [VB_PCIE_SWITCH_DOWNSTREAM_PORT] = { .accepts = PCIE | VB_PCI_CONNECT_SWITCH_UPSTREAM |
                                                        VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE |
                                                        VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE | HOTPLUG,
                                             .needs = VB_PCI_CONNECT_SWITCH_DOWNSTREAM,
                                             .min_slot = 0,
                                             .max_slot = 0,
                                             .automatic = true },
        [VB_PCI_EXPANDER_BUS] = { .accepts = PCI | VB_PCI_CONNECT_PCI_BRIDGE,
                                  .needs = VB_PCI_CONNECT_PCI_EXPANDER,
                                  .min_slot = 0,
                                  .max_slot = 31,
                                  .automatic = true },
        [VB_PCIE_EXPANDER_BUS] = { .accepts = VB_PCI_CONNECT_ROOT_PORT | VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE,
                                   .needs = VB_PCI_CONNECT_PCIE_EXPANDER,
                                   .min_slot = 0,
                                   .max_slot = 31 },
};

/* The kinds of endpoint among the controllers that are no pci controllers themselves. Express ones are plain
 * PCI where the root is. */
static const VbPciConnect controller_needs[_VB_CONTROLLER_MODEL_MAX] = {
        [VB_USB_PIIX3_UHCI] = PCI, [VB_USB_PIIX4_UHCI] = PCI,     [VB_USB_EHCI] = PCI,
        [VB_USB_ICH9_EHCI1] = PCI, [VB_USB_ICH9_UHCI1] = PCI,     [VB_USB_ICH9_UHCI2] = PCI,
        [VB_USB_ICH9_UHCI3] = PCI, [VB_USB_VT82C686B_UHCI] = PCI, [VB_USB_PCI_OHCI] = PCI,
        [VB_USB_NEC_XHCI] = PCIE,  [VB_USB_QEMU_XHCI] = PCIE,     [VB_SCSI_VIRTIO] = PCIE,
        [VB_SCSI_LSILOGIC] = PCI,  [VB_SCSI_MPTSAS1068] = PCI,    [VB_SCSI_MEGASAS] = PCI,
        [VB_SCSI_PVSCSI] = PCI,    [VB_SATA_AHCI] = PCI,          [VB_VIRTIO_SERIAL] = PCIE,
};

/* ne2k_pci and pcnet are old PCI cards; libvirt takes every model that it has no name for as an Express one,
 * and definitions that came from there have them in root ports, where they work. */
static const VbPciConnect interface_needs[_VB_INTERFACE_MODEL_MAX] = {
        [VB_INTERFACE_VIRTIO] = PCIE, [VB_INTERFACE_E1000] = PCI,  [VB_INTERFACE_E1000E] = PCIE,
        [VB_INTERFACE_RTL8139] = PCI, [VB_INTERFACE_PCNET] = PCIE, [VB_INTERFACE_NE2K_PCI] = PCIE,
        [VB_INTERFACE_VMXNET3] = PCI,
};

static const VbPciConnect video_needs[_VB_VIDEO_MODEL_MAX] = {
        [VB_VIDEO_VGA] = PCI,     [VB_VIDEO_CIRRUS] = PCI, [VB_VIDEO_QXL] = PCI,
        [VB_VIDEO_VIRTIO] = PCIE, [VB_VIDEO_BOCHS] = PCIE,
};

static const struct {
        VbPciConnect need;
        const char *name;
} connect_names[] = {
        { PCI, "a PCI device" },
        { PCIE, "a PCI Express device" },
        { VB_PCI_CONNECT_ROOT_PORT, "a PCI Express root port" },
        { VB_PCI_CONNECT_SWITCH_UPSTREAM, "the upstream port of a switch" },
        { VB_PCI_CONNECT_SWITCH_DOWNSTREAM, "a downstream port of a switch" },
        { VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE, "a dmi-to-pci-bridge" },
        { VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE, "a pcie-to-pci-bridge" },
        { VB_PCI_CONNECT_PCI_BRIDGE, "a pci-bridge" },
        { VB_PCI_CONNECT_PCI_EXPANDER, "a pci-expander-bus" },
        { VB_PCI_CONNECT_PCIE_EXPANDER, "a pcie-expander-bus" },
};

const VbPciBusKind *vb_pci_bus_kind(VbControllerModel model)
{
        return kinds[model].accepts ? &kinds[model] : NULL;
}

const char *vb_pci_connect_name(VbPciConnect need)
{
        for (gsize i = 0; i < G_N_ELEMENTS(connect_names); i++)
                if (need & connect_names[i].need)
                        return connect_names[i].name;
        return "a device";
}

static VbPciConnect native_needs(const VbDevice *device)
{
        VbControllerModel model;

        switch (device->kind) {
        case VB_DEVICE_DISK:
                return ((const VbDisk *) device)->bus == VB_DISK_BUS_VIRTIO ? PCIE : 0;
        case VB_DEVICE_CONTROLLER:
                /* A machine's own IDE has no model of ours. */
                if (((const VbController *) device)->type == VB_CONTROLLER_IDE)
                        return PCI;
                model = ((const VbController *) device)->model;
                return kinds[model].needs ? kinds[model].needs : controller_needs[model];
        case VB_DEVICE_INTERFACE:
                return interface_needs[((const VbInterface *) device)->model];
        case VB_DEVICE_SERIAL:
                return ((const VbSerial *) device)->target == VB_SERIAL_TARGET_PCI ? PCI : 0;
        case VB_DEVICE_INPUT:
                return ((const VbInput *) device)->bus == VB_INPUT_BUS_VIRTIO ? PCIE : 0;
        case VB_DEVICE_VIDEO:
                return video_needs[((const VbVideo *) device)->model];
        case VB_DEVICE_MEMBALLOON:
                return ((const VbMemballoon *) device)->model == VB_MEMBALLOON_VIRTIO ? PCIE : 0;
        case VB_DEVICE_RNG:
                return PCIE;
        case VB_DEVICE_CONSOLE:
        case VB_DEVICE_GRAPHICS:
        case VB_DEVICE_PANIC:
        case _VB_DEVICE_MAX:
                break;
        }
        return 0;
}

VbPciConnect vb_pci_needs(const VbDevice *device, bool express)
{
        VbPciConnect needs = native_needs(device);

        return needs == PCIE && !express ? PCI : needs;
}

bool vb_pci_is_express(const VbDomainDef *def)
{
        const VbController *root = vb_domain_def_find_controller(def, VB_CONTROLLER_PCI, 0);

        return root && root->model == VB_PCIE_ROOT;
}

VbPciConnect vb_pci_device_needs(const VbDomainDef *def, const VbDevice *device)
{
        return vb_pci_needs(device, vb_pci_is_express(def));
}
