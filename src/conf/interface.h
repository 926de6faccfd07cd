/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/interface-parts.h"
#include "conf/interface-source.h"

/* <interface>: https://libvirt.org/formatdomain.html#network-interfaces */
typedef struct {
        VbDevice base;
        VbInterfaceType type;
        VbTristate managed;          /* hostdev */
        VbTristate trust_rx_filters; /* trustGuestRxFilters */
        uint8_t mac[6];
        bool has_mac; /* always true after completion */
        VbMacType mac_type;
        VbTristate mac_check;
        VbInterfaceSource source;
        char *model; /* the XML's word: one of libvirt's or any device type of QEMU's; NULL: not given */
        VbInterfaceParts parts;
} VbInterface;

/* Whether the guest sees a virtio card. */
bool vb_interface_is_virtio(const VbInterface *interface);
/* Whether @device is a card of the emulator's that has no link to begin with. */
bool vb_interface_is_unplugged(const VbDevice *device);
/* Pairs of queues, 1 where nothing is said. */
uint32_t vb_interface_queues(const VbInterface *interface);

/* interface-check.c: what goes together with what. */
bool vb_interface_check(const VbInterface *interface, GError **error);

extern const VbDeviceClass vb_interface_class;
