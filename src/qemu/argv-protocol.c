/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of an image are, in the words of the emulator's drivers: one row per type of storage, and
 * one per network protocol. */
#include <string.h>

#include "qemu/argv-blockdev.h"
#include "util/error.h"

#define URI_PATH_ALLOWED "/!$&'()*+,;=:@"

typedef struct {
        VbArgv *argv;
        const VbDevice *device; /* whose storage it is */
        const VbStorage *storage;
        const VbStorageSource *source;
        json_object *object;
        GError **error;
} Node;

static const VbStorageHost *host_at(const Node *node, guint i)
{
        return g_ptr_array_index(node->source->hosts, i);
}

/* Adds a secret that the node's storage needs, under @key. */
static bool set_secret(const Node *node, const char *key, const char *what, const VbSecretRef *secret)
{
        g_autofree char *id = vb_argv_add_secret(node->argv, node->device, what,
                                                 vb_storage_index(node->storage), secret, node->error);

        if (id)
                vb_json_set_string(node->object, key, id);
        return id != NULL;
}

static json_object *new_server(const VbStorageHost *host, bool typed)
{
        json_object *server = json_object_new_object();
        g_autofree char *port = g_strdup_printf("%" G_GUINT64_FORMAT, host->port.value);

        if (host->transport == VB_TRANSPORT_UNIX) {
                vb_json_set_string(server, "type", "unix");
                vb_json_set_string(server, "path", host->socket);
                return server;
        }
        if (typed)
                vb_json_set_string(server, "type", "inet");
        vb_json_set_string(server, "host", host->name);
        vb_json_set_string(server, "port", port);
        return server;
}

static void set_servers(const Node *node, bool typed)
{
        json_object *servers = NULL;

        if (vb_list_length(node->source->hosts) == 0)
                return;
        servers = json_object_new_array();
        for (guint i = 0; i < node->source->hosts->len; i++)
                json_object_array_add(servers, new_server(host_at(node, i), typed));
        json_object_object_add(node->object, "server", servers);
}

/* Certificates are found where QEMU's documentation has them. */
static void set_tls(const Node *node)
{
        g_autofree char *id = vb_argv_node_name(node->device, "tls", vb_storage_index(node->storage));
        json_object *credentials = json_object_new_object();

        vb_json_set_string(credentials, "qom-type", "tls-creds-x509");
        vb_json_set_string(credentials, "id", id);
        vb_json_set_string(credentials, "dir", "/etc/pki/qemu");
        vb_json_set_string(credentials, "endpoint", "client");
        vb_json_set_bool(credentials, "verify-peer", true);
        vb_argv_add_json(node->argv, "-object", credentials);
        vb_json_set_string(node->object, "tls-creds", id);
        vb_json_set_string_if(node->object, "tls-hostname", node->source->tls_hostname);
}

static bool set_nbd(const Node *node)
{
        json_object_object_add(node->object, "server", new_server(host_at(node, 0), true));
        vb_json_set_string_if(node->object, "export", node->source->name);
        if (node->source->tls == VB_TRISTATE_ON)
                set_tls(node);
        if (node->source->reconnect_delay)
                vb_json_set_uint(node->object, "reconnect-delay",
                                 node->source->reconnect_delay->number.value);
        return true;
}

static bool set_rbd(const Node *node)
{
        static const char *const formats[] = { NULL, "luks", "luks2" };
        const VbStorageSource *source = node->source;
        g_auto(GStrv) parts = g_strsplit(source->name, "/", 3);
        guint n = g_strv_length(parts);

        vb_json_set_string(node->object, "pool", parts[0]);
        if (n == 3)
                vb_json_set_string(node->object, "namespace", parts[1]);
        vb_json_set_string(node->object, "image", parts[n - 1]);
        if (source->snapshot)
                vb_json_set_string(node->object, "snapshot", source->snapshot->text);
        if (source->config)
                vb_json_set_string(node->object, "conf", source->config->text);
        set_servers(node, false);
        if (source->encryption && source->encryption->engine == VB_ENGINE_LIBRBD) {
                g_autofree char *id =
                        vb_argv_add_secret(node->argv, node->device, "luks", vb_storage_index(node->storage),
                                           source->encryption->secret, node->error);
                json_object *encrypt = NULL;

                if (!id)
                        return false;
                encrypt = json_object_new_object();
                vb_json_set_string(encrypt, "format", formats[source->encryption->format]);
                vb_json_set_string(encrypt, "key-secret", id);
                json_object_object_add(node->object, "encrypt", encrypt);
        }
        if (source->auth) {
                json_object *ways = json_object_new_array();

                vb_json_set_string(node->object, "user", source->auth->username);
                json_object_array_add(ways, json_object_new_string("cephx"));
                json_object_array_add(ways, json_object_new_string("none"));
                json_object_object_add(node->object, "auth-client-required", ways);
                return set_secret(node, "key-secret", "auth", source->auth->secret);
        }
        return true;
}

