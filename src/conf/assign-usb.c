/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of USB controllers and of the hubs on them. */
#include <string.h>

#include "conf/assign-order.h"
#include "conf/complete-steps.h"
#include "conf/hub.h"
#include "conf/usb.h"
#include "util/error.h"

static bool is_placed(const VbDevice *device)
{
        return device->address.type == VB_ADDRESS_USB && device->address.usb.n_ports > 0;
}

/* The first device, hubs included, at exactly that place. */
static const VbDevice *find_user(const VbDomainDef *def, const VbUsbAddress *place, const VbDevice *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbUsbAddress *usb = &device->address.usb;

                if (device != except && is_placed(device) && usb->bus == place->bus &&
                    usb->n_ports == place->n_ports && memcmp(usb->ports, place->ports, usb->n_ports) == 0)
                        return device;
        }
        return NULL;
}

const VbDevice *vb_usb_find_hub(const VbDomainDef *def, const VbDevice *device)
{
        VbUsbAddress place = device->address.usb;

        if (device->address.type != VB_ADDRESS_USB || place.n_ports < 2)
                return NULL;
        place.n_ports--;
        return find_user(def, &place, device);
}

/* How many ports there are where the last number of @usb is one; 0: there is no hub there. */
static uint8_t count_ports(const VbDomainDef *def, const VbController *controller, const VbDevice *device)
{
        const VbDevice *hub;

        if (device->address.usb.n_ports < 2)
                return vb_usb_ports(controller);
        hub = vb_usb_find_hub(def, device);
        return hub && vb_usb_is_hub(hub) ? VB_HUB_PORTS : 0;
}

static bool check_port(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbUsbAddress *address = &device->address.usb;
        const VbController *controller =
                vb_domain_def_find_controller(def, VB_CONTROLLER_USB, (int) address->bus);
        g_autofree char *text = vb_address_to_string(&device->address), *name = NULL;
        const VbDevice *user;
        uint8_t ports;

        if (!controller || vb_usb_ports(controller) == 0)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "there is no USB controller %u", address->bus);
        if (address->n_ports == 0)
                return true;
        ports = count_ports(def, controller, device);
        if (ports == 0)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error, "there is no hub above %s",
                                       text);
        if (address->ports[address->n_ports - 1] > ports)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "USB controller %u, a %s, or its hub, has the ports 1 to %u, not %u",
                                       address->bus, vb_controller_model_to_string(controller->model), ports,
                                       address->ports[address->n_ports - 1]);
        user = find_user(def, address, device);
        if (!user)
                return true;
        name = vb_device_describe(user);
        return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                               "port %u of USB controller %u is in use by %s",
                               address->ports[address->n_ports - 1], address->bus, name);
}

/* The first free port below @place, which ends at a controller or a hub: its own before those of the hubs on
 * it. */
static bool choose_below(const VbDomainDef *def, VbUsbAddress *place, uint8_t ports)
{
        uint8_t level = place->n_ports;

        if (level >= VB_USB_PORT_DEPTH)
                return false;
        place->n_ports = (uint8_t) (level + 1);
        for (uint8_t port = 1; port <= ports; port++) {
                place->ports[level] = port;
                if (!find_user(def, place, NULL))
                        return true;
        }
        for (uint8_t port = 1; port <= ports; port++) {
                const VbDevice *user;

                place->ports[level] = port;
                place->n_ports = (uint8_t) (level + 1);
                user = find_user(def, place, NULL);
                if (user && vb_usb_is_hub(user) && choose_below(def, place, VB_HUB_PORTS))
                        return true;
        }
        place->n_ports = level;
        return false;
}

/* A port of the controller that the XML names, else of the one with the lowest number that has one. */
static bool choose_port(const VbDomainDef *def, VbDevice *device, GError **error)
{
        bool any = false;

        for (int index = 0; index <= VB_CONTROLLER_INDEX_MAX; index++) {
                const VbController *controller = vb_domain_def_find_controller(def, VB_CONTROLLER_USB, index);
                VbUsbAddress place = { .bus = (uint32_t) index };

                if (!controller ||
                    (device->address.type == VB_ADDRESS_USB && device->address.usb.bus != (uint32_t) index))
                        continue;
                any = any || vb_usb_ports(controller) > 0;
                if (choose_below(def, &place, vb_usb_ports(controller))) {
                        device->address = (VbAddress){ .type = VB_ADDRESS_USB, .usb = place };
                        return true;
                }
        }
        if (!any)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "there is no USB controller");
        return vb_device_error(
                device, VB_ERROR_NO_FREE_ADDRESS, error,
                "every port of the USB controllers is in use; add a controller, or one with more "
                "ports='...'");
}

/* Where the ports do not suffice, libvirt adds hubs to the end of the list. */
static void add_hubs(VbCompletion *completion)
{
        VbDomainDef *def = completion->def;
        int ports = 0, devices = 0;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbController *controller = (const VbController *) device;

                if (device->kind == VB_DEVICE_CONTROLLER && controller->type == VB_CONTROLLER_USB)
                        ports += vb_usb_ports(controller);
                if (vb_usb_is_hub(device))
                        ports += VB_HUB_PORTS;
                if (vb_usb_is_device(device))
                        devices++;
        }
        /* A hub takes a port itself. */
        for (; ports > 0 && devices > ports; ports += VB_HUB_PORTS - 1)
                vb_complete_add(completion, VB_DEVICE_HUB);
}

bool vb_assign_usb(VbCompletion *completion, GError **error)
{
        static const char *const order[] = { "hub",    "hostdev", "disk",     "controller", "input",
                                             "serial", "sound",   "redirdev", "interface",  NULL };
        VbDomainDef *def = completion->def;
        g_autoptr(GPtrArray) devices = NULL;

        add_hubs(completion);
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->address.type == VB_ADDRESS_USB && !check_port(def, device, error))
                        return false;
        }
        devices = vb_assign_in_order(def, order);
        for (guint i = 0; i < devices->len; i++) {
                VbDevice *device = g_ptr_array_index(devices, i);

                if (vb_usb_is_device(device) && !is_placed(device) && !choose_port(def, device, error))
                        return false;
        }
        return true;
}
