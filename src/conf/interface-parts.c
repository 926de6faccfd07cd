/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements below <interface> as tables. What goes together with what is interface-check.c. */
#include "conf/interface-parts.h"

#include <arpa/inet.h>

#define END                                                                                                  \
        {                                                                                                    \
                .name = NULL                                                                                 \
        }

/* Places in a ring of virtio's: QEMU's limits. */
#define RING_MIN 256
#define RING_MAX 1024

static const char *const family_words[] = { "", "ipv4", "ipv6", NULL };
static const char *const vlan_words[] = { "", "tagged", "untagged", NULL };
static const char *const protocol_words[] = { "", "tcp", "udp", NULL };
static const char *const teaming_words[] = { "", "persistent", "transient", NULL };
static const char *const link_words[] = { "", "up", "down", NULL };
static const char *const driver_words[] = { "", "qemu", "vhost", "vfio", NULL };
static const char *const tx_words[] = { "", "iothread", "timer", NULL };
static const char *const backend_words[] = { "", "passt", NULL };
static const char *const virtualport_words[] = { "", "openvswitch", "802.1Qbg", "802.1Qbh", "midonet", NULL };

static bool is_address(const char *text, VbIpFamily family)
{
        struct in6_addr buffer;

        return inet_pton(family == VB_IPV6 ? AF_INET6 : AF_INET, text, &buffer) == 1;
}

static bool check_address(VbXmlNode *node, const char *name, const char *text, VbIpFamily family,
                          GError **error)
{
        if (!text || is_address(text, family))
                return true;
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "%s='%s' is not an %s address", name, text,
                            family == VB_IPV6 ? "IPv6" : "IPv4");
}

static bool check_ip(void *record, VbXmlNode *node, GError **error)
{
        VbInterfaceIp *ip = record;
        uint64_t most;

        if (ip->family == VB_IP_UNSET)
                ip->family = is_address(ip->address, VB_IPV6) ? VB_IPV6 : VB_IPV4;
        most = ip->family == VB_IPV6 ? 128 : 32;
        if (ip->prefix.given && ip->prefix.value > most)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "prefix='%" G_GUINT64_FORMAT "' is more than the %" G_GUINT64_FORMAT
                                    " bits of an address",
                                    ip->prefix.value, most);
        return check_address(node, "address", ip->address, ip->family, error) &&
               check_address(node, "peer", ip->peer, ip->family, error);
}

static const VbXmlField ip_fields[] = {
        VB_XML_WITH("address", ATTRIBUTE, STRING, VbInterfaceIp, address, .required = true),
        VB_XML_WITH("family", ATTRIBUTE, WORD, VbInterfaceIp, family, .words = family_words),
        VB_XML_WITH("prefix", ATTRIBUTE, NUMBER, VbInterfaceIp, prefix, .max = 128),
        VB_XML("peer", ATTRIBUTE, STRING, VbInterfaceIp, peer),
        END,
};

const VbXmlRecord vb_interface_ip_record = { sizeof(VbInterfaceIp), ip_fields, check_ip, true };

static bool check_route(void *record, VbXmlNode *node, GError **error)
{
        VbInterfaceRoute *route = record;

        if (route->family == VB_IP_UNSET)
                route->family = is_address(route->gateway, VB_IPV6) ? VB_IPV6 : VB_IPV4;
        if (route->netmask && route->prefix.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "prefix and netmask exclude each other");
        return check_address(node, "address", route->address, route->family, error) &&
               check_address(node, "gateway", route->gateway, route->family, error) &&
               check_address(node, "netmask", route->netmask, route->family, error);
}

static const VbXmlField route_fields[] = {
        VB_XML_WITH("family", ATTRIBUTE, WORD, VbInterfaceRoute, family, .words = family_words),
        VB_XML("address", ATTRIBUTE, STRING, VbInterfaceRoute, address),
        VB_XML("netmask", ATTRIBUTE, STRING, VbInterfaceRoute, netmask),
        VB_XML_WITH("prefix", ATTRIBUTE, NUMBER, VbInterfaceRoute, prefix, .max = 128),
        VB_XML_WITH("gateway", ATTRIBUTE, STRING, VbInterfaceRoute, gateway, .required = true),
        VB_XML_WITH("metric", ATTRIBUTE, NUMBER, VbInterfaceRoute, metric, .min = 1, .max = UINT32_MAX),
        END,
};

const VbXmlRecord vb_interface_route_record = { sizeof(VbInterfaceRoute), route_fields, check_route, true };

