/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is behind a network card: one of QEMU's backends for each type of <interface>. They are in key=value
 * notation: -netdev takes JSON from QEMU 7.2 on only. */
#include "qemu/argv-netdev.h"

#include <arpa/inet.h>

#include "conf/capabilities.h"
#include "util/error.h"

/* Every forwarded port is a socket that QEMU opens when it starts. */
#define FORWARDS_MAX 1024

static void append(GString *option, const char *key, const char *value)
{
        g_autofree char *quoted = value ? vb_argv_quote(value) : NULL;

        if (value)
                g_string_append_printf(option, ",%s=%s", key, quoted);
}

/* "address:port"; QEMU takes none for all addresses. */
static void append_end(GString *option, const char *key, const char *address, VbNumber port)
{
        g_string_append_printf(option, ",%s=%s:%u", key, address ? address : "", (unsigned) port.value);
}

static void append_ips(GString *option, const VbInterface *interface)
{
        for (guint i = 0; i < vb_list_length(interface->parts.ips); i++) {
                const VbInterfaceIp *ip = g_ptr_array_index(interface->parts.ips, i);

                if (ip->family == VB_IPV4) {
                        append(option, "net", ip->address);
                        if (ip->prefix.given)
                                g_string_append_printf(option, "/%u", (unsigned) ip->prefix.value);
                } else {
                        append(option, "ipv6-prefix", ip->address);
                        if (ip->prefix.given)
                                g_string_append_printf(option, ",ipv6-prefixlen=%u",
                                                       (unsigned) ip->prefix.value);
                }
        }
}

/* The port inside that @port of the host leads to, 0 for none: the last range that has it decides. */
static uint64_t forwarded_port(const VbPortForward *forward, uint64_t port)
{
        uint64_t to = vb_list_length(forward->ranges) == 0 ? port : 0;

        for (guint i = 0; i < vb_list_length(forward->ranges); i++) {
                const VbPortRange *range = g_ptr_array_index(forward->ranges, i);
                uint64_t last = range->end.given ? range->end.value : range->start.value;

                if (port < range->start.value || port > last)
                        continue;
                if (range->exclude == VB_TRISTATE_ON)
                        return 0;
                to = range->to.given ? range->to.value + (port - range->start.value) : port;
        }
        return to;
}

static bool append_forward(GString *option, const VbInterface *interface, const VbPortForward *forward,
                           unsigned *n, GError **error)
{
        struct in_addr address;

        if (forward->dev || (forward->address && inet_pton(AF_INET, forward->address, &address) != 1))
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, forward->line,
                                       "%s: <portForward> with a dev='...' or an IPv6 address needs "
                                       "<backend type='passt'/>",
                                       interface->base.alias);
        for (uint64_t port = 1; port <= UINT16_MAX; port++) {
                uint64_t to = forwarded_port(forward, port);

                if (to == 0)
                        continue;
                if (++*n > FORWARDS_MAX)
                        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, forward->line,
                                               "%s: more than %d forwarded ports need <backend "
                                               "type='passt'/>",
                                               interface->base.alias, FORWARDS_MAX);
                g_string_append_printf(option, ",hostfwd=%s:%s:%u-:%u",
                                       forward->protocol == VB_PORT_FORWARD_UDP ? "udp" : "tcp",
                                       forward->address ? forward->address : "", (unsigned) port,
                                       (unsigned) to);
        }
        return true;
}

/* QEMU's own user-mode network. */
static bool append_slirp(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        unsigned n = 0;

        g_string_append(option, "user");
        append_ips(option, interface);
        for (guint i = 0; i < vb_list_length(interface->parts.forwards); i++)
                if (!append_forward(option, interface, g_ptr_array_index(interface->parts.forwards, i), &n,
                                    error))
                        return false;
        return vb_emulator_facts_check(argv->context->emulator, VB_CAP_NETDEV_USER, interface->base.alias,
                                       interface->base.line, error);
}

/* Its own process, on the other end of a socket. */
static bool append_passt(VbArgv *argv, GString *option, const VbInterface *interface, const char *path,
                         GError **error)
{
        int fd = vb_argv_end(argv, &interface->base);

        if (fd >= 0) {
                g_string_append_printf(option, "stream,addr.type=fd,addr.str=%d,server=off", fd);
        } else {
                g_string_append(option, "stream,addr.type=unix,server=off");
                append(option, "addr.path", path);
        }
        return vb_emulator_facts_check(argv->context->emulator, VB_CAP_NETDEV_STREAM, interface->base.alias,
                                       interface->base.line, error);
}

static bool append_user(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        const VbInterfaceBackend *backend = interface->parts.backend;
        g_autofree char *path = NULL;

        if (vb_argv_end(argv, &interface->base) >= 0)
                return append_passt(argv, option, interface, NULL, error);
        if (!backend || backend->type == 0)
                return append_slirp(argv, option, interface, error);
        path = g_strdup_printf("%s/%s-passt", argv->context->sockets_dir, interface->base.alias);
        return append_passt(argv, option, interface, path, error);
}

char *vb_argv_fd_name(const char *alias, bool vhost, guint index)
{
        return g_strdup_printf("%s-%s-%u", vhost ? "vhostfd" : "fd", alias, index);
}

/* One descriptor for each pair of queues: its number, or, for an emulator that runs, its name. In a dry run
 * there is none, and any number stands for it. */
