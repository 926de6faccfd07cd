/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of <interface>, and what <source> says for each. */
#include "conf/interface-source.h"

#include <string.h>
#include <sys/un.h>

#include "conf/address-xml.h"
#include "conf/interface-parts.h"

#define END                                                                                                  \
        {                                                                                                    \
                .name = NULL                                                                                 \
        }
#define TEXT(name, member) VB_XML_WITH(name, ATTRIBUTE, STRING, VbInterfaceSource, member, .required = true)
#define PORT(of) VB_XML_WITH("port", ATTRIBUTE, NUMBER, of, port, .required = true, .max = UINT16_MAX)

static const char *const type_words[_VB_INTERFACE_TYPE_MAX] = {
        [VB_INTERFACE_USER] = "user",     [VB_INTERFACE_NETWORK] = "network",
        [VB_INTERFACE_BRIDGE] = "bridge", [VB_INTERFACE_ETHERNET] = "ethernet",
        [VB_INTERFACE_DIRECT] = "direct", [VB_INTERFACE_HOSTDEV] = "hostdev",
        [VB_INTERFACE_VDPA] = "vdpa",     [VB_INTERFACE_VHOSTUSER] = "vhostuser",
        [VB_INTERFACE_SERVER] = "server", [VB_INTERFACE_CLIENT] = "client",
        [VB_INTERFACE_MCAST] = "mcast",   [VB_INTERFACE_UDP] = "udp",
};

/* Types of other hypervisors. */
static const struct {
        const char *word;
        const char *reason;
} foreign_types[] = {
        { "internal", "networks inside of a hypervisor are VirtualBox's" },
        { "null", "QEMU has no card that is connected to nothing; use type='user' and <link state='down'/>" },
        { "vds", "distributed switches are VMware's" },
};

static const char *const mode_words[] = { "", "vepa", "private", "bridge", "passthrough", NULL };
static const char *const role_words[] = { "", "server", "client", NULL };

static bool check_reconnect(void *record, VbXmlNode *node, GError **error)
{
        const VbSocketReconnect *reconnect = record;

        return reconnect->enabled != VB_TRISTATE_ON || reconnect->timeout.given ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'timeout' is missing");
}

static const VbXmlField local_fields[] = {
        VB_XML_WITH("address", ATTRIBUTE, STRING, VbSocketEnd, address, .required = true),
        PORT(VbSocketEnd),
        END,
};
static const VbXmlRecord local_record = { sizeof(VbSocketEnd), local_fields, NULL, true };
static const VbXmlField reconnect_fields[] = {
        VB_XML_WITH("enabled", ATTRIBUTE, YES_NO, VbSocketReconnect, enabled, .required = true),
        VB_XML_WITH("timeout", ATTRIBUTE, NUMBER, VbSocketReconnect, timeout, .min = 1,
                    .max = INT32_MAX / 1000),
        END,
};
static const VbXmlRecord reconnect_record = { sizeof(VbSocketReconnect), reconnect_fields, check_reconnect,
                                              true };

static const VbXmlField user_fields[] = { VB_XML("dev", ATTRIBUTE, STRING, VbInterfaceSource, dev), END };
static const VbXmlField network_fields[] = {
        TEXT("network", network),
        VB_XML("portgroup", ATTRIBUTE, STRING, VbInterfaceSource, portgroup),
        END,
};
static const VbXmlField bridge_fields[] = { TEXT("bridge", bridge), END };
static const VbXmlField ethernet_fields[] = {
        VB_XML_WITH("ip", CHILD, LIST, VbInterfaceSource, ips, .record = &vb_interface_ip_record),
        VB_XML_WITH("route", CHILD, LIST, VbInterfaceSource, routes, .record = &vb_interface_route_record),
        END,
};
static const VbXmlField direct_fields[] = {
        TEXT("dev", dev),
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbInterfaceSource, mode, .words = mode_words),
        END,
};
static const VbXmlField vdpa_fields[] = {
        VB_XML_WITH("dev", ATTRIBUTE, PATH, VbInterfaceSource, dev, .required = true),
        END,
};
static const VbXmlField vhostuser_fields[] = {
        VB_XML_WITH("path", ATTRIBUTE, PATH, VbInterfaceSource, path, .required = true),
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbInterfaceSource, role, .required = true, .words = role_words),
        VB_XML_WITH("reconnect", CHILD, RECORD, VbInterfaceSource, reconnect, .record = &reconnect_record),
        END,
};
static const VbXmlField server_fields[] = {
        VB_XML("address", ATTRIBUTE, STRING, VbInterfaceSource, address),
        PORT(VbInterfaceSource),
        END,
};
static const VbXmlField client_fields[] = { TEXT("address", address), PORT(VbInterfaceSource), END };
static const VbXmlField udp_fields[] = {
        TEXT("address", address),
        PORT(VbInterfaceSource),
        VB_XML_WITH("local", CHILD, RECORD, VbInterfaceSource, local, .required = true,
                    .record = &local_record),
        END,
};
static const VbXmlField no_fields[] = { END };

/* In the XML of a running domain: what libvirt's network driver made of it. */
static bool take_network(VbInterfaceSource *source, VbXmlNode *node, GError **error)
{
        vb_xml_take_attribute(node, "bridge");
        vb_xml_take_attribute(node, "portid");
        return true;
}

