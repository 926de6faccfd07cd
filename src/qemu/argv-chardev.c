/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's side of character devices. The notation is QEMU's old one, key=value: -chardev takes no JSON. */
#include "qemu/argv-chardev.h"

#include "conf/capabilities.h"
#include "qemu/argv-socket.h"
#include "util/error.h"

/* Where QEMU looks for the certificates of TLS connections, as libvirt has it. */
#define TLS_DIRECTORY "/etc/pki/qemu"

char *vb_argv_chardev_id(const char *alias)
{
        return g_strdup_printf("char%s", alias);
}

static void append(GString *option, const char *key, const char *value)
{
        g_autofree char *quoted = vb_argv_quote(value);

        g_string_append_printf(option, ",%s=%s", key, quoted);
}

static void append_tristate_if(GString *option, const char *key, VbTristate value)
{
        if (value != VB_TRISTATE_UNSET)
                append(option, key, vb_tristate_to_switch(value));
}

static void append_reconnect(GString *option, const VbChardev *source)
{
        if (source->reconnect != VB_TRISTATE_UNSET)
                g_string_append_printf(option, ",reconnect=%u", source->reconnect_timeout);
}

static bool append_path(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                        GError **error)
{
        append(option, "path", source->path);
        return true;
}

static bool append_file(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                        GError **error)
{
        append(option, "path", source->path);
        append_tristate_if(option, "append", source->append);
        return true;
}

static bool append_unix(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                        GError **error)
{
        g_autofree char *generated = vb_argv_socket_path(device, argv->context->sockets_dir);
        const char *path = generated ? generated : source->path;

        if (!vb_argv_check_socket(device, path, error))
                return false;
        append(option, "path", path);
        if (generated || source->listen)
                g_string_append(option, ",server=on,wait=off");
        append_reconnect(option, source);
        return true;
}

/* The certificates of a connection: the guest's side shows them, and checks the other's. */
static void add_tls(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source)
{
        g_autofree char *chardev = vb_argv_chardev_id(device->alias);
        g_autofree char *id = g_strdup_printf("obj%s_tls0", chardev);
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "qom-type", "tls-creds-x509");
        vb_json_set_string(object, "id", id);
        vb_json_set_string(object, "dir", TLS_DIRECTORY);
        vb_json_set_string(object, "endpoint", source->listen ? "server" : "client");
        vb_json_set_bool(object, "verify-peer", true);
        vb_argv_add_json(argv, "-object", object);
        append(option, "tls-creds", id);
}

static bool append_tcp(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                       GError **error)
{
        append(option, "host", source->host);
        append(option, "port", source->service);
        if (source->protocol == VB_CHARDEV_TELNET)
                g_string_append(option, ",telnet=on");
        if (source->listen)
                g_string_append(option, ",server=on,wait=off");
        append_reconnect(option, source);
        if (source->tls == VB_TRISTATE_ON)
                add_tls(argv, option, device, source);
        return true;
}

static bool append_udp(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                       GError **error)
{
        append(option, "host", source->host ? source->host : "");
        append(option, "port", source->service);
        append(option, "localaddr", source->local_host ? source->local_host : "");
        append(option, "localport", source->local_service ? source->local_service : "0");
        return true;
}

/* The name says who at the other end is meant. */
static bool append_spicevmc(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                            GError **error)
{
        append(option, "name",
               device->kind == VB_DEVICE_REDIRDEV    ? "usbredir"
               : device->kind == VB_DEVICE_SMARTCARD ? "smartcard"
                                                     : "vdagent");
        return true;
}

static bool append_channel(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                           GError **error)
{
        append(option, "name", source->channel);
        return true;
}

static bool append_vdagent(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                           GError **error)
{
        append(option, "name", "vdagent");
        append_tristate_if(option, "clipboard", source->clipboard);
        if (source->mouse != VB_MOUSE_UNSET)
                append(option, "mouse", source->mouse == VB_MOUSE_CLIENT ? "on" : "off");
        return true;
}

static const struct {
        const char *name; /* QEMU's */
        int capability;   /* VbCapability of an emulator that has it, -1: each has */
        bool (*append)(VbArgv *argv, GString *option, const VbDevice *device, const VbChardev *source,
                       GError **error); /* NULL: nothing more to say */
} backends[_VB_CHARDEV_MAX] = {
        [VB_CHARDEV_PTY] = { "pty", -1, NULL },
        [VB_CHARDEV_NULL] = { "null", -1, NULL },
        [VB_CHARDEV_VC] = { "vc", -1, NULL },
        [VB_CHARDEV_STDIO] = { "stdio", -1, NULL },
        [VB_CHARDEV_DEV] = { "serial", -1, append_path },
        [VB_CHARDEV_FILE] = { "file", -1, append_file },
        [VB_CHARDEV_PIPE] = { "pipe", -1, append_path },
        [VB_CHARDEV_UNIX] = { "socket", -1, append_unix },
        [VB_CHARDEV_TCP] = { "socket", -1, append_tcp },
        [VB_CHARDEV_UDP] = { "udp", -1, append_udp },
        [VB_CHARDEV_SPICEVMC] = { "spicevmc", VB_CAP_CHARDEV_SPICEVMC, append_spicevmc },
        [VB_CHARDEV_SPICEPORT] = { "spiceport", VB_CAP_CHARDEV_SPICEPORT, append_channel },
        [VB_CHARDEV_DBUS] = { "dbus", VB_CAP_CHARDEV_DBUS, append_channel },
        [VB_CHARDEV_VDAGENT] = { "qemu-vdagent", VB_CAP_CHARDEV_VDAGENT, append_vdagent },
};

char *vb_argv_add_chardev(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbChardev *source = vb_device_chardev(device);
        g_autofree char *id = vb_argv_chardev_id(device->alias);
        g_autofree char *quoted = vb_argv_quote(id);
        g_autoptr(GString) option = g_string_new(NULL);
        const char *backend = backends[source->type].name;

        if (backends[source->type].capability >= 0 &&
            !vb_emulator_facts_check(argv->context->emulator,
                                     (VbCapability) backends[source->type].capability, device->alias,
                                     device->line, error))
                return NULL;
        /* A device of the host's is a serial or a parallel port, as what is in front of it is. */
        if (source->type == VB_CHARDEV_DEV && device->kind == VB_DEVICE_PARALLEL)
                backend = "parallel";
        g_string_printf(option, "%s,id=%s", backend, quoted);
        if (backends[source->type].append &&
            !backends[source->type].append(argv, option, device, source, error))
                return NULL;
        if (source->log_file)
                append(option, "logfile", source->log_file);
        if (source->log_file)
                append_tristate_if(option, "logappend", source->log_append);
        vb_argv_add(argv, "-chardev", option->str);
        return g_steal_pointer(&id);
}
