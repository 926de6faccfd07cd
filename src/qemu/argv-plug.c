/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options as commands of the monitor. Those in JSON notation are the command's arguments as they are; those
 * in QEMU's old notation, KEY=VALUE with commas in values written twice, get the types that QMP has for them:
 * https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html */
#include "qemu/argv-plug.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"

/* KEY=VALUE pairs in their order; a key may come again. The first word may be a value alone, under "". */
typedef struct {
        char *key, *value;
} Pair;

static void pair_clear(gpointer data)
{
        g_free(((Pair *) data)->key);
        g_free(((Pair *) data)->value);
}

static GArray *split(const char *text)
{
        GArray *pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
        const char *at = text;

        g_array_set_clear_func(pairs, pair_clear);
        while (*at) {
                g_autoptr(GString) word = g_string_new(NULL);
                const char *equals;
                Pair pair;

                for (; *at && (*at != ',' || at[1] == ','); at++) {
                        g_string_append_c(word, *at);
                        at += *at == ',';
                }
                at += *at == ',';
                equals = strchr(word->str, '=');
                pair.key = equals ? g_strndup(word->str, (gsize) (equals - word->str)) : g_strdup("");
                pair.value = g_strdup(equals ? equals + 1 : word->str);
                g_array_append_val(pairs, pair);
        }
        return pairs;
}

static const char *find(const GArray *pairs, const char *key)
{
        for (guint i = 0; i < pairs->len; i++)
                if (g_str_equal(g_array_index(pairs, Pair, i).key, key))
                        return g_array_index(pairs, Pair, i).value;
        return NULL;
}

static void add_string(json_object *object, const char *key, const char *value)
{
        if (value)
                json_object_object_add(object, key, json_object_new_string(value));
}

static void add_switch(json_object *object, const char *key, const char *value)
{
        if (value)
                json_object_object_add(object, key, json_object_new_boolean(g_str_equal(value, "on")));
}

static void add_number(json_object *object, const char *key, const char *value)
{
        if (value)
                json_object_object_add(object, key, json_object_new_int64(g_ascii_strtoll(value, NULL, 10)));
}

/* A struct around one string, of which there is a list. */
static void add_texts(json_object *object, const char *key, const char *value)
{
        json_object *list = json_object_object_get(object, key), *item = json_object_new_object();

        if (!list) {
                list = json_object_new_array();
                json_object_object_add(object, key, list);
        }
        add_string(item, "str", value);
        json_object_array_add(list, item);
}

/* Keys of -netdev whose values are no strings. */
static const struct {
        const char *key;
        void (*add)(json_object *object, const char *key, const char *value);
} netdev_types[] = {
        { "vhost", add_switch },  { "vhostforce", add_switch }, { "ipv6-prefixlen", add_number },
        { "queues", add_number }, { "sndbuf", add_number },     { "server", add_switch },
        { "hostfwd", add_texts }, { "reconnect", add_number },
};

/* "addr.type" is a member of an object. */
static void add_netdev_pair(json_object *object, const char *key, const char *value)
{
        const char *dot = strchr(key, '.');

        if (dot) {
                g_autofree char *outer = g_strndup(key, (gsize) (dot - key));
                json_object *inner = json_object_object_get(object, outer);

                if (!inner) {
                        inner = json_object_new_object();
                        json_object_object_add(object, outer, inner);
                }
                add_string(inner, dot + 1, value);
                return;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(netdev_types); i++)
                if (g_str_equal(netdev_types[i].key, key)) {
                        netdev_types[i].add(object, key, value);
                        return;
                }
        add_string(object, *key ? key : "type", value);
}

static json_object *netdev_arguments(const char *text)
{
        g_autoptr(GArray) pairs = split(text);
        json_object *object = json_object_new_object();

        for (guint i = 0; i < pairs->len; i++)
                add_netdev_pair(object, g_array_index(pairs, Pair, i).key,
                                g_array_index(pairs, Pair, i).value);
        return object;
}

static json_object *tagged(const char *type, json_object *data)
{
        json_object *object = json_object_new_object();

        add_string(object, "type", type);
        json_object_object_add(object, "data", data);
        return object;
}

static json_object *inet(const char *host, const char *port)
{
        json_object *data = json_object_new_object();

        add_string(data, "host", host ? host : "");
        add_string(data, "port", port ? port : "0");
        return tagged("inet", data);
}

static void set_path(json_object *data, const GArray *pairs)
{
        add_string(data, "device", find(pairs, "path"));
}

static void set_file(json_object *data, const GArray *pairs)
{
        add_string(data, "out", find(pairs, "path"));
        add_switch(data, "append", find(pairs, "append"));
}

