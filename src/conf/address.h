/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/tristate.h"

/* Where a device is plugged in: the <address> element. https://libvirt.org/formatdomain.html#device-addresses
 */
typedef enum {
        VB_ADDRESS_NONE,
        VB_ADDRESS_PCI,
        VB_ADDRESS_DRIVE,
        VB_ADDRESS_USB,
        VB_ADDRESS_VIRTIO_SERIAL,
        VB_ADDRESS_ISA,
        VB_ADDRESS_CCID,
        VB_ADDRESS_SPAPR_VIO,
        VB_ADDRESS_VIRTIO_MMIO,
        VB_ADDRESS_CCW,
        VB_ADDRESS_DIMM,
        VB_ADDRESS_UNASSIGNED, /* of a host device that the guest is not to see */
        _VB_ADDRESS_MAX,
} VbAddressType;

typedef struct {
        uint16_t domain;
        uint8_t bus; /* the index of a pci controller */
        uint8_t slot;
        uint8_t function;
        VbTristate multifunction; /* of function 0: others share the slot */
} VbPciAddress;

typedef struct {
        uint32_t controller, bus, target, unit;
} VbDriveAddress;

#define VB_USB_PORT_DEPTH 4

typedef struct {
        uint32_t bus; /* the index of a usb controller */
        uint8_t n_ports;
        uint8_t ports[VB_USB_PORT_DEPTH]; /* "1.2" is { 1, 2 }: port 2 of the hub at port 1 */
} VbUsbAddress;

typedef struct {
        uint32_t controller, bus, port;
} VbVirtioSerialAddress;

typedef struct {
        uint32_t iobase; /* 0: not given */
        uint32_t irq;    /* 0: not given */
} VbIsaAddress;

typedef struct {
        uint32_t controller, slot;
} VbCcidAddress;

typedef struct {
        uint64_t reg; /* 0: not given */
} VbSpaprVioAddress;

typedef struct {
        uint8_t cssid;
        uint8_t ssid;
        uint16_t devno;
        bool given; /* "any" is an address without numbers */
} VbCcwAddress;

typedef struct {
        bool has_slot; /* slot 0 is one like any other */
        uint32_t slot;
        uint64_t base; /* 0: not given */
} VbDimmAddress;

typedef struct {
        VbAddressType type;
        union {
                VbPciAddress pci;
                VbDriveAddress drive;
                VbUsbAddress usb;
                VbVirtioSerialAddress virtio_serial;
                VbIsaAddress isa;
                VbCcidAddress ccid;
                VbSpaprVioAddress spapr_vio;
                VbCcwAddress ccw;
                VbDimmAddress dimm;
        };
} VbAddress;

const char *vb_address_type_to_string(VbAddressType type); /* the XML's word, "" for NONE */

/* In words for people and for the D-Bus property Address: "0000:00:02.0", "usb 0:1.2", "drive 0:0:0:1",
 * "virtio-serial 0:0:1", "isa 0x505", "ccid 0:1", "spapr-vio 0x1000", "ccw fe.0.0001", "dimm 0",
 * "virtio-mmio", "unassigned", "" where there is none. Caller frees. */
char *vb_address_to_string(const VbAddress *address);

bool vb_address_equal(const VbAddress *a, const VbAddress *b);
