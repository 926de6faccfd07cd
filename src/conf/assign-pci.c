/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives PCI devices their addresses and adds the controllers that this takes, so that the result is
 * libvirt's: first all is placed on paper, with buses added as needed, then controllers are made of the added
 * buses, then all is placed for good. What the XML says is checked and never moved. */
#include "conf/assign-order.h"
#include "conf/chipset.h"
#include "conf/complete-steps.h"
#include "conf/pci-topology.h"
#include "util/error.h"

typedef struct {
        VbCompletion *completion;
        VbPciTopology topology;
        GHashTable *planned; /* const VbDevice * -> VbPciAddress *, of those placed so far */
        bool express;
} Placement;

static bool wants_address(const VbDevice *device)
{
        return device->address.type == VB_ADDRESS_NONE;
}

static VbController *as_controller(VbDevice *device, VbControllerType type)
{
        VbController *controller = (VbController *) device;

        return device->kind == VB_DEVICE_CONTROLLER && controller->type == type ? controller : NULL;
}

static bool report_use(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        g_autofree char *address = vb_address_to_string(&device->address);

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *other = g_ptr_array_index(def->devices, i);
                g_autofree char *name = NULL;

                if (other == device || !vb_address_equal(&other->address, &device->address))
                        continue;
                name = vb_device_describe(other);
                return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                                       "the PCI address %s is in use by %s", address, name);
        }
        return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                               "the PCI address %s is in use by a part of the machine", address);
}

static bool reserve_given(Placement *placement, VbDevice *device, GError **error)
{
        VbPciConnect needs = vb_pci_needs(device, placement->express);
        VbController *controller = as_controller(device, VB_CONTROLLER_PCI);
        GError *problem = NULL;

        if (device->builtin || wants_address(device) || !needs)
                return true;
        if (controller && controller->model == VB_PCI_BRIDGE && device->address.pci.bus >= controller->index)
                return vb_device_error(
                        device, VB_ERROR_INVALID_ADDRESS, error,
                        "PCI controller %d cannot be plugged into bus %u: only into one with a lower "
                        "number",
                        controller->index, device->address.pci.bus);
        if (!vb_pci_topology_check(&placement->topology, &device->address.pci, needs, &problem))
                return vb_complete_error(device, problem, error);
        if (controller &&
            !vb_pci_topology_connect(&placement->topology, controller->index, device->address.pci.bus))
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "PCI bus %u is behind this very controller", device->address.pci.bus);
        if (vb_pci_topology_in_use(&placement->topology, &device->address.pci))
                return report_use(placement->completion->def, device, error);
        vb_pci_topology_reserve(&placement->topology, &device->address.pci, needs & VB_PCI_CONNECT_ROOT_PORT);
        return true;
}

/* Addresses that are given can name buses that are not, and which kind those become depends on who asks
 * first: in libvirt's order. */
static bool begin(Placement *placement, VbCompletion *completion, bool growing, GError **error)
{
        static const char *const order[] = {
                "disk",       "interface", "sound",   "hostdev", "video",  "controller", "smartcard",
                "serial",     "parallel",  "channel", "console", "input",  "filesystem", "watchdog",
                "memballoon", "rng",       "nvram",   "hub",     "shmem",  "redirdev",   "panic",
                "tpm",        "memory",    "iommu",   "vsock",   "crypto", NULL,
        };
        g_autoptr(GPtrArray) devices = vb_assign_in_order(completion->def, order);

        placement->completion = completion;
        placement->express = vb_pci_is_express(completion->def);
        vb_pci_topology_init(&placement->topology, completion->def, growing);
        vb_chipset_block(completion->machine, &placement->topology);
        for (guint i = 0; i < devices->len; i++)
                if (!reserve_given(placement, g_ptr_array_index(devices, i), error))
                        return false;
        vb_chipset_place_customary(completion, &placement->topology);
        return true;
}

/* The functions of a USB 2.0 controller and its companions; -1 for other controllers. */
static int usb2_function(const VbDevice *device)
{
        switch (device->kind == VB_DEVICE_CONTROLLER ? ((const VbController *) device)->model
                                                     : VB_CONTROLLER_MODEL_UNSET) {
        case VB_USB_ICH9_EHCI1:
                return 7;
        case VB_USB_ICH9_UHCI1:
                return 0;
        case VB_USB_ICH9_UHCI2:
                return 1;
        case VB_USB_ICH9_UHCI3:
                return 2;
        default:
                return -1;
        }
}

/* The slot that a USB 2.0 controller shares with its master or companions, if one of them has an address. */
static bool find_usb2_slot(const Placement *placement, const VbDevice *device, VbPciAddress *ret)
{
        const VbDomainDef *def = placement->completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *other = g_ptr_array_index(def->devices, i);

                if (other == device || usb2_function(other) < 0 ||
                    ((const VbController *) other)->index != ((const VbController *) device)->index)
                        continue;
                if (!wants_address(other))
                        *ret = other->address.pci;
                else if (g_hash_table_contains(placement->planned, other))
                        *ret = *(const VbPciAddress *) g_hash_table_lookup(placement->planned, other);
                else
                        continue;
                return true;
        }
        return false;
}

