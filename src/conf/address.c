/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as values: words for them, comparison, and the <address> element; one row and four functions for
 * each type. Who may sit where is pci.c and the assign-*.c files. */
#include "conf/address.h"

#include <stdio.h>
#include <string.h>

#include "conf/address-xml.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* Largest index of a controller, bus, target or unit that is read; what a controller has is less. */
#define DRIVE_NUMBER_MAX 0xffff
/* Of the channel subsystem: css 0xfe is virtual, and the only one that virtio devices have. */
#define CCW_CSSID_VIRTUAL 0xfe
#define CCW_SSID_MAX 3
#define SPAPR_VIO_REG_MAX UINT32_MAX

/* "1.2.3.4" at most, three digits each. */
typedef char PortText[4 * VB_USB_PORT_DEPTH];

static const char *usb_port_text(const VbUsbAddress *usb, PortText text)
{
        int length = 0;

        text[0] = '\0';
        for (int i = 0; i < usb->n_ports; i++)
                length += snprintf(text + length, sizeof(PortText) - (gsize) length, "%s%u", i > 0 ? "." : "",
                                   usb->ports[i]);
        return text;
}

static char *pci_to_string(const VbAddress *address)
{
        return g_strdup_printf("%04x:%02x:%02x.%x", address->pci.domain, address->pci.bus, address->pci.slot,
                               address->pci.function);
}

static bool pci_equal(const VbAddress *a, const VbAddress *b)
{
        return a->pci.domain == b->pci.domain && a->pci.bus == b->pci.bus && a->pci.slot == b->pci.slot &&
               a->pci.function == b->pci.function;
}

static bool pci_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        int domain = 0, bus = 0, slot = 0, function = 0;
        VbTristate multifunction = VB_TRISTATE_UNSET;

        if (!vb_xml_take_int(node, "domain", 0, 0xffff, &domain, error) ||
            !vb_xml_take_int(node, "bus", 0, 0xff, &bus, error) ||
            !vb_xml_take_int(node, "slot", 0, 0x1f, &slot, error) ||
            !vb_xml_take_int(node, "function", 0, 7, &function, error) ||
            !vb_xml_take_switch(node, "multifunction", &multifunction, error))
                return false;
        ret->pci = (VbPciAddress){ .domain = (uint16_t) domain,
                                   .bus = (uint8_t) bus,
                                   .slot = (uint8_t) slot,
                                   .function = (uint8_t) function,
                                   .multifunction = multifunction };
        return true;
}

static void pci_write(const VbAddress *address, VbXmlWriter *writer)
{
        vb_xml_attribute_hex(writer, "domain", address->pci.domain, 4);
        vb_xml_attribute_hex(writer, "bus", address->pci.bus, 2);
        vb_xml_attribute_hex(writer, "slot", address->pci.slot, 2);
        vb_xml_attribute_hex(writer, "function", address->pci.function, 1);
        vb_xml_attribute(writer, "multifunction", vb_tristate_to_switch(address->pci.multifunction));
}

static char *drive_to_string(const VbAddress *address)
{
        return g_strdup_printf("drive %u:%u:%u:%u", address->drive.controller, address->drive.bus,
                               address->drive.target, address->drive.unit);
}

static bool drive_equal(const VbAddress *a, const VbAddress *b)
{
        return memcmp(&a->drive, &b->drive, sizeof(a->drive)) == 0;
}

static bool drive_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        return vb_xml_take_uint32(node, "controller", 0, DRIVE_NUMBER_MAX, &ret->drive.controller, error) &&
               vb_xml_take_uint32(node, "bus", 0, DRIVE_NUMBER_MAX, &ret->drive.bus, error) &&
               vb_xml_take_uint32(node, "target", 0, DRIVE_NUMBER_MAX, &ret->drive.target, error) &&
               vb_xml_take_uint32(node, "unit", 0, DRIVE_NUMBER_MAX, &ret->drive.unit, error);
}

