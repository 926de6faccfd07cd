/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial and parallel ports, consoles and channels: a character device of the host's and the port that shows
 * it to the guest. */
#include "conf/serial.h"

#include "conf/channel.h"
#include "qemu/argv-chardev.h"

/* @object may be NULL, for a -device that could not be made. Takes it over. */
static bool add_port(VbArgv *argv, const VbDevice *device, json_object *object, GError **error)
{
        g_autofree char *id = object ? vb_argv_add_chardev(argv, device, error) : NULL;

        if (!id) {
                json_object_put(object);
                return false;
        }
        vb_json_set_string(object, "chardev", id);
        vb_argv_add_device(argv, device, object);
        return true;
}

static void set_isa_address(json_object *object, const VbDevice *device)
{
        if (device->address.type != VB_ADDRESS_ISA)
                return;
        vb_json_set_positive_if(object, "iobase", device->address.isa.iobase);
        vb_json_set_positive_if(object, "irq", device->address.isa.irq);
}

static bool build_serial(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbSerial *serial = (const VbSerial *) device;
        json_object *object = NULL;

        /* A port of the board's own is there already, and is told what it is connected to. */
        if (serial->target == VB_SERIAL_TARGET_SYSTEM) {
                g_autofree char *id = vb_argv_add_chardev(argv, device, error);
                g_autofree char *value = id ? g_strconcat("chardev:", id, NULL) : NULL;

                if (value)
                        vb_argv_add(argv, "-serial", value);
                return value != NULL;
        }
        object = vb_argv_device_new(argv, device, error);
        if (object && serial->target == VB_SERIAL_TARGET_ISA)
                vb_json_set_uint(object, "index", (uint64_t) serial->port);
        if (object)
                set_isa_address(object, device);
        return add_port(argv, device, object, error);
}

static bool build_parallel(VbArgv *argv, const VbDevice *device, GError **error)
{
        json_object *object = vb_argv_device_new(argv, device, error);

        if (object)
                set_isa_address(object, device);
        return add_port(argv, device, object, error);
}

static bool build_console(VbArgv *argv, const VbDevice *device, GError **error)
{
        if (((const VbConsole *) device)->target == VB_CONSOLE_TARGET_SERIAL)
                return true; /* the first <serial> is the real thing */
        return add_port(argv, device, vb_argv_device_new(argv, device, error), error);
}

/* A network of the guest's own, on which somebody else answers at one address. */
static bool add_guestfwd(VbArgv *argv, const VbChannel *channel, GError **error)
{
        g_autofree char *id = vb_argv_add_chardev(argv, &channel->base, error);
        g_autofree char *chardev = id ? vb_argv_quote(id) : NULL;
        g_autofree char *netdev = vb_argv_quote(channel->base.alias), *value = NULL;

        if (!id)
                return false;
        value = g_strdup_printf("user,guestfwd=tcp:%s:%u-chardev:%s,id=%s", channel->address, channel->port,
                                chardev, netdev);
        vb_argv_add(argv, "-netdev", value);
        return true;
}

static bool build_channel(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbChannel *channel = (const VbChannel *) device;
        json_object *object = NULL;

        if (channel->target == VB_CHANNEL_TARGET_GUESTFWD)
                return add_guestfwd(argv, channel, error);
        object = vb_argv_device_new(argv, device, error);
        if (object)
                vb_json_set_string_if(object, "name", channel->name);
        return add_port(argv, device, object, error);
}

const VbArgvClass vb_argv_serial = { .build = build_serial };
const VbArgvClass vb_argv_parallel = { .build = build_parallel };
const VbArgvClass vb_argv_console = { .build = build_console };
const VbArgvClass vb_argv_channel = { .build = build_channel };
