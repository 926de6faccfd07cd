/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first serial port and the first console of type serial are one device that the XML names twice: each
 * implies the other, as libvirt has it since it had only consoles. */
#include "conf/chardev.h"
#include "conf/complete-steps.h"
#include "util/error.h"

/* What one ISA bus has addresses for. */
#define ISA_SERIALS_MAX 4

static void copy_source(VbChardev *to, const VbChardev *from)
{
        if (to == from)
                return;
        g_free(to->path);
        *to = *from;
        to->path = g_strdup(from->path);
}

static VbSerial *as_serial(VbDevice *device)
{
        return device->kind == VB_DEVICE_SERIAL ? (VbSerial *) device : NULL;
}

static VbConsole *as_console(VbDevice *device)
{
        return device->kind == VB_DEVICE_CONSOLE ? (VbConsole *) device : NULL;
}

static bool complete_targets(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        int isa_serials = 0;

        for (guint i = 0; i < def->devices->len; i++) {
                VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (!serial)
                        continue;
                if (serial->target == VB_SERIAL_TARGET_UNSET)
                        serial->target =
                                completion->machine->has_isa ? VB_SERIAL_TARGET_ISA : VB_SERIAL_TARGET_PCI;
                if (serial->target != VB_SERIAL_TARGET_ISA)
                        continue;
                if (!completion->machine->has_isa)
                        return vb_device_error(&serial->base, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no ISA bus",
                                               completion->machine->name);
                if (++isa_serials > ISA_SERIALS_MAX)
                        return vb_device_error(&serial->base, VB_ERROR_UNSUPPORTED, error,
                                               "there are at most %d serial ports of type isa-serial",
                                               ISA_SERIALS_MAX);
        }
        return true;
}

static bool is_isa_port_used(const VbDomainDef *def, int port, const VbSerial *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (serial && serial != except && serial->target == VB_SERIAL_TARGET_ISA &&
                    serial->port == port)
                        return true;
        }
        return false;
}

/* The number of an ISA port is its place, COM1 to COM4: the lowest that is free. Other ports are only
 * counted, on from the highest. */
static bool complete_serial_ports(VbDomainDef *def, GError **error)
{
        int highest = -1;

        for (guint i = 0; i < def->devices->len; i++) {
                VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (!serial)
                        continue;
                if (serial->target == VB_SERIAL_TARGET_ISA) {
                        if (serial->port >= ISA_SERIALS_MAX)
                                return vb_device_error(
                                        &serial->base, VB_ERROR_INVALID_XML, error,
                                        "<target port='%d'/>: isa-serial has the ports 0 to %d", serial->port,
                                        ISA_SERIALS_MAX - 1);
                        if (serial->port >= 0 && is_isa_port_used(def, serial->port, serial))
                                return vb_device_error(&serial->base, VB_ERROR_INVALID_XML, error,
                                                       "<target port='%d'/> is the number of another one",
                                                       serial->port);
                        for (int port = 0; serial->port < 0; port++)
                                if (!is_isa_port_used(def, port, serial))
                                        serial->port = port;
                }
                highest = MAX(highest, serial->port);
        }
        for (guint i = 0; i < def->devices->len; i++) {
                VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (serial && serial->port < 0)
                        serial->port = ++highest;
        }
        return true;
}

static bool is_console_port_used(const VbDomainDef *def, VbConsoleTarget target, int port)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbConsole *console = as_console(g_ptr_array_index(def->devices, i));

                if (console && console->target == target && console->port == port)
                        return true;
        }
        return false;
}

bool vb_complete_consoles(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        VbConsole *console = NULL;
        VbSerial *serial = NULL;
        bool first = true;

        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);
                VbConsole *candidate = as_console(device);

                if (!serial)
                        serial = as_serial(device);
                if (!candidate)
                        continue;
                if (candidate->target == VB_CONSOLE_TARGET_SERIAL) {
                        if (!first)
                                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                                       "only the first console can be a serial port");
                        console = candidate;
                }
                first = false;
        }
        if (console && !serial) {
                serial = (VbSerial *) vb_complete_add(completion, VB_DEVICE_SERIAL);
                copy_source(&serial->source, &console->source);
        }
        if (!complete_targets(completion, error) || !complete_serial_ports(def, error))
                return false;
        if (!console && serial && serial->target == VB_SERIAL_TARGET_ISA) {
                console = (VbConsole *) vb_complete_add(completion, VB_DEVICE_CONSOLE);
                console->target = VB_CONSOLE_TARGET_SERIAL;
                /* It is the first of the consoles, and the order is kept when they are sorted by class. */
                g_ptr_array_insert(def->devices, 0,
                                   g_ptr_array_steal_index(def->devices, def->devices->len - 1));
        }
        if (console) {
                copy_source(&console->source, &serial->source);
                console->port = serial->port;
        }
        for (guint i = 0; i < def->devices->len; i++) {
                VbConsole *other = as_console(g_ptr_array_index(def->devices, i));
                int port = 0;

                if (!other || other->port >= 0)
                        continue;
                while (is_console_port_used(def, other->target, port))
                        port++;
                other->port = port;
        }
        return true;
}