static void drive_write(const VbAddress *address, VbXmlWriter *writer)
{
        vb_xml_attribute_number(writer, "controller", address->drive.controller);
        vb_xml_attribute_number(writer, "bus", address->drive.bus);
        vb_xml_attribute_number(writer, "target", address->drive.target);
        vb_xml_attribute_number(writer, "unit", address->drive.unit);
}

static char *usb_to_string(const VbAddress *address)
{
        PortText port;

        return g_strdup_printf("usb %u:%s", address->usb.bus, usb_port_text(&address->usb, port));
}

static bool usb_equal(const VbAddress *a, const VbAddress *b)
{
        return a->usb.bus == b->usb.bus && a->usb.n_ports == b->usb.n_ports &&
               memcmp(a->usb.ports, b->usb.ports, a->usb.n_ports) == 0;
}

static bool parse_usb_port(VbXmlNode *node, const char *text, VbUsbAddress *ret, GError **error)
{
        g_auto(GStrv) parts = g_strsplit(text, ".", VB_USB_PORT_DEPTH + 1);
        guint n = g_strv_length(parts);

        if (n == 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "port='' is empty");
        /* Any port of the bus. */
        if (g_str_equal(text, "0"))
                return true;
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

static bool usb_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        const char *port = vb_xml_take_attribute(node, "port");

        return vb_xml_take_uint32(node, "bus", 0, 0xfff, &ret->usb.bus, error) &&
               (!port || parse_usb_port(node, port, &ret->usb, error));
}

static void usb_write(const VbAddress *address, VbXmlWriter *writer)
{
        PortText port;

        vb_xml_attribute_number(writer, "bus", address->usb.bus);
        if (address->usb.n_ports > 0)
                vb_xml_attribute(writer, "port", usb_port_text(&address->usb, port));
}

static char *virtio_serial_to_string(const VbAddress *address)
{
        return g_strdup_printf("virtio-serial %u:%u:%u", address->virtio_serial.controller,
                               address->virtio_serial.bus, address->virtio_serial.port);
}

static bool virtio_serial_equal(const VbAddress *a, const VbAddress *b)
{
        return memcmp(&a->virtio_serial, &b->virtio_serial, sizeof(a->virtio_serial)) == 0;
}

static bool virtio_serial_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        return vb_xml_take_uint32(node, "controller", 0, DRIVE_NUMBER_MAX, &ret->virtio_serial.controller,
                                  error) &&
               vb_xml_take_uint32(node, "bus", 0, DRIVE_NUMBER_MAX, &ret->virtio_serial.bus, error) &&
               vb_xml_take_uint32(node, "port", 0, DRIVE_NUMBER_MAX, &ret->virtio_serial.port, error);
}

static void virtio_serial_write(const VbAddress *address, VbXmlWriter *writer)
{
        vb_xml_attribute_number(writer, "controller", address->virtio_serial.controller);
        vb_xml_attribute_number(writer, "bus", address->virtio_serial.bus);
        vb_xml_attribute_number(writer, "port", address->virtio_serial.port);
}

static char *isa_to_string(const VbAddress *address)
{
        return g_strdup_printf("isa 0x%x", address->isa.iobase);
}

static bool isa_equal(const VbAddress *a, const VbAddress *b)
{
        return a->isa.iobase == b->isa.iobase && a->isa.irq == b->isa.irq;
}

static bool isa_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        uint64_t iobase = 0, irq = 0;

        if (!vb_xml_take_hex(node, "iobase", 0xffff, &iobase, error) ||
            !vb_xml_take_hex(node, "irq", 0xff, &irq, error))
                return false;
        ret->isa.iobase = (uint32_t) iobase;
        ret->isa.irq = (uint32_t) irq;
        return true;
}

static void isa_write(const VbAddress *address, VbXmlWriter *writer)
{
        if (address->isa.iobase > 0)
                vb_xml_attribute_hex(writer, "iobase", address->isa.iobase, 1);
        if (address->isa.irq > 0)
                vb_xml_attribute_hex(writer, "irq", address->isa.irq, 1);
}