static void set_socket(json_object *data, const GArray *pairs)
{
        const char *path = find(pairs, "path"), *server = find(pairs, "server");
        json_object *address = NULL;

        if (path) {
                address = json_object_new_object();
                add_string(address, "path", path);
                address = tagged("unix", address);
        } else {
                address = inet(find(pairs, "host"), find(pairs, "port"));
        }
        json_object_object_add(data, "addr", address);
        /* The two notations have different defaults. */
        add_switch(data, "server", server ? server : "off");
        add_switch(data, "wait", find(pairs, "wait"));
        add_switch(data, "telnet", find(pairs, "telnet"));
        add_number(data, "reconnect", find(pairs, "reconnect"));
        add_string(data, "tls-creds", find(pairs, "tls-creds"));
}

static void set_udp(json_object *data, const GArray *pairs)
{
        json_object_object_add(data, "remote", inet(find(pairs, "host"), find(pairs, "port")));
        json_object_object_add(data, "local", inet(find(pairs, "localaddr"), find(pairs, "localport")));
}

static void set_spicevmc(json_object *data, const GArray *pairs)
{
        add_string(data, "type", find(pairs, "name"));
}

static void set_spiceport(json_object *data, const GArray *pairs)
{
        add_string(data, "fqdn", find(pairs, "name"));
}

static void set_dbus(json_object *data, const GArray *pairs)
{
        add_string(data, "name", find(pairs, "name"));
}

static void set_vdagent(json_object *data, const GArray *pairs)
{
        add_switch(data, "clipboard", find(pairs, "clipboard"));
        add_switch(data, "mouse", find(pairs, "mouse"));
}

static const struct {
        const char *backend;
        void (*set)(json_object *data, const GArray *pairs); /* NULL: there is nothing to say */
} chardevs[] = {
        { "pty", NULL },
        { "null", NULL },
        { "vc", NULL },
        { "file", set_file },
        { "serial", set_path },
        { "parallel", set_path },
        { "pipe", set_path },
        { "socket", set_socket },
        { "udp", set_udp },
        { "dbus", set_dbus },
        { "spicevmc", set_spicevmc },
        { "spiceport", set_spiceport },
        { "qemu-vdagent", set_vdagent },
};

/* NULL for a backend that only a start can have. */
static json_object *chardev_arguments(const char *text)
{
        g_autoptr(GArray) pairs = split(text);
        const char *backend = find(pairs, "");
        json_object *object, *data;

        for (gsize i = 0; i < G_N_ELEMENTS(chardevs); i++) {
                if (g_strcmp0(backend, chardevs[i].backend) != 0)
                        continue;
                data = json_object_new_object();
                if (chardevs[i].set)
                        chardevs[i].set(data, pairs);
                add_string(data, "logfile", find(pairs, "logfile"));
                add_switch(data, "logappend", find(pairs, "logappend"));
                object = json_object_new_object();
                add_string(object, "id", find(pairs, "id"));
                json_object_object_add(object, "backend", tagged(backend, data));
                return object;
        }
        return NULL;
}

static json_object *json_arguments(const char *text)
{
        return vb_json_parse(NULL, text, strlen(text), NULL);
}

/* @key: of the arguments that name it, and of those that take it back. */
static const struct {
        const char *option, *command, *key, *undo, *undo_key;
        json_object *(*arguments)(const char *text);
} plugs[] = {
        { "-blockdev", "blockdev-add", "node-name", "blockdev-del", "node-name", json_arguments },
        { "-object", "object-add", "id", "object-del", "id", json_arguments },
        { "-chardev", "chardev-add", "id", "chardev-remove", "id", chardev_arguments },
        { "-netdev", "netdev_add", "id", "netdev_del", "id", netdev_arguments },
        { "-device", "device_add", "id", "device_del", "id", json_arguments },
};

bool vb_argv_plug_init(VbArgvPlug *plug, const char *option, const char *value, GError **error)
{
        for (gsize i = 0; i < G_N_ELEMENTS(plugs); i++) {
                g_autoptr(json_object) arguments = NULL;
                const char *name;

                if (!g_str_equal(option, plugs[i].option))
                        continue;
                arguments = plugs[i].arguments(value);
                if (!vb_json_get_string(arguments, plugs[i].key, &name))
                        break;
                *plug = (VbArgvPlug){ .command = plugs[i].command,
                                      .undo = plugs[i].undo,
                                      .undo_key = plugs[i].undo_key,
                                      .name = g_strdup(name) };
                plug->arguments = g_steal_pointer(&arguments);
                return true;
        }
        return vb_error_set(error, VB_ERROR_UNSUPPORTED, "it needs a %s of a kind that only a start can make",
                            *option == '-' ? option + 1 : option);
}

void vb_argv_plug_clear(VbArgvPlug *plug)
{
        json_object_put(plug->arguments);
        g_free(plug->name);
        *plug = (VbArgvPlug){ 0 };
}

json_object *vb_argv_plug_undo(const VbArgvPlug *plug)
{
        json_object *object = json_object_new_object();

        add_string(object, plug->undo_key, plug->name);
        return object;
}
