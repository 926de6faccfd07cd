/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as values: words for them, comparison, and the <address> element. Who may sit where is pci.c and
 * the assign-*.c files. */
#include "conf/address.h"

#include <stdio.h>
#include <string.h>

#include "conf/address-xml.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

static const char *const type_words[_VB_ADDRESS_MAX] = {
        [VB_ADDRESS_NONE] = "",
        [VB_ADDRESS_PCI] = "pci",
        [VB_ADDRESS_DRIVE] = "drive",
        [VB_ADDRESS_USB] = "usb",
        [VB_ADDRESS_VIRTIO_SERIAL] = "virtio-serial",
        [VB_ADDRESS_ISA] = "isa",
};

/* "1.2.3.4" at most, three digits each. */
typedef char PortText[4 * VB_USB_PORT_DEPTH];

const char *vb_address_type_to_string(VbAddressType type)
{
        return type_words[type];
}

static const char *usb_port_text(const VbUsbAddress *usb, PortText text)
{
        int length = 0;

        text[0] = '\0';
        for (int i = 0; i < usb->n_ports; i++)
                length += snprintf(text + length, sizeof(PortText) - (gsize) length, "%s%u", i > 0 ? "." : "",
                                   usb->ports[i]);
        return text;
}

char *vb_address_to_string(const VbAddress *address)
{
        PortText port;

        switch (address->type) {
        case VB_ADDRESS_PCI:
                return g_strdup_printf("%04x:%02x:%02x.%x", address->pci.domain, address->pci.bus,
                                       address->pci.slot, address->pci.function);
        case VB_ADDRESS_DRIVE:
                return g_strdup_printf("drive %u:%u:%u:%u", address->drive.controller, address->drive.bus,
                                       address->drive.target, address->drive.unit);
        case VB_ADDRESS_USB:
                return g_strdup_printf("usb %u:%s", address->usb.bus, usb_port_text(&address->usb, port));
        case VB_ADDRESS_VIRTIO_SERIAL:
                return g_strdup_printf("virtio-serial %u:%u:%u", address->virtio_serial.controller,
                                       address->virtio_serial.bus, address->virtio_serial.port);
        case VB_ADDRESS_ISA:
                return g_strdup_printf("isa 0x%x", address->isa.iobase);
        case VB_ADDRESS_NONE:
        case _VB_ADDRESS_MAX:
                break;
        }
        return g_strdup("");
}

bool vb_address_equal(const VbAddress *a, const VbAddress *b)
{
        if (a->type != b->type)
                return false;
        switch (a->type) {
        case VB_ADDRESS_PCI:
                return a->pci.domain == b->pci.domain && a->pci.bus == b->pci.bus &&
                       a->pci.slot == b->pci.slot && a->pci.function == b->pci.function;
        case VB_ADDRESS_DRIVE:
                return memcmp(&a->drive, &b->drive, sizeof(a->drive)) == 0;
        case VB_ADDRESS_USB:
                return a->usb.bus == b->usb.bus && a->usb.n_ports == b->usb.n_ports &&
                       memcmp(a->usb.ports, b->usb.ports, a->usb.n_ports) == 0;
        case VB_ADDRESS_VIRTIO_SERIAL:
                return memcmp(&a->virtio_serial, &b->virtio_serial, sizeof(a->virtio_serial)) == 0;
        case VB_ADDRESS_ISA:
                return a->isa.iobase == b->isa.iobase && a->isa.irq == b->isa.irq;
        case VB_ADDRESS_NONE:
        case _VB_ADDRESS_MAX:
                break;
        }
        return true;
}

static bool parse_pci(VbXmlNode *node, VbPciAddress *ret, GError **error)
{
        int domain = 0, bus = 0, slot = 0, function = 0;
        VbTristate multifunction = VB_TRISTATE_UNSET;

        if (!vb_xml_take_int(node, "domain", 0, 0xffff, &domain, error) ||
            !vb_xml_take_int(node, "bus", 0, 0xff, &bus, error) ||
            !vb_xml_take_int(node, "slot", 0, 0x1f, &slot, error) ||
            !vb_xml_take_int(node, "function", 0, 7, &function, error) ||
            !vb_xml_take_switch(node, "multifunction", &multifunction, error))
                return false;
        *ret = (VbPciAddress){ .domain = (uint16_t) domain,
                               .bus = (uint8_t) bus,
                               .slot = (uint8_t) slot,
                               .function = (uint8_t) function,
                               .multifunction = multifunction };
        return true;
}