static char *ccid_to_string(const VbAddress *address)
{
        return g_strdup_printf("ccid %u:%u", address->ccid.controller, address->ccid.slot);
}

static bool ccid_equal(const VbAddress *a, const VbAddress *b)
{
        return a->ccid.controller == b->ccid.controller && a->ccid.slot == b->ccid.slot;
}

static bool ccid_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        return vb_xml_take_uint32(node, "controller", 0, DRIVE_NUMBER_MAX, &ret->ccid.controller, error) &&
               vb_xml_take_uint32(node, "slot", 0, DRIVE_NUMBER_MAX, &ret->ccid.slot, error);
}

static void ccid_write(const VbAddress *address, VbXmlWriter *writer)
{
        vb_xml_attribute_number(writer, "controller", address->ccid.controller);
        vb_xml_attribute_number(writer, "slot", address->ccid.slot);
}

static char *spapr_vio_to_string(const VbAddress *address)
{
        return g_strdup_printf("spapr-vio 0x%" G_GINT64_MODIFIER "x", address->spapr_vio.reg);
}

static bool spapr_vio_equal(const VbAddress *a, const VbAddress *b)
{
        return a->spapr_vio.reg == b->spapr_vio.reg;
}

static bool spapr_vio_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        return vb_xml_take_hex(node, "reg", SPAPR_VIO_REG_MAX, &ret->spapr_vio.reg, error);
}

static void spapr_vio_write(const VbAddress *address, VbXmlWriter *writer)
{
        if (address->spapr_vio.reg > 0)
                vb_xml_attribute_hex(writer, "reg", address->spapr_vio.reg, 8);
}

static char *ccw_to_string(const VbAddress *address)
{
        return g_strdup_printf("ccw %x.%x.%04x", address->ccw.cssid, address->ccw.ssid, address->ccw.devno);
}

static bool ccw_equal(const VbAddress *a, const VbAddress *b)
{
        return a->ccw.given == b->ccw.given && a->ccw.cssid == b->ccw.cssid && a->ccw.ssid == b->ccw.ssid &&
               a->ccw.devno == b->ccw.devno;
}

static bool ccw_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        int cssid = -1, ssid = -1, devno = -1;

        if (!vb_xml_take_int(node, "cssid", 0, CCW_CSSID_VIRTUAL, &cssid, error) ||
            !vb_xml_take_int(node, "ssid", 0, CCW_SSID_MAX, &ssid, error) ||
            !vb_xml_take_int(node, "devno", 0, 0xffff, &devno, error))
                return false;
        if ((cssid < 0) != (ssid < 0) || (cssid < 0) != (devno < 0))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "cssid, ssid and devno are given together or not at all");
        ret->ccw.given = cssid >= 0;
        if (ret->ccw.given) {
                ret->ccw.cssid = (uint8_t) cssid;
                ret->ccw.ssid = (uint8_t) ssid;
                ret->ccw.devno = (uint16_t) devno;
        }
        return true;
}

static void ccw_write(const VbAddress *address, VbXmlWriter *writer)
{
        if (!address->ccw.given)
                return;
        vb_xml_attribute_hex(writer, "cssid", address->ccw.cssid, 1);
        vb_xml_attribute_hex(writer, "ssid", address->ccw.ssid, 1);
        vb_xml_attribute_hex(writer, "devno", address->ccw.devno, 4);
}

static char *dimm_to_string(const VbAddress *address)
{
        return g_strdup_printf("dimm %u", address->dimm.slot);
}

static bool dimm_equal(const VbAddress *a, const VbAddress *b)
{
        return a->dimm.has_slot == b->dimm.has_slot && a->dimm.slot == b->dimm.slot &&
               a->dimm.base == b->dimm.base;
}

static bool dimm_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        int slot = -1;

        if (!vb_xml_take_int(node, "slot", 0, INT32_MAX, &slot, error) ||
            !vb_xml_take_hex(node, "base", UINT64_MAX - 1, &ret->dimm.base, error))
                return false;
        ret->dimm.has_slot = slot >= 0;
        ret->dimm.slot = slot >= 0 ? (uint32_t) slot : 0;
        return true;
}