static bool check_range(void *record, VbXmlNode *node, GError **error)
{
        const VbPortRange *range = record;
        uint64_t last = range->end.given ? range->end.value : range->start.value;

        if (last < range->start.value)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "it ends before it begins");
        if (range->exclude == VB_TRISTATE_ON && range->to.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "what is excluded goes nowhere: no to='...'");
        if (range->to.given && range->to.value + (last - range->start.value) > UINT16_MAX)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "it goes to ports above the highest, %u", UINT16_MAX);
        return true;
}

static const VbXmlField range_fields[] = {
        VB_XML_WITH("start", ATTRIBUTE, NUMBER, VbPortRange, start, .required = true, .min = 1,
                    .max = UINT16_MAX),
        VB_XML_WITH("end", ATTRIBUTE, NUMBER, VbPortRange, end, .min = 1, .max = UINT16_MAX),
        VB_XML_WITH("to", ATTRIBUTE, NUMBER, VbPortRange, to, .min = 1, .max = UINT16_MAX),
        VB_XML("exclude", ATTRIBUTE, YES_NO, VbPortRange, exclude),
        END,
};
static const VbXmlRecord range_record = { sizeof(VbPortRange), range_fields, check_range, true };

static bool check_forward(void *record, VbXmlNode *node, GError **error)
{
        const VbPortForward *forward = record;

        if (!forward->address || is_address(forward->address, VB_IPV4) ||
            is_address(forward->address, VB_IPV6))
                return true;
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "address='%s' is not an IP address",
                            forward->address);
}

static const VbXmlField forward_fields[] = {
        VB_XML_WITH("proto", ATTRIBUTE, WORD, VbPortForward, protocol, .required = true,
                    .words = protocol_words),
        VB_XML("address", ATTRIBUTE, STRING, VbPortForward, address),
        VB_XML("dev", ATTRIBUTE, STRING, VbPortForward, dev),
        VB_XML_WITH("range", CHILD, LIST, VbPortForward, ranges, .record = &range_record),
        END,
};
static const VbXmlRecord forward_record = { sizeof(VbPortForward), forward_fields, check_forward, true };

static bool check_vlan(void *record, VbXmlNode *node, GError **error)
{
        VbVlan *vlan = record;
        guint natives = 0;

        if (vb_list_length(vlan->tags) == 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "it needs a <tag id='...'/>");
        for (guint i = 0; i < vlan->tags->len; i++)
                natives += ((const VbVlanTag *) g_ptr_array_index(vlan->tags, i))->native != VB_VLAN_UNSET;
        if (natives > 1)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "only one tag can have a nativeMode");
        if (vlan->trunk == VB_TRISTATE_OFF && (vlan->tags->len > 1 || natives > 0))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "several tags, or a nativeMode, make it a trunk");
        /* A trunk is what more than a tag is, whether it says so or not; "no" is not written. */
        vlan->trunk = vlan->trunk == VB_TRISTATE_ON || vlan->tags->len > 1 || natives > 0 ? VB_TRISTATE_ON
                                                                                          : VB_TRISTATE_UNSET;
        return true;
}

static const VbXmlField tag_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbVlanTag, id, .required = true, .min = 0, .max = 4095),
        VB_XML_WITH("nativeMode", ATTRIBUTE, WORD, VbVlanTag, native, .words = vlan_words),
        END,
};
static const VbXmlRecord tag_record = { sizeof(VbVlanTag), tag_fields, NULL, true };
static const VbXmlField vlan_fields[] = {
        VB_XML("trunk", ATTRIBUTE, YES_NO, VbVlan, trunk),
        VB_XML_WITH("tag", CHILD, LIST, VbVlan, tags, .record = &tag_record),
        END,
};
static const VbXmlRecord vlan_record = { sizeof(VbVlan), vlan_fields, check_vlan, true };

/* What each type cannot do without. */
static bool check_virtualport(void *record, VbXmlNode *node, GError **error)
{
        static const VbVirtualportParameters none;
        const VbVirtualport *port = record;
        const VbVirtualportParameters *given = port->parameters ? port->parameters : &none;
        const char *missing = NULL;

        if (port->type == VB_VIRTUALPORT_8021QBG)
                missing = !given->managerid.given       ? "managerid"
                          : !given->typeid.given        ? "typeid"
                          : !given->typeidversion.given ? "typeidversion"
                                                        : NULL;
        else if (port->type == VB_VIRTUALPORT_8021QBH)
                missing = given->profileid ? NULL : "profileid";
        else if (port->type == VB_VIRTUALPORT_MIDONET)
                missing = given->interfaceid ? NULL : "interfaceid";
        return !missing ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "type='%s' needs <parameters %s='...'/>",
                            virtualport_words[port->type], missing);
}