static void append_fds(VbArgv *argv, GString *option, const VbInterface *interface, bool vhost,
                       const int *fds, guint n)
{
        g_string_append_printf(option, ",%s%s=", vhost ? "vhostfd" : "fd", n > 1 ? "s" : "");
        for (guint i = 0; i < n; i++) {
                g_autofree char *name = vb_argv_fd_name(interface->base.alias, vhost, i);

                g_string_append(option, i > 0 ? ":" : "");
                if (argv->context->attaching)
                        g_string_append(option, name);
                else
                        g_string_append_printf(option, "%d", fds ? fds[i] : argv->next_fd++);
        }
}

static bool append_tap(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        const VbInterfaceDriver *driver = interface->parts.driver;
        const VbArgvLink *link = vb_argv_link(argv, &interface->base);
        guint n = vb_interface_queues(interface);
        bool vhost =
                link ? link->n_vhost > 0
                     : driver && driver->name == VB_NET_DRIVER_VHOST && vb_interface_is_virtio(interface);

        g_string_append(option, "tap");
        append_fds(argv, option, interface, false, link ? link->fds : NULL, link ? link->n_fds : n);
        if (vhost) {
                g_string_append(option, ",vhost=on");
                append_fds(argv, option, interface, true, link ? link->vhost_fds : NULL,
                           link ? link->n_vhost : n);
        }
        if (interface->parts.tune && interface->parts.tune->number.given)
                g_string_append_printf(option, ",sndbuf=%u", (unsigned) interface->parts.tune->number.value);
        return true;
}

/* What a name means is known when the guest starts; a dry run shows the network that needs nothing. */
static bool append_network(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        const VbArgvLink *link = vb_argv_link(argv, &interface->base);

        return link && link->kind == VB_ARGV_LINK_TAP ? append_tap(argv, option, interface, error)
                                                      : append_user(argv, option, interface, error);
}

static bool append_vdpa(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        const VbEmulatorFacts *emulator = argv->context->emulator;
        g_autofree char *fd = vb_argv_link_fd(argv, &interface->base);

        g_string_append(option, "vhost-vdpa");
        /* QEMU takes a descriptor from 7.1 on. */
        if (fd && vb_emulator_facts_has(emulator, VB_CAP_NETDEV_VHOST_VDPA_FD))
                append(option, "vhostfd", fd);
        else
                append(option, "vhostdev", interface->source.dev);
        if (vb_interface_queues(interface) > 1)
                g_string_append_printf(option, ",queues=%u", vb_interface_queues(interface));
        return vb_emulator_facts_check(argv->context->emulator, VB_CAP_NETDEV_VHOST_VDPA,
                                       interface->base.alias, interface->base.line, error);
}

static bool append_vhostuser(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        const VbInterfaceSource *source = &interface->source;
        g_autofree char *id = vb_argv_chardev_id(interface->base.alias);
        g_autofree char *quoted = vb_argv_quote(id), *path = vb_argv_quote(source->path);
        g_autoptr(GString) chardev = g_string_new(NULL);

        g_string_printf(chardev, "socket,id=%s,path=%s", quoted, path);
        if (source->role == VB_VHOSTUSER_SERVER)
                g_string_append(chardev, ",server=on");
        if (source->reconnect)
                g_string_append_printf(chardev, ",reconnect=%u", (unsigned) source->reconnect->timeout.value);
        vb_argv_add(argv, "-chardev", chardev->str);
        g_string_append(option, "vhost-user");
        append(option, "chardev", id);
        if (vb_interface_queues(interface) > 1)
                g_string_append_printf(option, ",queues=%u", vb_interface_queues(interface));
        return vb_emulator_facts_check(argv->context->emulator, VB_CAP_NETDEV_VHOST_USER,
                                       interface->base.alias, interface->base.line, error);
}

static bool append_socket(VbArgv *argv, GString *option, const VbInterface *interface, GError **error)
{
        static const char *const keys[_VB_INTERFACE_TYPE_MAX] = {
                [VB_INTERFACE_SERVER] = "listen",
                [VB_INTERFACE_CLIENT] = "connect",
                [VB_INTERFACE_MCAST] = "mcast",
                [VB_INTERFACE_UDP] = "udp",
        };
        const VbInterfaceSource *source = &interface->source;

        g_string_append(option, "socket");
        append_end(option, keys[interface->type], source->address, source->port);
        if (source->local)
                append_end(option, "localaddr", source->local->address, source->local->port);
        return true;
}

static bool (*const appenders[_VB_INTERFACE_TYPE_MAX])(VbArgv *, GString *, const VbInterface *,
                                                       GError **) = {
        [VB_INTERFACE_USER] = append_user,           [VB_INTERFACE_NETWORK] = append_network,
        [VB_INTERFACE_BRIDGE] = append_tap,          [VB_INTERFACE_ETHERNET] = append_tap,
        [VB_INTERFACE_DIRECT] = append_tap,          [VB_INTERFACE_VDPA] = append_vdpa,
        [VB_INTERFACE_VHOSTUSER] = append_vhostuser, [VB_INTERFACE_SERVER] = append_socket,
        [VB_INTERFACE_CLIENT] = append_socket,       [VB_INTERFACE_MCAST] = append_socket,
        [VB_INTERFACE_UDP] = append_socket,
};

bool vb_argv_add_netdev(VbArgv *argv, const VbInterface *interface, const char *id, GError **error)
{
        g_autoptr(GString) option = g_string_new(NULL);

        if (!appenders[interface->type](argv, option, interface, error))
                return false;
        append(option, "id", id);
        vb_argv_add(argv, "-netdev", option->str);
        return true;
}
