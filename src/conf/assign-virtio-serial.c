/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of virtio-serial controllers. Channels have theirs from the definition, as libvirt gives them. QEMU
 * would choose those of consoles when it starts; a guest that keeps its hardware needs them in the
 * definition, so the numbers are those that QEMU would give: after the channels, and port 0 is a console's.
 */
#include "conf/complete-steps.h"
#include "util/error.h"

/* Of a controller that does not say: virtio-serial's own default. */
#define PORTS_DEFAULT 31

static VbDevice *port_at(const VbDomainDef *def, guint i)
{
        VbDevice *device = g_ptr_array_index(def->devices, i);
        const VbDeviceClass *class = vb_device_class(device->kind);

        return class->address_type && class->address_type(device) == VB_ADDRESS_VIRTIO_SERIAL ? device : NULL;
}

static bool is_channel(const VbDevice *device)
{
        return device->kind == VB_DEVICE_CHANNEL;
}

/* Written out, port 0 of a channel has always meant "any". */
static bool is_open(const VbDevice *device)
{
        return device->address.type == VB_ADDRESS_NONE ||
               (is_channel(device) && device->address.virtio_serial.port == 0);
}

static const VbDevice *find_user(const VbDomainDef *def, const VbVirtioSerialAddress *address,
                                 const VbDevice *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = port_at(def, i);

                if (device && device != except && device->address.type == VB_ADDRESS_VIRTIO_SERIAL &&
                    !is_open(device) && device->address.virtio_serial.controller == address->controller &&
                    device->address.virtio_serial.port == address->port)
                        return device;
        }
        return NULL;
}

static uint32_t port_count(const VbDomainDef *def, uint32_t index)
{
        const VbController *controller =
                vb_domain_def_find_controller(def, VB_CONTROLLER_VIRTIO_SERIAL, (int) index);

        return controller && controller->ports > 0 ? (uint32_t) controller->ports : PORTS_DEFAULT;
}

static bool check_port(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbVirtioSerialAddress *address = &device->address.virtio_serial;
        const VbDevice *user = find_user(def, address, device);

        if (address->controller > VB_CONTROLLER_INDEX_MAX || address->bus != 0 ||
            address->port >= port_count(def, address->controller))
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "a virtio-serial controller has bus 0 and, here, ports up to %u",
                                       port_count(def, address->controller) - 1);
        if (user) {
                g_autofree char *name = vb_device_describe(user);

                return vb_device_error(device, VB_ERROR_ADDRESS_IN_USE, error,
                                       "port %u of virtio-serial controller %u is in use by %s",
                                       address->port, address->controller, name);
        }
        return true;
}

static bool choose_on(const VbDomainDef *def, VbDevice *device, uint32_t index)
{
        VbVirtioSerialAddress address = { .controller = index, .port = is_channel(device) ? 1 : 0 };

        for (; address.port < port_count(def, index); address.port++)
                if (!find_user(def, &address, device)) {
                        device->address.type = VB_ADDRESS_VIRTIO_SERIAL;
                        device->address.virtio_serial = address;
                        return true;
                }
        return false;
}

static bool has_controller(const VbDomainDef *def, uint32_t index)
{
        if (vb_domain_def_find_controller(def, VB_CONTROLLER_VIRTIO_SERIAL, (int) index))
                return true;
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = port_at(def, i);

                if (device && device->address.type == VB_ADDRESS_VIRTIO_SERIAL &&
                    device->address.virtio_serial.controller == index)
                        return true;
        }
        return false;
}

/* The first free port of the controller that is named, else of the first (for a console the last) that has
 * one; else of the first that is missing, which is added later. */
static bool choose_port(const VbDomainDef *def, VbDevice *device, GError **error)
{
        uint32_t index = 0;

        if (device->address.type == VB_ADDRESS_VIRTIO_SERIAL) {
                index = device->address.virtio_serial.controller;
                if (choose_on(def, device, index))
                        return true;
                return vb_device_error(device, VB_ERROR_NO_FREE_ADDRESS, error,
                                       "virtio-serial controller %u has no free port", index);
        }
        for (uint32_t i = 0; i <= VB_CONTROLLER_INDEX_MAX; i++) {
                /* QEMU finds the controller that came last first, and libvirt leaves consoles to it. */
                index = is_channel(device) ? i : VB_CONTROLLER_INDEX_MAX - i;
                if (has_controller(def, index) && choose_on(def, device, index))
                        return true;
        }
        for (index = 0; index <= VB_CONTROLLER_INDEX_MAX; index++)
                if (!has_controller(def, index) && choose_on(def, device, index))
                        return true;
        return vb_device_error(device, VB_ERROR_NO_FREE_ADDRESS, error,
                               "no virtio-serial controller has a free port");
}

static bool choose_ports(const VbDomainDef *def, bool channels, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = port_at(def, i);

                if (device && is_channel(device) == channels && is_open(device) &&
                    !choose_port(def, device, error))
                        return false;
        }
        return true;
}

bool vb_assign_virtio_serial(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = port_at(def, i);

                if (device && !is_open(device) && !check_port(def, device, error))
                        return false;
        }
        return choose_ports(def, true, error) && choose_ports(def, false, error);
}
