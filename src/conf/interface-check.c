/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cannot be said of every <interface>: which element goes with which type and model. */
#include "conf/complete-steps.h"
#include "conf/interface.h"

#define TYPE(name) (1U << VB_INTERFACE_##name)
#define TAPS (TYPE(NETWORK) | TYPE(BRIDGE) | TYPE(ETHERNET) | TYPE(DIRECT))

/* In QEMU's user-mode network. */
#define SLIRP_PREFIX_MIN 4
#define SLIRP_PREFIX_MAX 27
#define SLIRP_PREFIX_IPV6 64

/* Elements that only some types have; libvirt's rules. */
static const struct {
        const char *element;
        size_t offset; /* of the pointer in VbInterfaceParts */
        unsigned types;
} rules[] = {
        { "mtu", offsetof(VbInterfaceParts, mtu),
          TYPE(NETWORK) | TYPE(BRIDGE) | TYPE(ETHERNET) | TYPE(VHOSTUSER) },
        { "coalesce", offsetof(VbInterfaceParts, coalesce), TYPE(NETWORK) | TYPE(BRIDGE) },
        { "virtualport", offsetof(VbInterfaceParts, virtualport),
          TYPE(NETWORK) | TYPE(BRIDGE) | TYPE(DIRECT) | TYPE(HOSTDEV) },
        { "route", offsetof(VbInterfaceParts, routes), 0 },
        { "ip", offsetof(VbInterfaceParts, ips), TYPE(USER) },
        { "portForward", offsetof(VbInterfaceParts, forwards), TYPE(USER) },
};

static bool refuse(const VbInterface *interface, VbError code, GError **error, const char *message)
{
        return vb_device_error(&interface->base, code, error, "%s", message);
}

static bool check_types(const VbInterface *interface, GError **error)
{
        for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
                const void *part =
                        *(void *const *) (const void *) ((const char *) &interface->parts + rules[i].offset);

                if (part && !(rules[i].types & (1U << interface->type)))
                        return vb_device_error(&interface->base, VB_ERROR_UNSUPPORTED, error,
                                               "<%s> is not supported for type='%s'", rules[i].element,
                                               vb_interface_type_to_string(interface->type));
        }
        return true;
}

static bool check_ips(const VbInterface *interface, GError **error)
{
        bool passt = interface->parts.backend && interface->parts.backend->type != 0;
        unsigned n[3] = { 0 };

        for (guint i = 0; i < vb_list_length(interface->parts.ips); i++) {
                const VbInterfaceIp *ip = g_ptr_array_index(interface->parts.ips, i);

                if (++n[ip->family] > 1)
                        return refuse(interface, VB_ERROR_UNSUPPORTED, error,
                                      "there can be one <ip> of each family");
                if (ip->peer)
                        return refuse(interface, VB_ERROR_UNSUPPORTED, error,
                                      "<ip peer='...'/> is not supported for type='user'");
                if (passt || !ip->prefix.given)
                        continue;
                if (ip->family == VB_IPV4 &&
                    (ip->prefix.value < SLIRP_PREFIX_MIN || ip->prefix.value > SLIRP_PREFIX_MAX))
                        return vb_device_error(&interface->base, VB_ERROR_INVALID_XML, error,
                                               "<ip>: prefix='%u' is not from %d to %d",
                                               (unsigned) ip->prefix.value, SLIRP_PREFIX_MIN,
                                               SLIRP_PREFIX_MAX);
                if (ip->family == VB_IPV6 && ip->prefix.value != SLIRP_PREFIX_IPV6)
                        return vb_device_error(&interface->base, VB_ERROR_UNSUPPORTED, error,
                                               "<ip>: prefix='%u' of an IPv6 address is not %d",
                                               (unsigned) ip->prefix.value, SLIRP_PREFIX_IPV6);
        }
        return true;
}

static bool check_backend(const VbInterface *interface, GError **error)
{
        const VbInterfaceBackend *backend = interface->parts.backend;
        bool passt = backend && backend->type != 0;

        if (passt && interface->type != VB_INTERFACE_USER)
                return refuse(interface, VB_ERROR_INVALID_XML, error,
                              "<backend type='passt'/> is for type='user'");
        if (backend && backend->log_file && !passt)
                return refuse(interface, VB_ERROR_INVALID_XML, error,
                              "<backend logFile='...'/> is for type='passt'");
        if (interface->parts.target && interface->parts.target->managed != VB_TRISTATE_UNSET &&
            interface->type != VB_INTERFACE_ETHERNET)
                return refuse(interface, VB_ERROR_UNSUPPORTED, error,
                              "<target managed='...'/> is for type='ethernet'");
        return true;
}

