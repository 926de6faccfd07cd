/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/address.h"
#include "conf/xml-record.h"

/* Where an <interface> is connected. https://libvirt.org/formatdomain.html#network-interfaces */
typedef enum {
        VB_INTERFACE_USER,
        VB_INTERFACE_NETWORK, /* a name that the service's configuration gives a meaning */
        VB_INTERFACE_BRIDGE,
        VB_INTERFACE_ETHERNET,
        VB_INTERFACE_DIRECT, /* macvtap */
        VB_INTERFACE_HOSTDEV,
        VB_INTERFACE_VDPA,
        VB_INTERFACE_VHOSTUSER,
        VB_INTERFACE_SERVER,
        VB_INTERFACE_CLIENT,
        VB_INTERFACE_MCAST,
        VB_INTERFACE_UDP,
        _VB_INTERFACE_TYPE_MAX,
} VbInterfaceType;

typedef enum {
        VB_MACVTAP_UNSET,
        VB_MACVTAP_VEPA,
        VB_MACVTAP_PRIVATE,
        VB_MACVTAP_BRIDGE,
        VB_MACVTAP_PASSTHROUGH,
} VbMacvtapMode;

typedef struct {
        int line;
        char *address;
        VbNumber port;
} VbSocketEnd;

typedef struct {
        int line;
        VbTristate enabled;
        VbNumber timeout;
} VbSocketReconnect;

/* <source>. Each type has a few of these; the others are not given. */
typedef struct {
        char *network, *portgroup;
        char *bridge;
        char *dev; /* direct: the network card; vdpa: a character device; user: the card that passt uses */
        VbMacvtapMode mode;
        char *path; /* vhostuser */
        int role;   /* vhostuser: 1 server, 2 client */
        VbSocketReconnect *reconnect;
        char *address; /* server, client, mcast, udp */
        VbNumber port;
        VbSocketEnd *local;      /* udp */
        GPtrArray *ips, *routes; /* ethernet: VbInterfaceIp, VbInterfaceRoute of the host's side */
        VbPciAddress pci;        /* hostdev */
} VbInterfaceSource;

#define VB_VHOSTUSER_SERVER 1

const char *vb_interface_type_to_string(VbInterfaceType type);

/* The attribute type='' and the child <source> of @node. */
bool vb_interface_source_parse(VbInterfaceType *type, VbInterfaceSource *source, VbXmlNode *node,
                               GError **error);
/* The child, into the element that is open. */
void vb_interface_source_format(VbInterfaceType type, const VbInterfaceSource *source, VbXmlWriter *writer);
void vb_interface_source_clear(VbInterfaceType type, VbInterfaceSource *source);
void vb_interface_source_copy(VbInterfaceType type, VbInterfaceSource *copy, const VbInterfaceSource *source);