/* The same where a network was a bridge, or a card. */
static bool take_actual(VbInterfaceSource *source, VbXmlNode *node, GError **error)
{
        vb_xml_take_attribute(node, "network");
        vb_xml_take_attribute(node, "portgroup");
        vb_xml_take_attribute(node, "portid");
        return true;
}

static bool take_direct(VbInterfaceSource *source, VbXmlNode *node, GError **error)
{
        if (source->mode == VB_MACVTAP_UNSET)
                source->mode = VB_MACVTAP_VEPA;
        return take_actual(source, node, error);
}

static bool take_hostdev(VbInterfaceSource *source, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "address");
        VbAddress address = { 0 };

        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<address type='pci' .../> is missing");
        if (!vb_address_parse(child, &address, error))
                return false;
        if (address.type != VB_ADDRESS_PCI)
                return vb_xml_error(child, VB_ERROR_UNSUPPORTED, error,
                                    "type='%s': only PCI network cards can be given to a guest as its "
                                    "<interface>; others are a <hostdev>",
                                    vb_address_type_to_string(address.type));
        source->pci = address.pci;
        return true;
}

static bool take_vhostuser(VbInterfaceSource *source, VbXmlNode *node, GError **error)
{
        const char *type = NULL;

        if (!vb_xml_require_attribute(node, "type", &type, error))
                return false;
        if (!g_str_equal(type, "unix"))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "type='%s' is not known; accepted: unix", type);
        if (strlen(source->path) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "the path of a socket has at most %zu bytes",
                                    sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1);
        if (source->role == VB_VHOSTUSER_SERVER && source->reconnect)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "only mode='client' can reconnect");
        return true;
}

static const struct {
        const VbXmlField *fields;
        bool (*take)(VbInterfaceSource *source, VbXmlNode *node, GError **error); /* the rest; may be NULL */
        bool optional;
} sources[_VB_INTERFACE_TYPE_MAX] = {
        [VB_INTERFACE_USER] = { user_fields, NULL, true },
        [VB_INTERFACE_NETWORK] = { network_fields, take_network, false },
        [VB_INTERFACE_BRIDGE] = { bridge_fields, take_actual, false },
        [VB_INTERFACE_ETHERNET] = { ethernet_fields, NULL, true },
        [VB_INTERFACE_DIRECT] = { direct_fields, take_direct, false },
        [VB_INTERFACE_HOSTDEV] = { no_fields, take_hostdev, false },
        [VB_INTERFACE_VDPA] = { vdpa_fields, NULL, false },
        [VB_INTERFACE_VHOSTUSER] = { vhostuser_fields, take_vhostuser, false },
        [VB_INTERFACE_SERVER] = { server_fields, NULL, false },
        [VB_INTERFACE_CLIENT] = { client_fields, NULL, false },
        [VB_INTERFACE_MCAST] = { client_fields, NULL, false },
        [VB_INTERFACE_UDP] = { udp_fields, NULL, false },
};

const char *vb_interface_type_to_string(VbInterfaceType type)
{
        return type_words[type];
}

static bool parse_type(VbInterfaceType *ret, VbXmlNode *node, GError **error)
{
        int type = VB_INTERFACE_USER;
        const char *text;

        if (!vb_xml_require_attribute(node, "type", &text, error))
                return false;
        for (gsize i = 0; i < G_N_ELEMENTS(foreign_types); i++)
                if (g_str_equal(text, foreign_types[i].word))
                        return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "type='%s': %s", text,
                                            foreign_types[i].reason);
        if (!vb_xml_take_word(node, "type", type_words, _VB_INTERFACE_TYPE_MAX, NULL, &type, error))
                return false;
        *ret = (VbInterfaceType) type;
        return true;
}

bool vb_interface_source_parse(VbInterfaceType *type, VbInterfaceSource *source, VbXmlNode *node,
                               GError **error)
{
        VbXmlNode *child;

        if (!parse_type(type, node, error))
                return false;
        child = vb_xml_take_child(node, "source");
        if (!child)
                return sources[*type].optional ||
                       vb_xml_error(node, VB_ERROR_INVALID_XML, error, "type='%s' needs a <source>",
                                    type_words[*type]);
        return vb_xml_fields_parse(sources[*type].fields, child, source, error) &&
               (!sources[*type].take || sources[*type].take(source, child, error));
}

static bool is_said(VbInterfaceType type, const VbInterfaceSource *source)
{
        if (type == VB_INTERFACE_USER)
                return source->dev;
        return type != VB_INTERFACE_ETHERNET || vb_list_length(source->ips) > 0 ||
               vb_list_length(source->routes) > 0;
}

void vb_interface_source_format(VbInterfaceType type, const VbInterfaceSource *source, VbXmlWriter *writer)
{
        if (!is_said(type, source))
                return;
        vb_xml_open(writer, "source");
        vb_xml_attribute(writer, "type", type == VB_INTERFACE_VHOSTUSER ? "unix" : NULL);
        vb_xml_fields_format(sources[type].fields, source, writer);
        if (type == VB_INTERFACE_HOSTDEV)
                vb_address_write(&(VbAddress){ .type = VB_ADDRESS_PCI, .pci = source->pci }, writer);
        vb_xml_close(writer);
}

void vb_interface_source_clear(VbInterfaceType type, VbInterfaceSource *source)
{
        vb_xml_fields_clear(sources[type].fields, source);
}

void vb_interface_source_copy(VbInterfaceType type, VbInterfaceSource *copy, const VbInterfaceSource *source)
{
        vb_xml_fields_copy(sources[type].fields, copy, source);
}
