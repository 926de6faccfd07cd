/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting network cards: names become what they mean here, and taps are opened. What this service cannot
 * make is refused here and not when the definition is: another host, or a later version, may well be able to.
 */
#include "domain/links.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>

#include "conf/interface.h"
#include "conf/vsock.h"
#include "host/tap.h"
#include "host/vhost.h"
#include "qemu/argv.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define VSOCK_DEVICE "/dev/vhost-vsock"
#define VDPA_PREFIX "/dev/vhost-vdpa-"

static void link_free(gpointer data)
{
        VbArgvLink *link = data;

        for (guint i = 0; i < link->n_fds; i++)
                vb_clear_fd(&link->fds[i]);
        for (guint i = 0; i < link->n_vhost; i++)
                vb_clear_fd(&link->vhost_fds[i]);
        g_free(link->fds);
        g_free(link->vhost_fds);
        g_free(link->alias);
        g_free(link);
}

/* The service opens what <backend> names with its own rights: for users that is no path of their choice,
 * whoever allowed the card. */
static bool check_path(const VbInterface *interface, const char *path, const char *usual, GError **error)
{
        return !path || g_str_equal(path, usual) ||
               vb_error_set(error, VB_ERROR_ACCESS_DENIED,
                            "%s: <backend> names %s, and only root's domains may have another device than %s",
                            interface->base.alias, path, usual);
}

static bool check_paths(const VbInterface *interface, const VbLinksHost *host, GError **error)
{
        const VbInterfaceBackend *backend = interface->parts.backend;

        return !host->users || !backend ||
               (check_path(interface, backend->tap, VB_INTERFACE_TAP_DEVICE, error) &&
                check_path(interface, backend->vhost, VB_INTERFACE_VHOST_DEVICE, error));
}

static bool refuse(const VbInterface *interface, GError **error, const char *what)
{
        return vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s cannot be connected: %s", interface->base.alias,
                            what);
}

/* What else of a card a tap does not have is refused before (domain/unmet.c). */
static bool check_scripts(const VbInterface *interface, GError **error)
{
        return (!interface->parts.script && !interface->parts.downscript) ||
               refuse(interface, error, "<script>: no programs are run for network cards");
}

static bool open_vhost(VbArgvLink *link, const VbInterface *interface, bool needed, GError **error)
{
        const VbInterfaceBackend *backend = interface->parts.backend;
        const char *device = backend && backend->vhost ? backend->vhost : VB_INTERFACE_VHOST_DEVICE;

        link->vhost_fds = g_new(int, link->n_fds);
        for (; link->n_vhost < link->n_fds; link->n_vhost++) {
                int fd = open(device, O_RDWR | O_CLOEXEC);

                if (fd < 0 && needed)
                        return vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno,
                                                  "%s: %s cannot be opened", interface->base.alias, device);
                if (fd < 0)
                        break;
                link->vhost_fds[link->n_vhost] = fd;
        }
        /* All of them or none. */
        while (link->n_vhost > 0 && link->n_vhost < link->n_fds)
                vb_clear_fd(&link->vhost_fds[--link->n_vhost]);
        return true;
}

/* The kernel's half of virtio: where it is asked for, and with KVM where it is there. */
static bool choose_vhost(VbArgvLink *link, const VbDomainDef *def, const VbInterface *interface,
                         GError **error)
{
        VbNetDriver name = interface->parts.driver ? interface->parts.driver->name : VB_NET_DRIVER_UNSET;

        if (!vb_interface_is_virtio(interface) || name == VB_NET_DRIVER_QEMU ||
            (name == VB_NET_DRIVER_UNSET && def->virt_type != VB_VIRT_KVM))
                return true;
        return open_vhost(link, interface, name == VB_NET_DRIVER_VHOST, error);
}

static uint32_t mtu_of(const VbInterface *interface)
{
        return interface->parts.mtu ? (uint32_t) interface->parts.mtu->number.value : 0;
}