static const VbXmlField parameters_fields[] = {
        VB_XML_WITH("managerid", ATTRIBUTE, NUMBER, VbVirtualportParameters, managerid, .max = 255),
        VB_XML_WITH("typeid", ATTRIBUTE, NUMBER, VbVirtualportParameters, typeid, .max = 0xffffff),
        VB_XML_WITH("typeidversion", ATTRIBUTE, NUMBER, VbVirtualportParameters, typeidversion, .max = 255),
        VB_XML("instanceid", ATTRIBUTE, STRING, VbVirtualportParameters, instanceid),
        VB_XML("profileid", ATTRIBUTE, STRING, VbVirtualportParameters, profileid),
        VB_XML("interfaceid", ATTRIBUTE, STRING, VbVirtualportParameters, interfaceid),
        END,
};
static const VbXmlRecord parameters_record = { .size = sizeof(VbVirtualportParameters),
                                               .fields = parameters_fields };
static const VbXmlField virtualport_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbVirtualport, type, .words = virtualport_words,
                    .required = true),
        VB_XML_WITH("parameters", CHILD, RECORD, VbVirtualport, parameters, .record = &parameters_record),
        END,
};
static const VbXmlRecord virtualport_record = { sizeof(VbVirtualport), virtualport_fields, check_virtualport,
                                                true };

static bool check_limit(void *record, VbXmlNode *node, GError **error)
{
        const VbBandwidthLimit *limit = record;

        return limit->average.given || limit->floor.given ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "it needs an average");
}

static const VbXmlField limit_fields[] = {
        VB_XML("average", ATTRIBUTE, NUMBER, VbBandwidthLimit, average),
        VB_XML("peak", ATTRIBUTE, NUMBER, VbBandwidthLimit, peak),
        VB_XML("floor", ATTRIBUTE, NUMBER, VbBandwidthLimit, floor),
        VB_XML("burst", ATTRIBUTE, NUMBER, VbBandwidthLimit, burst),
        END,
};
static const VbXmlRecord limit_record = { sizeof(VbBandwidthLimit), limit_fields, check_limit, false };
static const VbXmlField bandwidth_fields[] = {
        VB_XML_WITH("inbound", CHILD, RECORD, VbBandwidth, inbound, .record = &limit_record),
        VB_XML_WITH("outbound", CHILD, RECORD, VbBandwidth, outbound, .record = &limit_record),
        END,
};
static const VbXmlRecord bandwidth_record = { .size = sizeof(VbBandwidth), .fields = bandwidth_fields };

static const VbXmlField offload_fields[] = {
        VB_XML("csum", ATTRIBUTE, SWITCH, VbOffloads, csum),
        VB_XML("gso", ATTRIBUTE, SWITCH, VbOffloads, gso),
        VB_XML("tso4", ATTRIBUTE, SWITCH, VbOffloads, tso4),
        VB_XML("tso6", ATTRIBUTE, SWITCH, VbOffloads, tso6),
        VB_XML("ecn", ATTRIBUTE, SWITCH, VbOffloads, ecn),
        VB_XML("ufo", ATTRIBUTE, SWITCH, VbOffloads, ufo),
        VB_XML("mrg_rxbuf", ATTRIBUTE, SWITCH, VbOffloads, mrg_rxbuf),
        END,
};
static const VbXmlRecord host_record = { .size = sizeof(VbOffloads), .fields = offload_fields };
static const VbXmlField guest_offload_fields[] = {
        VB_XML("csum", ATTRIBUTE, SWITCH, VbOffloads, csum),
        VB_XML("tso4", ATTRIBUTE, SWITCH, VbOffloads, tso4),
        VB_XML("tso6", ATTRIBUTE, SWITCH, VbOffloads, tso6),
        VB_XML("ecn", ATTRIBUTE, SWITCH, VbOffloads, ecn),
        VB_XML("ufo", ATTRIBUTE, SWITCH, VbOffloads, ufo),
        END,
};
static const VbXmlRecord guest_offload_record = { .size = sizeof(VbOffloads),
                                                  .fields = guest_offload_fields };