static char *host_and_port(const VbStorageHost *host)
{
        bool is_ipv6 = strchr(host->name, ':') && *host->name != '[';

        return g_strdup_printf(is_ipv6 ? "[%s]:%" G_GUINT64_FORMAT : "%s:%" G_GUINT64_FORMAT, host->name,
                               host->port.value);
}

static bool set_iscsi(const Node *node)
{
        const VbStorageSource *source = node->source;
        const char *slash = strrchr(source->name, '/');
        g_autofree char *portal = host_and_port(host_at(node, 0));
        g_autofree char *target = g_strndup(source->name, (gsize) (slash - source->name));

        vb_json_set_string(node->object, "portal", portal);
        vb_json_set_string(node->object, "target", target);
        vb_json_set_uint(node->object, "lun", g_ascii_strtoull(slash + 1, NULL, 10));
        vb_json_set_string(node->object, "transport", "tcp");
        if (source->initiator)
                vb_json_set_string(node->object, "initiator-name", source->initiator->child->text);
        if (!source->auth)
                return true;
        vb_json_set_string(node->object, "user", source->auth->username);
        return set_secret(node, "password-secret", "auth", source->auth->secret);
}

static bool set_gluster(const Node *node)
{
        const char *slash = strchr(node->source->name, '/');
        g_autofree char *volume = g_strndup(node->source->name, (gsize) (slash - node->source->name));

        vb_json_set_string(node->object, "volume", volume);
        vb_json_set_string(node->object, "path", slash + 1);
        set_servers(node, true);
        return true;
}

static bool set_nfs(const Node *node)
{
        const VbNfsIdentity *identity = node->source->identity;
        json_object *server = json_object_new_object();

        vb_json_set_string(server, "host", host_at(node, 0)->name);
        vb_json_set_string(server, "type", "inet");
        json_object_object_add(node->object, "server", server);
        vb_json_set_string(node->object, "path", node->source->name);
        /* Numbers, with or without a plus sign. */
        if (identity && identity->user)
                vb_json_set_uint(node->object, "user", g_ascii_strtoull(identity->user, NULL, 10));
        if (identity && identity->group)
                vb_json_set_uint(node->object, "group", g_ascii_strtoull(identity->group, NULL, 10));
        return true;
}

static bool set_ssh(const Node *node)
{
        vb_json_set_string(node->object, "path", node->source->name);
        json_object_object_add(node->object, "server", new_server(host_at(node, 0), false));
        if (node->source->identity)
                vb_json_set_string(node->object, "user", node->source->identity->user);
        return true;
}

/* "NAME=VALUE; NAME=VALUE", as in the header that they are sent in. */
static bool set_cookies(const Node *node)
{
        const VbDevice *device = node->device;
        unsigned index = vb_storage_index(node->storage);
        g_autofree char *name = index > 0 ? g_strdup_printf("%s-cookies%u", device->alias, index)
                                          : g_strconcat(device->alias, "-cookies", NULL);
        g_autofree char *id = NULL;

        if (!vb_argv_add_secret_if_given(node->argv, device, "cookie", index, name, &id, node->error))
                return false;
        if (id)
                vb_json_set_string(node->object, "cookie-secret", id);
        return true;
}

/* http, https, ftp, ftps: all that curl does. */
static bool set_url(const Node *node)
{
        const VbStorageSource *source = node->source;
        g_autofree char *host = host_and_port(host_at(node, 0));
        g_autofree char *path = g_uri_escape_string(source->name, URI_PATH_ALLOWED, false);
        g_autofree char *url = g_strdup_printf("%s://%s%s%s%s%s", vb_protocol_words[source->protocol], host,
                                               *path == '/' ? "" : "/", path, source->query ? "?" : "",
                                               source->query ? source->query : "");

        vb_json_set_string(node->object, "url", url);
        if (source->ssl)
                vb_json_set_bool(node->object, "sslverify", source->ssl->yes_no == VB_TRISTATE_ON);
        if (source->timeout)
                vb_json_set_uint(node->object, "timeout", source->timeout->number.value);
        if (source->readahead)
                vb_json_set_uint(node->object, "readahead", source->readahead->number.value);
        if ((source->protocol == VB_PROTOCOL_HTTP || source->protocol == VB_PROTOCOL_HTTPS) &&
            !set_cookies(node))
                return false;
        if (!source->auth)
                return true;
        vb_json_set_string(node->object, "username", source->auth->username);
        return set_secret(node, "password-secret", "auth", source->auth->secret);
}

