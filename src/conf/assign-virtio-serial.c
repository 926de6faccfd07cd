/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of virtio-serial controllers. QEMU would choose them when it starts; a guest that keeps its hardware
 * needs them in the definition, so the numbers are those that QEMU would give. */
#include "conf/chardev.h"
#include "conf/complete-steps.h"
#include "util/error.h"

/* Of a controller that does not say: virtio-serial's own default. */
#define PORTS_DEFAULT 31

static VbConsole *port_at(const VbDomainDef *def, guint i)
{
        VbConsole *console = g_ptr_array_index(def->devices, i);

        return console->base.kind == VB_DEVICE_CONSOLE && console->target == VB_CONSOLE_TARGET_VIRTIO
                       ? console
                       : NULL;
}

static const VbConsole *find_user(const VbDomainDef *def, const VbVirtioSerialAddress *address,
                                  const VbConsole *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbConsole *console = port_at(def, i);

                if (console && console != except && console->base.address.type == VB_ADDRESS_VIRTIO_SERIAL &&
                    console->base.address.virtio_serial.controller == address->controller &&
                    console->base.address.virtio_serial.port == address->port)
                        return console;
        }
        return NULL;
}

static uint32_t port_count(const VbDomainDef *def, uint32_t index)
{
        const VbController *controller =
                vb_domain_def_find_controller(def, VB_CONTROLLER_VIRTIO_SERIAL, (int) index);

        return controller && controller->ports > 0 ? (uint32_t) controller->ports : PORTS_DEFAULT;
}

static bool check_port(const VbDomainDef *def, const VbConsole *console, GError **error)
{
        const VbVirtioSerialAddress *address = &console->base.address.virtio_serial;
        const VbConsole *user = find_user(def, address, console);

        if (address->controller > VB_CONTROLLER_INDEX_MAX || address->bus != 0 ||
            address->port >= port_count(def, address->controller))
                return vb_device_error(&console->base, VB_ERROR_INVALID_ADDRESS, error,
                                       "a virtio-serial controller has bus 0 and, here, ports up to %u",
                                       port_count(def, address->controller) - 1);
        if (user) {
                g_autofree char *name = vb_device_describe(&user->base);

                return vb_device_error(&console->base, VB_ERROR_ADDRESS_IN_USE, error,
                                       "port %u of virtio-serial controller %u is in use by %s",
                                       address->port, address->controller, name);
        }
        return true;
}

/* The first free port of the first controller that has one; controllers that are missing are added later. */
static bool choose_port(const VbDomainDef *def, VbConsole *console, GError **error)
{
        VbVirtioSerialAddress address = { 0 };

        for (; address.controller <= VB_CONTROLLER_INDEX_MAX; address.controller++)
                for (address.port = 0; address.port < port_count(def, address.controller); address.port++)
                        if (!find_user(def, &address, NULL)) {
                                console->base.address.type = VB_ADDRESS_VIRTIO_SERIAL;
                                console->base.address.virtio_serial = address;
                                return true;
                        }
        return vb_device_error(&console->base, VB_ERROR_NO_FREE_ADDRESS, error,
                               "no virtio-serial controller has a free port");
}

bool vb_assign_virtio_serial(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbConsole *console = port_at(def, i);

                if (console && console->base.address.type != VB_ADDRESS_NONE &&
                    !check_port(def, console, error))
                        return false;
        }
        for (guint i = 0; i < def->devices->len; i++) {
                VbConsole *console = port_at(def, i);

                if (console && console->base.address.type == VB_ADDRESS_NONE &&
                    !choose_port(def, console, error))
                        return false;
        }
        return true;
}