/* 0 leaves it to QEMU, as leaving it out does. */
static bool check_queue_size(VbXmlNode *node, const char *name, VbNumber *size, GError **error)
{
        if (size->value == 0)
                size->given = false;
        return !size->given ||
               (size->value >= RING_MIN && size->value <= RING_MAX &&
                (size->value & (size->value - 1)) == 0) ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "%s='%" G_GUINT64_FORMAT "' is not a power of two from %d to %d", name,
                            size->value, RING_MIN, RING_MAX);
}

static bool check_driver(void *record, VbXmlNode *node, GError **error)
{
        VbInterfaceDriver *driver = record;

        if (driver->queues.value == 0)
                driver->queues.given = false;
        return check_queue_size(node, "rx_queue_size", &driver->rx_queue_size, error) &&
               check_queue_size(node, "tx_queue_size", &driver->tx_queue_size, error);
}

/* Queue pairs: more than QEMU opens descriptors for. */
static const VbXmlField driver_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, WORD, VbInterfaceDriver, name, .words = driver_words,
                    .foreign = "kvm xen"),
        VB_XML_WITH("txmode", ATTRIBUTE, WORD, VbInterfaceDriver, txmode, .words = tx_words),
        VB_XML("ioeventfd", ATTRIBUTE, SWITCH, VbInterfaceDriver, ioeventfd),
        VB_XML("event_idx", ATTRIBUTE, SWITCH, VbInterfaceDriver, event_idx),
        VB_XML_WITH("queues", ATTRIBUTE, NUMBER, VbInterfaceDriver, queues, .min = 0, .max = 256),
        VB_XML("rx_queue_size", ATTRIBUTE, NUMBER, VbInterfaceDriver, rx_queue_size),
        VB_XML("tx_queue_size", ATTRIBUTE, NUMBER, VbInterfaceDriver, tx_queue_size),
        VB_XML("rss", ATTRIBUTE, SWITCH, VbInterfaceDriver, rss),
        VB_XML("rss_hash_report", ATTRIBUTE, SWITCH, VbInterfaceDriver, rss_hash_report),
        VB_XML("iommu", ATTRIBUTE, SWITCH, VbInterfaceDriver, virtio.iommu),
        VB_XML("ats", ATTRIBUTE, SWITCH, VbInterfaceDriver, virtio.ats),
        VB_XML("packed", ATTRIBUTE, SWITCH, VbInterfaceDriver, virtio.packed),
        VB_XML("page_per_vq", ATTRIBUTE, SWITCH, VbInterfaceDriver, virtio.page_per_vq),
        VB_XML_WITH("host", CHILD, RECORD, VbInterfaceDriver, host, .record = &host_record),
        VB_XML_WITH("guest", CHILD, RECORD, VbInterfaceDriver, guest, .record = &guest_offload_record),
        END,
};
static const VbXmlRecord driver_record = { sizeof(VbInterfaceDriver), driver_fields, check_driver, false };

static const VbXmlField backend_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbInterfaceBackend, type, .words = backend_words),
        VB_XML("tap", ATTRIBUTE, PATH, VbInterfaceBackend, tap),
        VB_XML("vhost", ATTRIBUTE, PATH, VbInterfaceBackend, vhost),
        VB_XML("logFile", ATTRIBUTE, PATH, VbInterfaceBackend, log_file),
        END,
};
static const VbXmlRecord backend_record = { .size = sizeof(VbInterfaceBackend), .fields = backend_fields };

static const VbXmlField filter_parameter_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, STRING, VbFilterParameter, name, .required = true),
        VB_XML_WITH("value", ATTRIBUTE, STRING, VbFilterParameter, value, .required = true),
        END,
};
static const VbXmlRecord filter_parameter_record = { .size = sizeof(VbFilterParameter),
                                                     .fields = filter_parameter_fields };
static const VbXmlField filter_fields[] = {
        VB_XML_WITH("filter", ATTRIBUTE, STRING, VbFilterRef, filter, .required = true),
        VB_XML_WITH("parameter", CHILD, LIST, VbFilterRef, parameters, .record = &filter_parameter_record),
        END,
};
static const VbXmlRecord filter_record = { .size = sizeof(VbFilterRef), .fields = filter_fields };

static const VbXmlField target_fields[] = {
        VB_XML("dev", ATTRIBUTE, STRING, VbInterfaceTarget, dev),
        VB_XML("managed", ATTRIBUTE, YES_NO, VbInterfaceTarget, managed),
        END,
};
static const VbXmlRecord target_record = { .size = sizeof(VbInterfaceTarget), .fields = target_fields };