static void dimm_write(const VbAddress *address, VbXmlWriter *writer)
{
        if (address->dimm.has_slot)
                vb_xml_attribute_number(writer, "slot", address->dimm.slot);
        if (address->dimm.base > 0)
                vb_xml_attribute_hex(writer, "base", address->dimm.base, 1);
}

/* Types without numbers have the word alone. */
static const struct {
        const char *word;
        bool (*parse)(VbXmlNode *node, VbAddress *ret, GError **error);
        void (*write)(const VbAddress *address, VbXmlWriter *writer);
        char *(*to_string)(const VbAddress *address);
        bool (*equal)(const VbAddress *a, const VbAddress *b);
} types[_VB_ADDRESS_MAX] = {
        /* clang-format off */
        [VB_ADDRESS_NONE]          = { "", NULL, NULL, NULL, NULL },
        [VB_ADDRESS_PCI]           = { "pci", pci_parse, pci_write, pci_to_string, pci_equal },
        [VB_ADDRESS_DRIVE]         = { "drive", drive_parse, drive_write, drive_to_string, drive_equal },
        [VB_ADDRESS_USB]           = { "usb", usb_parse, usb_write, usb_to_string, usb_equal },
        [VB_ADDRESS_VIRTIO_SERIAL] = { "virtio-serial", virtio_serial_parse, virtio_serial_write,
                                       virtio_serial_to_string, virtio_serial_equal },
        [VB_ADDRESS_ISA]           = { "isa", isa_parse, isa_write, isa_to_string, isa_equal },
        [VB_ADDRESS_CCID]          = { "ccid", ccid_parse, ccid_write, ccid_to_string, ccid_equal },
        [VB_ADDRESS_SPAPR_VIO]     = { "spapr-vio", spapr_vio_parse, spapr_vio_write, spapr_vio_to_string,
                                       spapr_vio_equal },
        [VB_ADDRESS_VIRTIO_MMIO]   = { "virtio-mmio", NULL, NULL, NULL, NULL },
        [VB_ADDRESS_CCW]           = { "ccw", ccw_parse, ccw_write, ccw_to_string, ccw_equal },
        [VB_ADDRESS_DIMM]          = { "dimm", dimm_parse, dimm_write, dimm_to_string, dimm_equal },
        [VB_ADDRESS_UNASSIGNED]    = { "unassigned", NULL, NULL, NULL, NULL },
        /* clang-format on */
};

const char *vb_address_type_to_string(VbAddressType type)
{
        return types[type].word;
}

char *vb_address_to_string(const VbAddress *address)
{
        return types[address->type].to_string ? types[address->type].to_string(address)
                                              : g_strdup(types[address->type].word);
}

bool vb_address_equal(const VbAddress *a, const VbAddress *b)
{
        return a->type == b->type && (!types[a->type].equal || types[a->type].equal(a, b));
}

bool vb_address_parse(VbXmlNode *node, VbAddress *ret, GError **error)
{
        const char *words[_VB_ADDRESS_MAX];
        VbAddress address = { 0 };
        int type = VB_ADDRESS_NONE;
        const char *text;

        for (int i = 0; i < _VB_ADDRESS_MAX; i++)
                words[i] = types[i].word;
        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", words, _VB_ADDRESS_MAX, "mdev virtio-s390", &type, error))
                return false;
        address.type = (VbAddressType) type;
        if (types[type].parse && !types[type].parse(node, &address, error))
                return false;
        *ret = address;
        return true;
}

void vb_address_write(const VbAddress *address, VbXmlWriter *writer)
{
        if (address->type == VB_ADDRESS_NONE)
                return;
        vb_xml_open(writer, "address");
        vb_xml_attribute(writer, "type", types[address->type].word);
        if (types[address->type].write)
                types[address->type].write(address, writer);
        vb_xml_close(writer);
}