static const struct {
        const char *driver;
        bool (*set)(const Node *node);
} protocols[_VB_PROTOCOL_MAX] = {
        [VB_PROTOCOL_NBD] = { "nbd", set_nbd },       [VB_PROTOCOL_RBD] = { "rbd", set_rbd },
        [VB_PROTOCOL_ISCSI] = { "iscsi", set_iscsi }, [VB_PROTOCOL_GLUSTER] = { "gluster", set_gluster },
        [VB_PROTOCOL_NFS] = { "nfs", set_nfs },       [VB_PROTOCOL_SSH] = { "ssh", set_ssh },
        [VB_PROTOCOL_HTTP] = { "http", set_url },     [VB_PROTOCOL_HTTPS] = { "https", set_url },
        [VB_PROTOCOL_FTP] = { "ftp", set_url },       [VB_PROTOCOL_FTPS] = { "ftps", set_url },
};

static bool set_network(const Node *node)
{
        vb_json_set_string(node->object, "driver", protocols[node->source->protocol].driver);
        return protocols[node->source->protocol].set(node);
}

static bool set_file(const Node *node)
{
        vb_json_set_string(node->object, "driver", "file");
        vb_json_set_string(node->object, "filename", node->source->path);
        return true;
}

/* A process beside the emulator that may ask for reservations on a SCSI unit. */
static void set_reservations(const Node *node)
{
        const VbReservations *reservations = node->source->reservations;
        g_autofree char *id = vb_argv_node_name(node->device, "pr", vb_storage_index(node->storage));
        g_autofree char *own = g_strdup_printf("%s/pr-helper0.sock", node->argv->context->sockets_dir);
        json_object *manager = json_object_new_object();

        vb_json_set_string(manager, "qom-type", "pr-manager-helper");
        vb_json_set_string(manager, "id", id);
        vb_json_set_string(manager, "path", reservations->source ? reservations->source->path : own);
        vb_argv_add_json(node->argv, "-object", manager);
        vb_json_set_string(node->object, "pr-manager", id);
}

static bool set_block(const Node *node)
{
        vb_json_set_string(node->object, "driver", "host_device");
        vb_json_set_string(node->object, "filename", node->source->path);
        if (node->source->reservations)
                set_reservations(node);
        return true;
}

static bool set_dir(const Node *node)
{
        vb_json_set_string(node->object, "driver", "vvfat");
        vb_json_set_string(node->object, "dir", node->source->path);
        vb_json_set_bool(node->object, "floppy", ((const VbDisk *) node->device)->device == VB_DISK_FLOPPY);
        vb_json_set_bool(node->object, "rw", false);
        return true;
}

static bool set_nvme(const Node *node)
{
        const VbPciAddress *pci = &node->source->nvme_address;
        g_autofree char *device =
                g_strdup_printf("%04x:%02x:%02x.%x", pci->domain, pci->bus, pci->slot, pci->function);

        vb_json_set_string(node->object, "driver", "nvme");
        vb_json_set_string(node->object, "device", device);
        vb_json_set_uint(node->object, "namespace", node->source->nvme_namespace.value);
        return true;
}

/* Only a pool knows where a volume is, and a start is refused: this shows what would be there. */
static bool set_volume(const Node *node)
{
        g_autofree char *path = g_strdup_printf("%s/%s", node->source->pool, node->source->volume);

        vb_json_set_string(node->object, "driver", "file");
        vb_json_set_string(node->object, "filename", path);
        return true;
}

static bool (*const setters[_VB_STORAGE_MAX])(const Node *node) = {
        [VB_STORAGE_FILE] = set_file, [VB_STORAGE_BLOCK] = set_block,     [VB_STORAGE_DIR] = set_dir,
        [VB_STORAGE_NVME] = set_nvme, [VB_STORAGE_NETWORK] = set_network, [VB_STORAGE_VOLUME] = set_volume,
};

json_object *vb_argv_storage_node(VbArgv *argv, const VbDevice *device, const VbStorage *storage,
                                  GError **error)
{
        g_autoptr(json_object) object = json_object_new_object();
        const Node node = {
                .argv = argv,
                .device = device,
                .storage = storage,
                .source = storage->source,
                .object = object,
                .error = error,
        };

        return setters[storage->type](&node) ? g_steal_pointer(&object) : NULL;
}
