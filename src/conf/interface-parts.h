/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/virtio.h"
#include "conf/xml-record.h"

/* What <interface> says beside where it is connected, as the elements of the XML have it; those that are not
 * there are NULL. https://libvirt.org/formatdomain.html#network-interfaces */

typedef enum { VB_MAC_TYPE_UNSET, VB_MAC_GENERATED, VB_MAC_STATIC } VbMacType;
typedef enum { VB_IP_UNSET, VB_IPV4, VB_IPV6 } VbIpFamily;
typedef enum { VB_VLAN_UNSET, VB_VLAN_TAGGED, VB_VLAN_UNTAGGED } VbVlanMode;
typedef enum { VB_PORT_FORWARD_UNSET, VB_PORT_FORWARD_TCP, VB_PORT_FORWARD_UDP } VbPortForwardProtocol;
typedef enum { VB_TEAMING_UNSET, VB_TEAMING_PERSISTENT, VB_TEAMING_TRANSIENT } VbTeamingType;
typedef enum { VB_LINK_UNSET, VB_LINK_UP, VB_LINK_DOWN } VbLinkState;
typedef enum { VB_NET_DRIVER_UNSET, VB_NET_DRIVER_QEMU, VB_NET_DRIVER_VHOST, VB_NET_DRIVER_VFIO } VbNetDriver;
typedef enum { VB_NET_TX_UNSET, VB_NET_TX_IOTHREAD, VB_NET_TX_TIMER } VbNetTxMode;
typedef enum {
        VB_VIRTUALPORT_ANY, /* no type='': whatever the network has */
        VB_VIRTUALPORT_OPENVSWITCH,
        VB_VIRTUALPORT_8021QBG,
        VB_VIRTUALPORT_8021QBH,
        VB_VIRTUALPORT_MIDONET,
} VbVirtualportType;

typedef struct {
        int line;
        VbIpFamily family;
        char *address;
        VbNumber prefix;
        char *peer;
} VbInterfaceIp;

typedef struct {
        int line;
        VbIpFamily family;
        char *address, *netmask, *gateway;
        VbNumber prefix, metric;
} VbInterfaceRoute;

typedef struct {
        int line;
        VbNumber start, end, to;
        VbTristate exclude;
} VbPortRange;

typedef struct {
        int line;
        VbPortForwardProtocol protocol;
        char *address, *dev;
        GPtrArray *ranges; /* VbPortRange */
} VbPortForward;

typedef struct {
        int line;
        VbNumber id;
        VbVlanMode native;
} VbVlanTag;

typedef struct {
        int line;
        VbTristate trunk;
        GPtrArray *tags; /* VbVlanTag */
} VbVlan;

typedef struct {
        int line;
        VbNumber managerid, typeid, typeidversion;
        char *instanceid, *profileid, *interfaceid;
} VbVirtualportParameters;

typedef struct {
        int line;
        VbVirtualportType type;
        VbVirtualportParameters *parameters;
} VbVirtualport;

typedef struct {
        int line;
        VbNumber average, peak, floor, burst; /* kilobytes, in a second or at once */
} VbBandwidthLimit;

typedef struct {
        int line;
        VbBandwidthLimit *inbound, *outbound;
} VbBandwidth;

typedef struct {
        int line;
        VbTristate csum, gso, tso4, tso6, ecn, ufo, mrg_rxbuf;
} VbOffloads;

typedef struct {
        int line;
        VbNetDriver name;
        VbNetTxMode txmode;
        VbTristate ioeventfd, event_idx, rss, rss_hash_report;
        VbNumber queues, rx_queue_size, tx_queue_size;
        VbVirtioOptions virtio;
        VbOffloads *host, *guest;
} VbInterfaceDriver;

/* What <backend> means where it names none. */
#define VB_INTERFACE_TAP_DEVICE "/dev/net/tun"
#define VB_INTERFACE_VHOST_DEVICE "/dev/vhost-net"

typedef struct {
        int line;
        int type; /* 1: passt */
        char *tap, *vhost, *log_file;
} VbInterfaceBackend;

typedef struct {
        int line;
        char *name, *value;
} VbFilterParameter;

typedef struct {
        int line;
        char *filter;
        GPtrArray *parameters; /* VbFilterParameter */
} VbFilterRef;

typedef struct {
        int line;
        char *dev;
        VbTristate managed;
} VbInterfaceTarget;

/* Elements with one or two values. */
typedef struct {
        int line;
        char *dev, *actual;
} VbInterfaceGuest;
typedef struct {
        int line;
        char *text;
} VbInterfaceText;
typedef struct {
        int line;
        VbNumber number;
} VbInterfaceNumber;
typedef struct {
        int line;
        VbLinkState state;
} VbInterfaceLink;
typedef struct {
        int line;
        VbTristate isolated;
} VbInterfacePort;
typedef struct {
        int line;
        VbInterfaceNumber *frames;
} VbCoalesceRx;
typedef struct {
        int line;
        VbCoalesceRx *rx;
} VbCoalesce;
typedef struct {
        int line;
        VbTeamingType type;
        char *persistent;
} VbTeaming;

typedef struct {
        GPtrArray *ips;      /* VbInterfaceIp: the guest's side */
        GPtrArray *routes;   /* VbInterfaceRoute */
        GPtrArray *forwards; /* VbPortForward */
        VbVlan *vlan;
        VbVirtualport *virtualport;
        VbBandwidth *bandwidth;
        VbInterfacePort *port;
        VbInterfaceText *script, *downscript, *backend_domain;
        VbInterfaceTarget *target;
        VbInterfaceGuest *guest;
        VbInterfaceDriver *driver;
        VbInterfaceBackend *backend;
        VbFilterRef *filter;
        VbInterfaceNumber *tune; /* sndbuf */
        VbInterfaceLink *link;
        VbInterfaceNumber *mtu;
        VbCoalesce *coalesce;
        VbTeaming *teaming;
} VbInterfaceParts;

/* Of VbInterfaceParts: before and behind <model> in canonical XML. */
extern const VbXmlField vb_interface_parts_before[];
extern const VbXmlField vb_interface_parts_behind[];
/* <ip> and <route>, which also the <source> of type='ethernet' has. */
extern const VbXmlRecord vb_interface_ip_record;
extern const VbXmlRecord vb_interface_route_record;