static bool place_usb2(Placement *placement, const VbDevice *device, VbPciConnect needs, VbPciAddress *ret,
                       GError **error)
{
        uint8_t function = (uint8_t) usb2_function(device);

        if (find_usb2_slot(placement, device, ret)) {
                ret->function = function;
                ret->multifunction = VB_TRISTATE_UNSET;
                if (vb_pci_topology_in_use(&placement->topology, ret))
                        return vb_device_error(
                                device, VB_ERROR_ADDRESS_IN_USE, error,
                                "function %u of PCI slot 0x%02x, where its master is, is in use", function,
                                ret->slot);
                vb_pci_topology_reserve(&placement->topology, ret, false);
        } else {
                GError *problem = NULL;

                if (!vb_pci_topology_place(&placement->topology, needs, function, -1, ret, &problem))
                        return vb_complete_error(device, problem, error);
        }
        if (function == 0)
                ret->multifunction = VB_TRISTATE_ON;
        return true;
}

static bool place(Placement *placement, VbDevice *device, GError **error)
{
        VbPciConnect needs = vb_pci_needs(device, placement->express);
        VbController *controller = as_controller(device, VB_CONTROLLER_PCI);
        VbPciAddress address = { 0 };
        GError *problem = NULL;

        if (!needs || !wants_address(device) || device->builtin)
                return true;
        if (usb2_function(device) >= 0) {
                if (!place_usb2(placement, device, needs, &address, error))
                        return false;
        } else if (!vb_pci_topology_place(&placement->topology, needs, 0, controller ? controller->index : -1,
                                          &address, &problem)) {
                return vb_complete_error(device, problem, error);
        }
        if (!placement->topology.growing)
                device->address = (VbAddress){ .type = VB_ADDRESS_PCI, .pci = address };
        g_hash_table_insert(placement->planned, device, g_memdup2(&address, sizeof(address)));
        return true;
}

/* The order in which classes get their addresses, which is libvirt's: first the PCI controllers, then network
 * cards, then other controllers. */
static bool place_all(Placement *placement, GError **error)
{
        static const char *const order[] = {
                "filesystem", "interface", "sound", "controller", "disk",   "hostdev", "memballoon",
                "rng",        "watchdog",  "video", "shmem",      "input",  "serial",  "parallel",
                "channel",    "console",   "panic", "vsock",      "memory", "crypto",  NULL,
        };
        const GPtrArray *devices = placement->completion->def->devices;
        g_autoptr(GPtrArray) sorted = vb_assign_in_order(placement->completion->def, order);

        placement->planned = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        for (guint i = 0; i < devices->len; i++) {
                VbDevice *device = g_ptr_array_index(devices, i);

                if (as_controller(device, VB_CONTROLLER_PCI) && !place(placement, device, error))
                        return false;
        }
        for (guint i = 0; i < sorted->len; i++) {
                VbDevice *device = g_ptr_array_index(sorted, i);

                if (!as_controller(device, VB_CONTROLLER_PCI) && !place(placement, device, error))
                        return false;
        }
        return true;
}

static void end(Placement *placement)
{
        vb_pci_topology_clear(&placement->topology);
        g_clear_pointer(&placement->planned, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Placement, end)

static bool reserve_spare(Placement *placement, VbPciConnect needs, GError **error)
{
        VbPciAddress address;

        return vb_pci_topology_place(&placement->topology, needs, 0, -1, &address, error);
}

static int highest_index(const VbDomainDef *def)
{
        int highest = -1;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *controller =
                        as_controller(g_ptr_array_index(def->devices, i), VB_CONTROLLER_PCI);

                if (controller)
                        highest = MAX(highest, controller->index);
        }
        return highest;
}

/* Makes controllers of the buses that were added, and finds them places, which may add more. */
static bool add_controllers(Placement *placement, GError **error)
{
        VbDomainDef *def = placement->completion->def;

        for (guint i = 1; i < placement->topology.buses->len; i++) {
                VbControllerModel model = vb_pci_topology_bus(&placement->topology, i)->model;
                VbController *controller;
                VbPciAddress address;
                GError *problem = NULL;

                if (vb_domain_def_find_controller(def, VB_CONTROLLER_PCI, (int) i))
                        continue;
                controller =
                        vb_complete_add_controller(placement->completion, VB_CONTROLLER_PCI, model, (int) i);
                if (model == VB_PCI_ROOT) {
                        if (!vb_complete_root_target(placement->completion, controller, error))
                                return false;
                        continue;
                }
                if (!vb_pci_topology_place(&placement->topology, vb_pci_bus_kind(model)->needs, 0, (int) i,
                                           &address, &problem))
                        return vb_complete_error(&controller->base, problem, error);
        }
        return true;
}

