/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which PCI bridges are of use on a board: by the kind of its root bus, what the emulator has, and the host
 * bridges that it has itself. */
#include "conf/bridge-kinds.h"

#define PCI (1U << VB_ROOT_BUS_PCI)
#define PCIE (1U << VB_ROOT_BUS_PCIE)

/* clang-format off */
static const struct {
        const char *driver;
        unsigned roots;
        const char *host; /* of which the board must have one already; NULL: of any */
} kinds[] = {
        { "pcie-root-port", PCIE, NULL },
        { "x3130-upstream", PCIE, NULL },
        { "xio3130-downstream", PCIE, NULL },
        { "pcie-pci-bridge", PCIE, NULL },
        { "i82801b11-bridge", PCIE, NULL },
        { "pci-bridge", PCI | PCIE, NULL },
        { "pxb", PCI, NULL },
        { "pxb-pcie", PCIE, NULL },
        { "spapr-pci-host-bridge", PCI, "spapr-pci-host-bridge" },
};
/* clang-format on */

static bool has_host(const VbMachineFacts *machine, const char *driver)
{
        for (guint i = 0; i < machine->pci_hosts->len; i++)
                if (g_str_equal(g_array_index(machine->pci_hosts, VbPciHost, i).driver, driver))
                        return true;
        return false;
}

GPtrArray *vb_bridge_kinds(const VbEmulatorFacts *emulator, const VbMachineFacts *machine)
{
        GPtrArray *usable = g_ptr_array_new();

        for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
                if (kinds[i].roots & 1U << machine->root_bus &&
                    vb_emulator_facts_has_device(emulator, kinds[i].driver) &&
                    (!kinds[i].host || has_host(machine, kinds[i].host)))
                        g_ptr_array_add(usable, (char *) kinds[i].driver);
        return usable;
}