static const VbXmlField guest_fields[] = {
        VB_XML("dev", ATTRIBUTE, STRING, VbInterfaceGuest, dev),
        VB_XML("actual", ATTRIBUTE, STRING, VbInterfaceGuest, actual),
        END,
};
static const VbXmlRecord guest_record = { .size = sizeof(VbInterfaceGuest), .fields = guest_fields };

static const VbXmlField path_fields[] = {
        VB_XML_WITH("path", ATTRIBUTE, STRING, VbInterfaceText, text, .required = true),
        END,
};
static const VbXmlRecord path_record = { .size = sizeof(VbInterfaceText), .fields = path_fields };
static const VbXmlField name_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, STRING, VbInterfaceText, text, .required = true),
        END,
};
static const VbXmlRecord name_record = { .size = sizeof(VbInterfaceText), .fields = name_fields };

static const VbXmlField tune_fields[] = {
        VB_XML_WITH("sndbuf", CHILD, NUMBER, VbInterfaceNumber, number, .max = UINT32_MAX),
        END,
};
static const VbXmlRecord tune_record = { .size = sizeof(VbInterfaceNumber), .fields = tune_fields };

static const VbXmlField link_fields[] = {
        VB_XML_WITH("state", ATTRIBUTE, WORD, VbInterfaceLink, state, .required = true, .words = link_words),
        END,
};
static const VbXmlRecord link_record = { .size = sizeof(VbInterfaceLink), .fields = link_fields };

/* What an IPv4 packet needs, and what a virtio device can say. */
static const VbXmlField mtu_fields[] = {
        VB_XML_WITH("size", ATTRIBUTE, NUMBER, VbInterfaceNumber, number, .required = true, .min = 68,
                    .max = UINT16_MAX),
        END,
};
static const VbXmlRecord mtu_record = { .size = sizeof(VbInterfaceNumber), .fields = mtu_fields };

static const VbXmlField frames_fields[] = {
        VB_XML_WITH("max", ATTRIBUTE, NUMBER, VbInterfaceNumber, number, .max = UINT32_MAX),
        END,
};
static const VbXmlRecord frames_record = { .size = sizeof(VbInterfaceNumber), .fields = frames_fields };
static const VbXmlField rx_fields[] = {
        VB_XML_WITH("frames", CHILD, RECORD, VbCoalesceRx, frames, .record = &frames_record),
        END,
};
static const VbXmlRecord rx_record = { .size = sizeof(VbCoalesceRx), .fields = rx_fields };
static const VbXmlField coalesce_fields[] = {
        VB_XML_WITH("rx", CHILD, RECORD, VbCoalesce, rx, .record = &rx_record),
        END,
};
static const VbXmlRecord coalesce_record = { .size = sizeof(VbCoalesce), .fields = coalesce_fields };

static const VbXmlField port_fields[] = {
        VB_XML("isolated", ATTRIBUTE, YES_NO, VbInterfacePort, isolated),
        END,
};
static const VbXmlRecord port_record = { .size = sizeof(VbInterfacePort), .fields = port_fields };

static const VbXmlField teaming_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbTeaming, type, .required = true, .words = teaming_words),
        VB_XML("persistent", ATTRIBUTE, STRING, VbTeaming, persistent),
        END,
};
static const VbXmlRecord teaming_record = { .size = sizeof(VbTeaming), .fields = teaming_fields };

#define PART(name, member, of) VB_XML_WITH(name, CHILD, RECORD, VbInterfaceParts, member, .record = &of)
#define PARTS(name, member, of) VB_XML_WITH(name, CHILD, LIST, VbInterfaceParts, member, .record = &of)

const VbXmlField vb_interface_parts_before[] = {
        PARTS("ip", ips, vb_interface_ip_record),
        PARTS("route", routes, vb_interface_route_record),
        PARTS("portForward", forwards, forward_record),
        PART("vlan", vlan, vlan_record),
        PART("virtualport", virtualport, virtualport_record),
        PART("bandwidth", bandwidth, bandwidth_record),
        PART("port", port, port_record),
        PART("script", script, path_record),
        PART("downscript", downscript, path_record),
        PART("backenddomain", backend_domain, name_record),
        PART("target", target, target_record),
        PART("guest", guest, guest_record),
        END,
};

const VbXmlField vb_interface_parts_behind[] = {
        PART("driver", driver, driver_record),
        PART("backend", backend, backend_record),
        PART("filterref", filter, filter_record),
        PART("tune", tune, tune_record),
        PART("link", link, link_record),
        PART("mtu", mtu, mtu_record),
        PART("coalesce", coalesce, coalesce_record),
        PART("teaming", teaming, teaming_record),
        END,
};