static bool open_tap(VbArgvLink *link, const VbDomainDef *def, const VbInterface *interface,
                     const char *bridge, GError **error)
{
        const VbInterfaceTarget *target = interface->parts.target;
        const VbInterfaceBackend *backend = interface->parts.backend;
        g_autoptr(GError) problem = NULL;
        guint queues = vb_interface_queues(interface);
        char name[IFNAMSIZ];

        if (!check_scripts(interface, error))
                return false;
        if (interface->source.ips || interface->source.routes)
                return refuse(interface, error, "<source>: the host's end gets no <ip> and no <route>");
        link->kind = VB_ARGV_LINK_TAP;
        link->fds = g_new(int, queues);
        if (!vb_tap_open(&(VbTap){ .device = backend ? backend->tap : NULL,
                                   .name = target ? target->dev : NULL,
                                   .vnet_header = vb_interface_is_virtio(interface),
                                   .existing = target && target->managed == VB_TRISTATE_OFF,
                                   .bridge = bridge,
                                   .mtu = mtu_of(interface),
                                   .mac = interface->mac,
                                   .queues = queues },
                         link->fds, name, &problem))
                return vb_error_set(error, (VbError) problem->code, "%s: %s", interface->base.alias,
                                    problem->message);
        link->n_fds = queues;
        return choose_vhost(link, def, interface, error);
}

/* Its tap is a device on one of the host's cards, and there under a name that was planned before. */
static bool open_macvtap(VbArgvLink *link, const VbDomainDef *def, const VbInterface *interface,
                         GPtrArray *macvtaps, GError **error)
{
        VbGuestMacvtap *own = vb_macvtaps_find(macvtaps, interface->base.alias);
        guint queues = vb_interface_queues(interface);
        VbMacvtapOptions options = { .mtu = mtu_of(interface),
                                     .all_multicast = interface->trust_rx_filters == VB_TRISTATE_ON };
        g_autoptr(GError) problem = NULL;

        g_assert(own);
        if (!check_scripts(interface, error))
                return false;
        options.mode = own->mode;
        link->kind = VB_ARGV_LINK_TAP;
        link->fds = g_new(int, queues);
        if (!vb_macvtap_make(&own->macvtap, &options, &problem) ||
            !vb_macvtap_open(&own->macvtap, vb_interface_is_virtio(interface), queues, link->fds, &problem))
                return vb_error_set(error, (VbError) problem->code, "%s: %s", interface->base.alias,
                                    problem->message);
        link->n_fds = queues;
        return choose_vhost(link, def, interface, error);
}

static bool open_network(VbArgvLink *link, const VbDomainDef *def, const VbInterface *interface,
                         const VbLinksHost *host, GError **error)
{
        const VbNetwork *network = vb_networks_find(host->networks, interface->source.network);

        if (!network)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s cannot be connected: no network is called '%s'; the service's configuration "
                        "would say what it is, in a group [network %s]",
                        interface->base.alias, interface->source.network, interface->source.network);
        switch (network->kind) {
        case VB_NETWORK_BRIDGE:
                return open_tap(link, def, interface, network->device, error);
        case VB_NETWORK_DIRECT:
                return open_macvtap(link, def, interface, host->macvtaps, error);
        case VB_NETWORK_USER:
                link->kind = VB_ARGV_LINK_USER;
                return true;
        }
        g_assert_not_reached();
}

/* "/dev/vhost-vdpa-0", and nothing that somebody else could have put there. */
static bool is_vdpa_device(const char *path)
{
        return g_str_has_prefix(path, VDPA_PREFIX) && path[strlen(VDPA_PREFIX)] != '\0' &&
               strspn(path + strlen(VDPA_PREFIX), G_CSET_DIGITS) == strlen(path + strlen(VDPA_PREFIX));
}

