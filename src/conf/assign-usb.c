/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of USB controllers. */
#include "conf/complete-steps.h"
#include "conf/usb.h"
#include "util/error.h"

static const VbDevice *find_user(const VbDomainDef *def, uint32_t bus, uint8_t port, const VbDevice *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device != except && device->address.type == VB_ADDRESS_USB &&
                    device->address.usb.bus == bus && device->address.usb.n_ports > 0 &&
                    device->address.usb.ports[0] == port)
                        return device;
        }
        return NULL;
}

static bool check_port(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbUsbAddress *address = &device->address.usb;
        const VbController *controller =
                vb_domain_def_find_controller(def, VB_CONTROLLER_USB, (int) address->bus);
        const VbDevice *user;

        if (!controller || vb_usb_ports(controller) == 0)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "there is no USB controller %u", address->bus);
        if (address->n_ports == 0)
                return true;
        if (address->n_ports > 1)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "there is no hub at port %u of USB controller %u", address->ports[0],
                                       address->bus);
        if (address->ports[0] > vb_usb_ports(controller))
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "USB controller %u, a %s, has the ports 1 to %u, not %u", address->bus,
                                       vb_controller_model_to_string(controller->model),
                                       vb_usb_ports(controller), address->ports[0]);
        user = find_user(def, address->bus, address->ports[0], device);
        if (user) {
                g_autofree char *name = vb_device_describe(user);

                return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                                       "port %u of USB controller %u is in use by %s", address->ports[0],
                                       address->bus, name);
        }
        return true;
}

static bool choose_on(const VbDomainDef *def, const VbController *controller, VbDevice *device)
{
        for (uint8_t port = 1; port <= vb_usb_ports(controller); port++)
                if (!find_user(def, (uint32_t) controller->index, port, NULL)) {
                        device->address = (VbAddress){ .type = VB_ADDRESS_USB,
                                                       .usb = { .bus = (uint32_t) controller->index,
                                                                .n_ports = 1,
                                                                .ports = { port } } };
                        return true;
                }
        return false;
}

/* A port of the controller that the XML names, else of the one with the lowest number that has one. */
static bool choose_port(const VbDomainDef *def, VbDevice *device, GError **error)
{
        bool any = false;

        for (int index = 0; index <= VB_CONTROLLER_INDEX_MAX; index++) {
                const VbController *controller = vb_domain_def_find_controller(def, VB_CONTROLLER_USB, index);

                if (!controller ||
                    (device->address.type == VB_ADDRESS_USB && device->address.usb.bus != (uint32_t) index))
                        continue;
                any = any || vb_usb_ports(controller) > 0;
                if (choose_on(def, controller, device))
                        return true;
        }
        if (!any)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "there is no USB controller");
        return vb_device_error(
                device, VB_ERROR_NO_FREE_ADDRESS, error,
                "every port of the USB controllers is in use; add a controller, or one with more "
                "ports='...'");
}

bool vb_assign_usb(VbCompletion *completion, GError **error)
{
        /* libvirt's order. */
        static const VbDeviceKind order[] = {
                VB_DEVICE_HUB,    VB_DEVICE_DISK,  VB_DEVICE_INPUT,
                VB_DEVICE_SERIAL, VB_DEVICE_SOUND, VB_DEVICE_REDIRDEV,
                VB_DEVICE_INTERFACE,
        };
        VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->address.type == VB_ADDRESS_USB && !check_port(def, device, error))
                        return false;
        }
        for (gsize step = 0; step < G_N_ELEMENTS(order); step++)
                for (guint i = 0; i < def->devices->len; i++) {
                        VbDevice *device = g_ptr_array_index(def->devices, i);

                        if (device->kind == order[step] && vb_usb_is_device(device) &&
                            (device->address.type == VB_ADDRESS_NONE ||
                             (device->address.type == VB_ADDRESS_USB && device->address.usb.n_ports == 0)) &&
                            !choose_port(def, device, error))
                                return false;
                }
        return true;
}
