/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first serial port and the first console of type serial are one device that the XML names twice: each
 * implies the other, as libvirt has it since it had only consoles. */
#include "conf/complete-steps.h"
#include "conf/serial.h"
#include "util/error.h"

/* What one ISA bus has addresses for. */
#define ISA_SERIALS_MAX 4

static void copy_source(VbChardev *to, const VbChardev *from)
{
        if (to == from)
                return;
        vb_chardev_clear(to);
        *to = *from;
        vb_chardev_copy(to, from);
}

static VbSerial *as_serial(VbDevice *device)
{
        return device->kind == VB_DEVICE_SERIAL ? (VbSerial *) device : NULL;
}

static VbConsole *as_console(VbDevice *device)
{
        return device->kind == VB_DEVICE_CONSOLE ? (VbConsole *) device : NULL;
}

/* What the first serial port of a board is, where nobody says. */
static VbSerialTarget default_target(const VbCompletion *completion)
{
        const VbMachineFacts *machine = completion->machine;

        if (machine->has_isa)
                return VB_SERIAL_TARGET_ISA;
        if (machine->has_spapr_vio)
                return VB_SERIAL_TARGET_SPAPR_VIO;
        if (machine->virtio == VB_VIRTIO_CCW)
                return VB_SERIAL_TARGET_SCLP;
        return machine->serial_driver ? VB_SERIAL_TARGET_SYSTEM : VB_SERIAL_TARGET_PCI;
}

/* A board's own port is what the board says. */
static bool complete_system_serial(const VbCompletion *completion, VbSerial *serial, GError **error)
{
        static const struct {
                const char *driver;
                VbSerialModel model;
        } board[] = { { "pl011", VB_SERIAL_PL011 },
                      { "serial-mm", VB_SERIAL_16550A },
                      { "serial", VB_SERIAL_16550A } };
        const VbMachineFacts *machine = completion->machine;

        for (gsize i = 0; i < G_N_ELEMENTS(board); i++) {
                if (g_strcmp0(machine->serial_driver, board[i].driver) != 0)
                        continue;
                if (serial->model == VB_SERIAL_MODEL_UNSET)
                        serial->model = board[i].model;
                if (serial->model == board[i].model)
                        return true;
        }
        return vb_device_error(
                &serial->base, VB_ERROR_UNSUPPORTED, error,
                "the machine type %s has no such serial port of its own; its is of the type %s",
                machine->name, machine->serial_driver ? machine->serial_driver : "'none'");
}

static bool complete_target(const VbCompletion *completion, VbSerial *serial, GError **error)
{
        const VbMachineFacts *machine = completion->machine;

        /* libvirt once wrote isa-serial for any, and takes it for the machine's usual one to this day. */
        if (serial->target == VB_SERIAL_TARGET_UNSET ||
            (serial->target == VB_SERIAL_TARGET_ISA && serial->model == VB_SERIAL_MODEL_UNSET &&
             !machine->has_isa))
                serial->target = default_target(completion);
        if (serial->target == VB_SERIAL_TARGET_SYSTEM)
                return complete_system_serial(completion, serial, error);
        if ((serial->target == VB_SERIAL_TARGET_ISA || serial->target == VB_SERIAL_TARGET_ISA_DEBUG) &&
            !machine->has_isa)
                return vb_device_error(&serial->base, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no ISA bus", machine->name);
        if (serial->target == VB_SERIAL_TARGET_SPAPR_VIO && !machine->has_spapr_vio)
                return vb_device_error(&serial->base, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no spapr-vio bus", machine->name);
        if (serial->model == VB_SERIAL_MODEL_UNSET)
                serial->model = vb_serial_target_model(serial->target);
        return true;
}

static bool complete_targets(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        int isa_serials = 0;

        for (guint i = 0; i < def->devices->len; i++) {
                VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (!serial)
                        continue;
                if (!complete_target(completion, serial, error))
                        return false;
                if (serial->target == VB_SERIAL_TARGET_ISA && ++isa_serials > ISA_SERIALS_MAX)
                        return vb_device_error(&serial->base, VB_ERROR_UNSUPPORTED, error,
                                               "there are at most %d serial ports of type isa-serial",
                                               ISA_SERIALS_MAX);
        }
        return true;
}

/* A port that comes later than the console that it would be is no console: USB and PCI wait for drivers. */
static bool can_be_console(const VbSerial *serial)
{
        return serial->target != VB_SERIAL_TARGET_PCI && serial->target != VB_SERIAL_TARGET_USB &&
               serial->target != VB_SERIAL_TARGET_ISA_DEBUG;
}

static bool is_isa_port_used(const VbDomainDef *def, int port, const VbSerial *except)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                /* One without a type is going to be the machine's usual one. */
                if (serial && serial != except && serial->port == port &&
                    (serial->target == VB_SERIAL_TARGET_ISA || serial->target == VB_SERIAL_TARGET_UNSET))
                        return true;
        }
        return false;
}

static int free_isa_port(const VbDomainDef *def, const VbSerial *serial)
{
        int port = 0;

        while (is_isa_port_used(def, port, serial))
                port++;
        return port;
}

/* Those that say that they are isa-serial have the lowest numbers, COM1 first. */
static void number_isa_ports(VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (serial && serial->target == VB_SERIAL_TARGET_ISA && serial->port < 0)
                        serial->port = free_isa_port(def, serial);
        }
}

/* All others are counted on from the highest, of whatever type that is, as long as there are such ports. */
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
                }
                highest = MAX(highest, serial->port);
        }
        for (guint i = 0; i < def->devices->len; i++) {
                VbSerial *serial = as_serial(g_ptr_array_index(def->devices, i));

                if (!serial || serial->port >= 0)
                        continue;
                serial->port = highest + 1;
                if (serial->target == VB_SERIAL_TARGET_ISA && serial->port >= ISA_SERIALS_MAX)
                        serial->port = free_isa_port(def, serial);
                highest = MAX(highest, serial->port);
        }
        return true;
}

static void complete_console_ports(VbDomainDef *def)
{
        int highest = -1;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbConsole *console = as_console(g_ptr_array_index(def->devices, i));

                highest = console ? MAX(highest, console->port) : highest;
        }
        for (guint i = 0; i < def->devices->len; i++) {
                VbConsole *console = as_console(g_ptr_array_index(def->devices, i));

                if (console && console->port < 0)
                        console->port = ++highest;
        }
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
        number_isa_ports(def);
        if (!complete_targets(completion, error) || !complete_serial_ports(def, error))
                return false;
        if (!console && serial && can_be_console(serial)) {
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
        complete_console_ports(def);
        return true;
}
