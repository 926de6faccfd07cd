/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serial ports and consoles: a character device of the host's and the port that shows it to the guest; and
 * where the sockets are that we make ourselves. */
#include "conf/chardev.h"

#include "qemu/argv-builder.h"
#include "qemu/argv-socket.h"
#include "util/error.h"

char *vb_argv_chardev_id(const char *alias)
{
        return g_strdup_printf("char%s", alias);
}

static char *socket_option(const VbArgv *argv, const VbDevice *device, const VbChardev *source,
                           const char *id, GError **error)
{
        g_autofree char *generated = vb_argv_socket_path(device, argv->context->sockets_dir);
        const char *path = generated ? generated : source->path;
        g_autofree char *quoted = NULL;

        if (!vb_argv_check_socket(device, path, error))
                return NULL;
        quoted = vb_argv_quote(path);
        return g_strdup_printf("socket,id=%s,path=%s%s", id, quoted,
                               generated || source->listen ? ",server=on,wait=off" : "");
}

static char *chardev_option(const VbArgv *argv, const VbDevice *device, const VbChardev *source,
                            GError **error)
{
        g_autofree char *name = vb_argv_chardev_id(device->alias);
        g_autofree char *id = vb_argv_quote(name);
        g_autofree char *path = NULL;

        switch (source->type) {
        case VB_CHARDEV_PTY:
                return g_strdup_printf("pty,id=%s", id);
        case VB_CHARDEV_NULL:
                return g_strdup_printf("null,id=%s", id);
        case VB_CHARDEV_FILE:
                path = vb_argv_quote(source->path);
                return g_strdup_printf("file,id=%s,path=%s%s", id, path, source->append ? ",append=on" : "");
        case VB_CHARDEV_UNIX:
                return socket_option(argv, device, source, id, error);
        case _VB_CHARDEV_MAX:
                break;
        }
        g_assert_not_reached();
}

static bool add_port(VbArgv *argv, const VbDevice *device, const VbChardev *source, int isa_index,
                     GError **error)
{
        json_object *object = vb_argv_device_new(argv, device, error);
        g_autofree char *id = NULL, *option = NULL;

        if (!object)
                return false;
        option = chardev_option(argv, device, source, error);
        if (!option) {
                json_object_put(object);
                return false;
        }
        id = vb_argv_chardev_id(device->alias);
        vb_argv_add(argv, "-chardev", option);
        vb_json_set_string(object, "chardev", id);
        if (isa_index >= 0)
                vb_json_set_uint(object, "index", (uint64_t) isa_index);
        vb_argv_add_device(argv, device, object);
        return true;
}

static bool build_serial(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbSerial *serial = (const VbSerial *) device;

        return add_port(argv, device, &serial->source,
                        serial->target == VB_SERIAL_TARGET_ISA ? serial->port : -1, error);
}

static bool build_console(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbConsole *console = (const VbConsole *) device;

        if (console->target == VB_CONSOLE_TARGET_SERIAL)
                return true; /* the first <serial> is the real thing */
        return add_port(argv, device, &console->source, -1, error);
}

const VbArgvClass vb_argv_serial = { .build = build_serial };
const VbArgvClass vb_argv_console = { .build = build_console };