static bool check_switch(const VbInterface *interface, GError **error)
{
        const VbVirtualport *port = interface->parts.virtualport;
        const VbBandwidth *bandwidth = interface->parts.bandwidth;

        bool isolated = interface->parts.port && interface->parts.port->isolated == VB_TRISTATE_ON;

        if (isolated && interface->type != VB_INTERFACE_NETWORK && interface->type != VB_INTERFACE_BRIDGE)
                return vb_device_error(&interface->base, VB_ERROR_UNSUPPORTED, error,
                                       "<port isolated='yes'/> is not supported for type='%s'",
                                       vb_interface_type_to_string(interface->type));
        if (isolated && port && port->type == VB_VIRTUALPORT_OPENVSWITCH)
                return refuse(interface, VB_ERROR_UNSUPPORTED, error,
                              "<port isolated='yes'/> is for bridges of the kernel's, not for "
                              "<virtualport type='openvswitch'>");
        if (bandwidth && bandwidth->outbound && bandwidth->outbound->floor.given)
                return refuse(interface, VB_ERROR_INVALID_XML, error,
                              "<bandwidth>: only <inbound> has a floor");
        if (bandwidth && bandwidth->inbound && bandwidth->inbound->floor.given &&
            interface->type != VB_INTERFACE_NETWORK)
                return refuse(interface, VB_ERROR_UNSUPPORTED, error,
                              "<bandwidth>: the floor of <inbound> is for type='network'");
        return true;
}

static bool check_model(const VbInterface *interface, GError **error)
{
        const VbInterfaceDriver *driver = interface->parts.driver;
        bool virtio = vb_interface_is_virtio(interface);

        if ((interface->type == VB_INTERFACE_VHOSTUSER || interface->type == VB_INTERFACE_VDPA) && !virtio)
                return vb_device_error(&interface->base, VB_ERROR_INVALID_XML, error,
                                       "type='%s' needs <model type='virtio'/>",
                                       vb_interface_type_to_string(interface->type));
        if (driver && !virtio && vb_virtio_options_is_set(&driver->virtio))
                return refuse(interface, VB_ERROR_UNSUPPORTED, error,
                              "<driver>: iommu, ats, packed and page_per_vq are of virtio devices only");
        if (driver && (driver->name == VB_NET_DRIVER_VFIO) != (interface->type == VB_INTERFACE_HOSTDEV) &&
            driver->name != VB_NET_DRIVER_UNSET)
                return refuse(interface, VB_ERROR_INVALID_XML, error,
                              "<driver name='vfio'/> is for type='hostdev', which has no other");
        return true;
}

static bool check_teaming(const VbInterface *interface, GError **error)
{
        const VbTeaming *teaming = interface->parts.teaming;

        if (!teaming)
                return true;
        if (teaming->type == VB_TEAMING_PERSISTENT) {
                if (!vb_interface_is_virtio(interface))
                        return refuse(interface, VB_ERROR_INVALID_XML, error,
                                      "<teaming type='persistent'/> needs <model type='virtio'/>");
                return !teaming->persistent || refuse(interface, VB_ERROR_INVALID_XML, error,
                                                      "<teaming>: persistent='...' is for type='transient'");
        }
        if (!teaming->persistent)
                return refuse(interface, VB_ERROR_INVALID_XML, error,
                              "<teaming type='transient'> needs persistent='...', the alias of its twin");
        return interface->type == VB_INTERFACE_HOSTDEV ||
               refuse(interface, VB_ERROR_INVALID_XML, error,
                      "<teaming type='transient'> is for type='hostdev'");
}

bool vb_interface_check(const VbInterface *interface, GError **error)
{
        return check_types(interface, error) && check_ips(interface, error) &&
               check_backend(interface, error) && check_switch(interface, error) &&
               check_model(interface, error) && check_teaming(interface, error);
}