/* How many buses it takes. A PCI root keeps a slot for a device that is plugged in later, so that a bridge
 * comes before the last slot is gone; a PCI Express machine whose ports nobody chose keeps a free one. */
static bool plan(VbCompletion *completion, GError **error)
{
        g_auto(Placement) placement = { 0 };
        int highest = highest_index(completion->def);

        if (!begin(&placement, completion, true, error))
                return false;
        if (!placement.express && !vb_pci_topology_is_full(&placement.topology) &&
            !reserve_spare(&placement, VB_PCI_CONNECT_PCI_ENDPOINT, error))
                return false;
        if (!place_all(&placement, error))
                return false;
        if (placement.express && highest <= 0 && placement.topology.buses->len > 1 &&
            !reserve_spare(&placement, VB_PCI_CONNECT_PCIE_ENDPOINT, error))
                return false;
        return add_controllers(&placement, error);
}

/* Function 0 of a slot that has others must say so. */
static void mark_multifunction(const VbDomainDef *def, const VbPciTopology *topology)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);
                VbPciAddress *address = &device->address.pci;

                if (device->address.type == VB_ADDRESS_PCI && !device->builtin && address->function == 0 &&
                    address->multifunction == VB_TRISTATE_UNSET &&
                    vb_pci_topology_bus(topology, address->bus)->slots[address->slot].functions & ~1)
                        address->multifunction = VB_TRISTATE_ON;
        }
}

/* The smallest number from @first on that no controller has as its chassis, or as its chassis_nr. */
static int free_chassis(const VbDomainDef *def, int first, bool legacy)
{
        bool used[256] = { false };

        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *other =
                        as_controller(g_ptr_array_index(def->devices, i), VB_CONTROLLER_PCI);
                int chassis = other ? (legacy ? other->target.chassis_nr : other->target.chassis) : -1;

                if (chassis >= 0)
                        used[chassis] = true;
        }
        for (int i = 0; i < 255; i++) {
                int candidate = (first - 1 + i) % 255 + 1;

                if (!used[candidate])
                        return candidate;
        }
        return first;
}

/* Bus numbers of expanders go down from the top, two apart: one for the expander, one for what hangs below
 * it. */
static int free_bus_nr(const VbDomainDef *def)
{
        int lowest = 256;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *other =
                        as_controller(g_ptr_array_index(def->devices, i), VB_CONTROLLER_PCI);

                if (other && other->target.bus_nr >= 0)
                        lowest = MIN(lowest, other->target.bus_nr);
        }
        return lowest > 5 ? lowest - 2 : -1;
}

/* <target>: generated once from where the controller is now, and never changed again. */
static bool complete_target(const VbDomainDef *def, VbController *controller, GError **error)
{
        const VbPciAddress *address = &controller->base.address.pci;
        int port;

        switch (controller->model) {
        case VB_PCI_BRIDGE:
                if (controller->target.chassis_nr < 0)
                        controller->target.chassis_nr = free_chassis(def, controller->index, true);
                break;
        case VB_PCIE_ROOT_PORT:
        case VB_PCIE_SWITCH_DOWNSTREAM_PORT:
                port = controller->model == VB_PCIE_ROOT_PORT ? (address->slot << 3) + address->function
                                                              : address->slot;
                if (controller->target.chassis < 0)
                        controller->target.chassis = free_chassis(def, controller->index, false);
                if (controller->target.port < 0)
                        controller->target.port = port;
                break;
        case VB_PCI_EXPANDER_BUS:
        case VB_PCIE_EXPANDER_BUS:
                if (controller->target.bus_nr < 0)
                        controller->target.bus_nr = free_bus_nr(def);
                if (controller->target.bus_nr < 0)
                        return vb_device_error(
                                &controller->base, VB_ERROR_NO_FREE_ADDRESS, error,
                                "no bus number is left below those of the other expanders; give one "
                                "with <target busNr=''/>");
                break;
        default:
                break;
        }
        return true;
}

bool vb_assign_pci(VbCompletion *completion, GError **error)
{
        g_auto(Placement) placement = { 0 };
        VbDomainDef *def = completion->def;

        if (!vb_chipset_place_builtin(completion, error) || !plan(completion, error) ||
            !begin(&placement, completion, false, error) || !place_all(&placement, error))
                return false;
        mark_multifunction(def, &placement.topology);
        for (guint i = 0; i < def->devices->len; i++) {
                VbController *controller =
                        as_controller(g_ptr_array_index(def->devices, i), VB_CONTROLLER_PCI);

                if (controller && !complete_target(def, controller, error))
                        return false;
        }
        return true;
}
