/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI buses, slots and functions while addresses are given out. The rules of who fits where are pci.c; the
 * order in which devices get their addresses is assign-pci.c. */
#include "conf/pci-topology.h"

#include "conf/complete-steps.h"
#include "util/error.h"

/* Bus numbers have eight bits. */
#define BUSES_MAX 256

static VbPciBus *bus_at(const VbPciTopology *topology, uint32_t index)
{
        return &g_array_index(topology->buses, VbPciBus, index);
}

const VbPciBus *vb_pci_topology_bus(const VbPciTopology *topology, uint32_t index)
{
        return index < topology->buses->len ? bus_at(topology, index) : NULL;
}

static void add_bus(VbPciTopology *topology, VbControllerModel model)
{
        VbPciBus bus = { .model = model, .parent = -1 };

        g_array_append_val(topology->buses, bus);
}

static VbControllerModel missing_model(const VbPciTopology *topology)
{
        if (topology->express)
                return VB_PCIE_ROOT_PORT;
        return topology->roots ? VB_PCI_ROOT : VB_PCI_BRIDGE;
}

void vb_pci_topology_init(VbPciTopology *topology, const VbDomainDef *def, bool growing)
{
        const VbController *root;

        topology->buses = g_array_sized_new(FALSE, TRUE, sizeof(VbPciBus), 16);
        topology->growing = growing;
        topology->express = vb_pci_is_express(def);
        root = vb_domain_def_find_controller(def, VB_CONTROLLER_PCI, 0);
        topology->roots = root && root->model == VB_PCI_ROOT && root->model_name;
        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *controller = g_ptr_array_index(def->devices, i);

                if (controller->base.kind != VB_DEVICE_CONTROLLER || controller->type != VB_CONTROLLER_PCI)
                        continue;
                if ((guint) controller->index >= topology->buses->len)
                        g_array_set_size(topology->buses, (guint) controller->index + 1);
                bus_at(topology, (uint32_t) controller->index)->model = controller->model;
        }
        for (guint i = 1; i < topology->buses->len; i++)
                if (bus_at(topology, i)->model == VB_CONTROLLER_MODEL_UNSET)
                        bus_at(topology, i)->model = missing_model(topology);
        for (guint i = 0; i < topology->buses->len; i++)
                bus_at(topology, i)->parent = -1;
}

void vb_pci_topology_clear(VbPciTopology *topology)
{
        g_clear_pointer(&topology->buses, g_array_unref);
}

static bool any_bus_accepts(const VbPciTopology *topology, VbPciConnect needs)
{
        for (guint i = 0; i < topology->buses->len; i++)
                if (vb_pci_bus_kind(bus_at(topology, i)->model)->accepts & needs)
                        return true;
        return false;
}

/* Adds buses until there are more than @index, so that the last one accepts @needs. A PCI device on a machine
 * that is all PCI Express needs a bridge, and the bridge a root port: then the last bus is one further than
 * asked for. */
static bool grow(VbPciTopology *topology, uint32_t index, VbPciConnect needs)
{
        VbControllerModel model;

        if (needs & (VB_PCI_CONNECT_PCI_ENDPOINT | VB_PCI_CONNECT_PCI_BRIDGE)) {
                model = topology->roots ? VB_PCI_ROOT : VB_PCI_BRIDGE;
                if (!any_bus_accepts(topology, VB_PCI_CONNECT_PCI_BRIDGE)) {
                        if (!topology->express)
                                return false;
                        add_bus(topology, VB_PCIE_ROOT_PORT);
                        add_bus(topology, VB_PCIE_TO_PCI_BRIDGE);
                }
        } else if (topology->express &&
                   needs & (VB_PCI_CONNECT_PCIE_ENDPOINT | VB_PCI_CONNECT_SWITCH_UPSTREAM |
                            VB_PCI_CONNECT_DMI_TO_PCI_BRIDGE | VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE)) {
                model = VB_PCIE_ROOT_PORT;
        } else {
                return false;
        }
        while (topology->buses->len <= index)
                add_bus(topology, model);
        return topology->buses->len <= (topology->roots ? VB_PCI_ROOTS_MAX : BUSES_MAX);
}

void vb_pci_topology_block(VbPciTopology *topology, uint8_t slot, uint8_t function)
{
        if (topology->buses->len > 0)
                bus_at(topology, 0)->slots[slot].functions |= (uint8_t) (1U << function);
}

bool vb_pci_topology_slot_in_use(const VbPciTopology *topology, uint32_t bus, uint8_t slot)
{
        return bus < topology->buses->len && bus_at(topology, bus)->slots[slot].functions != 0;
}

bool vb_pci_topology_in_use(const VbPciTopology *topology, const VbPciAddress *address)
{
        return address->bus < topology->buses->len &&
               bus_at(topology, address->bus)->slots[address->slot].functions & (1U << address->function);
}

