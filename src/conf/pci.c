/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of PCI: which bus accepts what, and which device needs what. Where things are put by these rules
 * is pci-topology.c and assign-pci.c. Slot ranges and connections are those of QEMU's devices; which buses
 * completion uses by itself is libvirt's choice. */
#include "conf/pci.h"

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
        [VB_PCIE_ROOT] = { .accepts = PCIE | VB_PCI_CONNECT_INTEGRATED | VB_PCI_CONNECT_ROOT_PORT | VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE |
                                      VB_PCI_CONNECT_PCIE_EXPANDER,
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

static const struct {
        VbPciConnect need;
        const char *name;
} connect_names[] = {
        { PCI, "a PCI device" },
        { PCIE, "a PCI Express device" },
        { VB_PCI_CONNECT_INTEGRATED, "a part of a PCI Express root" },
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
        const VbDeviceClass *class = vb_device_class(device->kind);

        return class->pci_needs ? class->pci_needs(device) : 0;
}

VbPciConnect vb_pci_needs(const VbDevice *device, bool express)
{
        VbPciConnect needs = native_needs(device);

        /* Whoever is on another bus by its address needs nothing of this one. */
        if (device->address.type != VB_ADDRESS_NONE && device->address.type != VB_ADDRESS_PCI)
                return 0;
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