static bool parse_usb_port(VbXmlNode *node, const char *text, VbUsbAddress *ret, GError **error)
{
        g_auto(GStrv) parts = g_strsplit(text, ".", VB_USB_PORT_DEPTH + 1);
        guint n = g_strv_length(parts);

        for (guint i = 0; i < n; i++) {
                guint64 port = 0;

                if (i >= VB_USB_PORT_DEPTH || !g_ascii_string_to_unsigned(parts[i], 10, 1, 255, &port, NULL))
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "port='%s' is not one to %d port numbers joined by '.'", text,
                                            VB_USB_PORT_DEPTH);
                ret->ports[i] = (uint8_t) port;
        }
        ret->n_ports = (uint8_t) n;
        return true;
}

static bool parse_usb(VbXmlNode *node, VbUsbAddress *ret, GError **error)
{
        const char *port = vb_xml_take_attribute(node, "port");

        return vb_xml_take_uint32(node, "bus", 0, 0xfff, &ret->bus, error) &&
               (!port || parse_usb_port(node, port, ret, error));
}

bool vb_address_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        VbAddress address = { 0 };
        int type = VB_ADDRESS_NONE;
        const char *text;
        bool ok = false;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_ADDRESS_MAX,
                              "ccid ccw dimm mdev spapr-vio unassigned virtio-mmio virtio-s390", &type,
                              error))
                return false;
        address.type = (VbAddressType) type;
        switch (address.type) {
        case VB_ADDRESS_PCI:
                ok = parse_pci(node, &address.pci, error);
                break;
        case VB_ADDRESS_DRIVE:
                ok = vb_xml_take_uint32(node, "controller", 0, 0xffff, &address.drive.controller, error) &&
                     vb_xml_take_uint32(node, "bus", 0, 0xffff, &address.drive.bus, error) &&
                     vb_xml_take_uint32(node, "target", 0, 0xffff, &address.drive.target, error) &&
                     vb_xml_take_uint32(node, "unit", 0, 0xffff, &address.drive.unit, error);
                break;
        case VB_ADDRESS_USB:
                ok = parse_usb(node, &address.usb, error);
                break;
        case VB_ADDRESS_VIRTIO_SERIAL:
                ok = vb_xml_take_uint32(node, "controller", 0, 0xffff, &address.virtio_serial.controller,
                                        error) &&
                     vb_xml_take_uint32(node, "bus", 0, 0xffff, &address.virtio_serial.bus, error) &&
                     vb_xml_take_uint32(node, "port", 0, 0xffff, &address.virtio_serial.port, error);
                break;
        case VB_ADDRESS_ISA:
                ok = vb_xml_take_uint32(node, "iobase", 1, 0xffff, &address.isa.iobase, error) &&
                     vb_xml_take_uint32(node, "irq", 1, 0xff, &address.isa.irq, error);
                break;
        case VB_ADDRESS_NONE:
        case _VB_ADDRESS_MAX:
                break;
        }
        if (ok)
                *ret = address;
        return ok;
}

void vb_address_write(const VbAddress *address, VbXmlWriter *writer)
{
        PortText port;

        if (address->type == VB_ADDRESS_NONE)
                return;
        vb_xml_open(writer, "address");
        vb_xml_attribute(writer, "type", type_words[address->type]);
        switch (address->type) {
        case VB_ADDRESS_PCI:
                vb_xml_attribute_hex(writer, "domain", address->pci.domain, 4);
                vb_xml_attribute_hex(writer, "bus", address->pci.bus, 2);
                vb_xml_attribute_hex(writer, "slot", address->pci.slot, 2);
                vb_xml_attribute_hex(writer, "function", address->pci.function, 1);
                vb_xml_attribute(writer, "multifunction", vb_tristate_to_switch(address->pci.multifunction));
                break;
        case VB_ADDRESS_DRIVE:
                vb_xml_attribute_number(writer, "controller", address->drive.controller);
                vb_xml_attribute_number(writer, "bus", address->drive.bus);
                vb_xml_attribute_number(writer, "target", address->drive.target);
                vb_xml_attribute_number(writer, "unit", address->drive.unit);
                break;
        case VB_ADDRESS_USB:
                vb_xml_attribute_number(writer, "bus", address->usb.bus);
                if (address->usb.n_ports > 0)
                        vb_xml_attribute(writer, "port", usb_port_text(&address->usb, port));
                break;
        case VB_ADDRESS_VIRTIO_SERIAL:
                vb_xml_attribute_number(writer, "controller", address->virtio_serial.controller);
                vb_xml_attribute_number(writer, "bus", address->virtio_serial.bus);
                vb_xml_attribute_number(writer, "port", address->virtio_serial.port);
                break;
        case VB_ADDRESS_ISA:
                if (address->isa.iobase > 0)
                        vb_xml_attribute_hex(writer, "iobase", address->isa.iobase, 1);
                if (address->isa.irq > 0)
                        vb_xml_attribute_hex(writer, "irq", address->isa.irq, 1);
                break;
        case VB_ADDRESS_NONE:
        case _VB_ADDRESS_MAX:
                break;
        }
        vb_xml_close(writer);
}