bool vb_pci_topology_check(VbPciTopology *topology, VbPciAddress *address, VbPciConnect needs, GError **error)
{
        const VbPciBusKind *kind;
        const char *model;
        VbPciConnect accepts;

        if (address->domain != 0)
                return vb_error_set(error, VB_ERROR_INVALID_ADDRESS, "there is only PCI domain 0, not %u",
                                    address->domain);
        if (address->bus >= topology->buses->len) {
                bool bridged;

                bridged = address->bus == topology->buses->len;
                if (!topology->growing || topology->buses->len == 0 || !grow(topology, address->bus, needs))
                        return vb_error_set(error, VB_ERROR_INVALID_ADDRESS,
                                            "there is no PCI bus %u, and none can be added for %s",
                                            address->bus, vb_pci_connect_name(needs));
                if (bridged && topology->buses->len > address->bus + 1U)
                        address->bus = (uint8_t) (topology->buses->len - 1);
        }
        kind = vb_pci_bus_kind(bus_at(topology, address->bus)->model);
        model = vb_controller_model_to_string(bus_at(topology, address->bus)->model);
        /* QEMU takes either kind of endpoint, and a pci-bridge, on either kind of bus; only completion is
         * choosier. */
        accepts = kind->accepts;
        if (accepts & VB_PCI_CONNECT_ENDPOINT)
                accepts |= VB_PCI_CONNECT_ENDPOINT | VB_PCI_CONNECT_PCI_BRIDGE;
        if (!(accepts & needs))
                return vb_error_set(error, VB_ERROR_INVALID_ADDRESS,
                                    "%s cannot be plugged into PCI bus %u, a %s", vb_pci_connect_name(needs),
                                    address->bus, model);
        if (address->slot < kind->min_slot || address->slot > kind->max_slot)
                return vb_error_set(error, VB_ERROR_INVALID_ADDRESS,
                                    "PCI bus %u, a %s, has the slots 0x%02x to 0x%02x, not 0x%02x",
                                    address->bus, model, kind->min_slot, kind->max_slot, address->slot);
        return true;
}

void vb_pci_topology_reserve(VbPciTopology *topology, const VbPciAddress *address, bool shares_slot)
{
        VbPciBus *bus = bus_at(topology, address->bus);

        if (bus->slots[address->slot].functions == 0)
                bus->slots[address->slot].shared = shares_slot;
        if (address->function == 0 && address->multifunction == VB_TRISTATE_OFF)
                bus->slots[address->slot].shared = false;
        bus->slots[address->slot].functions |= (uint8_t) (1U << address->function);
}

/* The first place on one bus. What packs several into a slot takes the next free function of a slot of its
 * kind. */
static bool find_on_bus(const VbPciBus *bus, uint32_t index, const VbPciBusKind *kind, bool shares_slot,
                        uint8_t function, VbPciAddress *ret)
{
        for (uint8_t slot = kind->min_slot; slot <= kind->max_slot; slot++) {
                uint8_t functions = bus->slots[slot].functions, at = function;

                if (functions != 0) {
                        if (!shares_slot || !bus->slots[slot].shared || functions == 0xff)
                                continue;
                        while (functions & (1U << at))
                                at = (uint8_t) ((at + 1) % VB_PCI_FUNCTIONS);
                }
                *ret = (VbPciAddress){ .bus = (uint8_t) index, .slot = slot, .function = at };
                return true;
        }
        return false;
}

/* Whether a device on @bus is behind PCI controller @index. */
static bool is_behind(const VbPciTopology *topology, uint32_t bus, int index)
{
        int at = (int) bus;

        for (guint steps = 0; at >= 0 && steps <= topology->buses->len; steps++) {
                if (at == index)
                        return true;
                at = (guint) at < topology->buses->len ? bus_at(topology, (uint32_t) at)->parent : -1;
        }
        return false;
}

bool vb_pci_topology_connect(VbPciTopology *topology, int index, uint32_t bus)
{
        if (is_behind(topology, bus, index))
                return false;
        if ((guint) index < topology->buses->len)
                bus_at(topology, (uint32_t) index)->parent = (int) bus;
        return true;
}

bool vb_pci_topology_place(VbPciTopology *topology, VbPciConnect needs, uint8_t function, int controller,
                           VbPciAddress *ret, GError **error)
{
        /* libvirt puts the bridge for old devices where it could be unplugged, like the devices themselves.
         */
        bool picky = needs & (VB_PCI_CONNECT_ENDPOINT | VB_PCI_CONNECT_PCIE_TO_PCI_BRIDGE);
        bool shares_slot = needs & VB_PCI_CONNECT_ROOT_PORT;
        /* For good, a bridge is on a bus with a lower number; on paper it takes a slot of any, its own
         * included, which only counts how many bridges it takes. */
        bool bridge = needs & VB_PCI_CONNECT_PCI_BRIDGE && controller >= 0;
        uint32_t limit = bridge && !topology->growing ? (uint32_t) controller : G_MAXUINT32;

        for (;;) {
                for (uint32_t i = 0; i < topology->buses->len && i < limit; i++) {
                        const VbPciBusKind *kind = vb_pci_bus_kind(bus_at(topology, i)->model);

                        if (!(kind->accepts & needs) || (picky && !kind->automatic) ||
                            (controller >= 0 && !bridge && is_behind(topology, i, controller)) ||
                            !find_on_bus(bus_at(topology, i), i, kind, shares_slot, function, ret))
                                continue;
                        vb_pci_topology_reserve(topology, ret, shares_slot);
                        if (controller >= 0)
                                vb_pci_topology_connect(topology, controller, i);
                        return true;
                }
                if (!topology->growing || topology->buses->len == 0 ||
                    !grow(topology, topology->buses->len, needs))
                        return limit < BUSES_MAX ? vb_error_set(error, VB_ERROR_NO_FREE_ADDRESS,
                                                                "there is no free place for %s on a bus "
                                                                "with a number below %u",
                                                                vb_pci_connect_name(needs), limit)
                                                 : vb_error_set(error, VB_ERROR_NO_FREE_ADDRESS,
                                                                "there is no free place for %s",
                                                                vb_pci_connect_name(needs));
        }
}

bool vb_pci_topology_is_full(const VbPciTopology *topology)
{
        for (guint i = 0; i < topology->buses->len; i++) {
                const VbPciBus *bus = bus_at(topology, i);
                const VbPciBusKind *kind = vb_pci_bus_kind(bus->model);

                for (uint8_t slot = kind->min_slot; slot <= kind->max_slot; slot++)
                        if (bus->slots[slot].functions == 0)
                                return false;
        }
        return true;
}