static bool open_kernel(VbArgvLink *link, const char *alias, const char *path, const char *module,
                        GError **error)
{
        int fd = vb_vhost_open(path, module, error);

        if (fd < 0) {
                g_prefix_error(error, "%s: ", alias);
                return false;
        }
        link->kind = VB_ARGV_LINK_KERNEL;
        link->vhost_fds = g_new(int, 1);
        link->vhost_fds[link->n_vhost++] = fd;
        return true;
}

static bool open_vdpa(VbArgvLink *link, const VbInterface *interface, const VbLinksHost *host, GError **error)
{
        const char *path = interface->source.dev;

        return (host->users && !is_vdpa_device(path)) ||
               open_kernel(link, interface->base.alias, path, "vhost_vdpa", error);
}

/* The grant is for the number: without one, it is for the user to have the device. */
static bool open_vsock(VbArgvLink *link, const VbVsock *vsock, const VbLinksHost *host, GError **error)
{
        return (host->users && vsock->auto_cid) ||
               open_kernel(link, vsock->base.alias, VSOCK_DEVICE, "vhost_vsock", error);
}

/* True without a link for what QEMU connects by itself. */
static bool open_link(VbArgvLink *link, const VbDomainDef *def, const VbInterface *interface,
                      const VbLinksHost *host, GError **error)
{
        if (!check_paths(interface, host, error))
                return false;
        switch (interface->type) {
        case VB_INTERFACE_NETWORK:
                return open_network(link, def, interface, host, error);
        case VB_INTERFACE_BRIDGE:
                return open_tap(link, def, interface, interface->source.bridge, error);
        case VB_INTERFACE_ETHERNET:
                return open_tap(link, def, interface, NULL, error);
        case VB_INTERFACE_USER:
                link->kind = VB_ARGV_LINK_USER;
                return true;
        case VB_INTERFACE_DIRECT:
                return open_macvtap(link, def, interface, host->macvtaps, error);
        case VB_INTERFACE_VDPA:
                return open_vdpa(link, interface, host, error);
        case VB_INTERFACE_HOSTDEV:
                return refuse(interface, error,
                              "type='hostdev': this service does not give PCI devices to guests");
        default:
                return true;
        }
}

bool vb_links_are_needed(const VbDevice *device)
{
        return device->kind == VB_DEVICE_INTERFACE || device->kind == VB_DEVICE_VSOCK;
}

static bool add_link(GPtrArray *links, const VbDomainDef *def, const VbDevice *device,
                     const VbLinksHost *host, GError **error)
{
        VbArgvLink *link;

        if (!vb_links_are_needed(device))
                return true;
        link = g_new0(VbArgvLink, 1);
        link->alias = g_strdup(device->alias);
        g_ptr_array_add(links, link);
        return device->kind == VB_DEVICE_VSOCK
                       ? open_vsock(link, (const VbVsock *) device, host, error)
                       : open_link(link, def, (const VbInterface *) device, host, error);
}

GPtrArray *vb_links_open(const VbDomainDef *def, const VbLinksHost *host, GError **error)
{
        g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(link_free);

        for (guint i = 0; i < def->devices->len; i++)
                if (!add_link(links, def, g_ptr_array_index(def->devices, i), host, error))
                        return NULL;
        return g_steal_pointer(&links);
}

GPtrArray *vb_links_open_device(const VbDomainDef *def, const VbDevice *device, const VbLinksHost *host,
                                GError **error)
{
        g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(link_free);

        return add_link(links, def, device, host, error) ? g_steal_pointer(&links) : NULL;
}

void vb_links_append_fds(const GPtrArray *links, GArray *fds)
{
        for (guint i = 0; i < links->len; i++) {
                const VbArgvLink *link = g_ptr_array_index(links, i);

                g_array_append_vals(fds, link->fds, link->n_fds);
                g_array_append_vals(fds, link->vhost_fds, link->n_vhost);
        }
}
