/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <interface>: network cards. */
#include "conf/interface.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* Words in XML become device types on a command line. */
#define MODEL_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_"

static const char *const mac_types[] = { "", "generated", "static" };

/* Models that are no PCI Express card. libvirt takes every model that it has no name for as one, and
 * definitions that came from there have old PCI cards in root ports, where they work. */
static const struct {
        const char *word;
        VbPciConnect pci; /* 0: not on PCI */
        VbAddressType address;
} models[] = {
        { "virtio-transitional", VB_PCI_CONNECT_PCI_ENDPOINT, VB_ADDRESS_NONE },
        { "e1000", VB_PCI_CONNECT_PCI_ENDPOINT, VB_ADDRESS_NONE },
        { "rtl8139", VB_PCI_CONNECT_PCI_ENDPOINT, VB_ADDRESS_NONE },
        { "vmxnet3", VB_PCI_CONNECT_PCI_ENDPOINT, VB_ADDRESS_NONE },
        { "usb-net", 0, VB_ADDRESS_USB },
        { "spapr-vlan", 0, VB_ADDRESS_SPAPR_VIO },
        { "ne2k_isa", 0, VB_ADDRESS_ISA },
};

static int model_row(const VbInterface *interface)
{
        for (gsize i = 0; i < G_N_ELEMENTS(models); i++)
                if (g_strcmp0(interface->model, models[i].word) == 0)
                        return (int) i;
        return -1;
}

/* -1 for a model that is none of virtio's three. */
static int virtio_model(const VbInterface *interface)
{
        for (int model = 0; model < _VB_VIRTIO_MODEL_MAX; model++)
                if (g_strcmp0(interface->model, vb_virtio_model_to_string((VbVirtioModel) model)) == 0)
                        return model;
        return -1;
}

bool vb_interface_is_virtio(const VbInterface *interface)
{
        return interface->type != VB_INTERFACE_HOSTDEV && interface->model &&
               g_str_has_prefix(interface->model, "virtio");
}

bool vb_interface_is_unplugged(const VbDevice *device)
{
        const VbInterface *interface = (const VbInterface *) device;

        return device->kind == VB_DEVICE_INTERFACE && interface->type != VB_INTERFACE_HOSTDEV &&
               interface->parts.link && interface->parts.link->state == VB_LINK_DOWN;
}

uint32_t vb_interface_queues(const VbInterface *interface)
{
        const VbInterfaceDriver *driver = interface->parts.driver;

        return driver && driver->queues.given && vb_interface_is_virtio(interface)
                       ? (uint32_t) driver->queues.value
                       : 1;
}

/* Six pairs of hexadecimal digits, or single digits, joined by colons. */
static bool read_mac(const char *text, uint8_t mac[6])
{
        for (int i = 0; i < 6; i++) {
                int value = 0, digits = 0;

                for (; digits < 2 && g_ascii_isxdigit(*text); digits++, text++)
                        value = value * 16 + g_ascii_xdigit_value(*text);
                if (digits == 0 || *text != (i < 5 ? ':' : '\0'))
                        return false;
                mac[i] = (uint8_t) value;
                text++;
        }
        return true;
}

static bool parse_mac(VbInterface *interface, VbXmlNode *node, GError **error)
{
        int type = VB_MAC_TYPE_UNSET;
        const char *text;

        if (!vb_xml_require_attribute(node, "address", &text, error) ||
            !vb_xml_take_word(node, "type", mac_types, G_N_ELEMENTS(mac_types), NULL, &type, error) ||
            !vb_xml_take_yes_no(node, "check", &interface->mac_check, error))
                return false;
        if (!read_mac(text, interface->mac))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "address='%s' is not six hexadecimal numbers joined by ':'", text);
        if (interface->mac[0] & 1)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "address='%s' is a multicast address",
                                    text);
        interface->has_mac = true;
        interface->mac_type = (VbMacType) type;
        return true;
}

static bool parse_model(VbInterface *interface, VbXmlNode *node, GError **error)
{
        const char *text = vb_xml_take_attribute(node, "type");

        if (!text || *text == '\0')
                return true;
        if (strspn(text, MODEL_CHARACTERS) != strlen(text))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "type='%s' is not made of letters, digits, '-' and '_'", text);
        interface->model = g_strdup(text);
        return true;
}

/* Names that libvirt and this service make up, one for each start: in the XML of running domains. */
static bool is_generated_name(const char *dev)
{
        static const char *const prefixes[] = { "vnet", "macvtap", "macvlan" };

        for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
                const char *rest = dev + strlen(prefixes[i]);

                if (g_str_has_prefix(dev, prefixes[i]) && *rest != '\0' &&
                    strspn(rest, G_CSET_DIGITS) == strlen(rest))
                        return true;
        }
        return false;
}

static bool interface_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbInterface *interface = (VbInterface *) device;
        VbInterfaceTarget *target;
        VbXmlNode *child;

        if (!vb_interface_source_parse(&interface->type, &interface->source, node, error) ||
            !vb_xml_take_yes_no(node, "trustGuestRxFilters", &interface->trust_rx_filters, error) ||
            (interface->type == VB_INTERFACE_HOSTDEV &&
             !vb_xml_take_yes_no(node, "managed", &interface->managed, error)))
                return false;
        child = vb_xml_take_child(node, "mac");
        if (child && !parse_mac(interface, child, error))
                return false;
        child = vb_xml_take_child(node, "model");
        if (child && !parse_model(interface, child, error))
                return false;
        if (!vb_xml_fields_parse(vb_interface_parts_before, node, &interface->parts, error) ||
            !vb_xml_fields_parse(vb_interface_parts_behind, node, &interface->parts, error))
                return false;
        target = interface->parts.target;
        if (target && target->dev && is_generated_name(target->dev) && target->managed != VB_TRISTATE_OFF)
                g_clear_pointer(&target->dev, g_free);
        return true;
}

static void format_mac(const VbInterface *interface, VbXmlWriter *writer)
{
        const uint8_t *mac = interface->mac;
        char text[18];

        g_snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                   mac[4], mac[5]);
        vb_xml_open(writer, "mac");
        vb_xml_attribute(writer, "address", text);
        if (interface->mac_type != VB_MAC_TYPE_UNSET)
                vb_xml_attribute(writer, "type", mac_types[interface->mac_type]);
        vb_xml_attribute(writer, "check", vb_tristate_to_yes_no(interface->mac_check));
        vb_xml_close(writer);
}

static void interface_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbInterface *interface = (const VbInterface *) device;

        vb_xml_attribute(writer, "type", vb_interface_type_to_string(interface->type));
        vb_xml_attribute(writer, "managed", vb_tristate_to_yes_no(interface->managed));
        vb_xml_attribute(writer, "trustGuestRxFilters", vb_tristate_to_yes_no(interface->trust_rx_filters));
        if (interface->has_mac)
                format_mac(interface, writer);
        vb_interface_source_format(interface->type, &interface->source, writer);
        vb_xml_fields_format(vb_interface_parts_before, &interface->parts, writer);
        if (interface->model) {
                vb_xml_open(writer, "model");
                vb_xml_attribute(writer, "type", interface->model);
                vb_xml_close(writer);
        }
        vb_xml_fields_format(vb_interface_parts_behind, &interface->parts, writer);
}

static void interface_clear(VbDevice *device)
{
        VbInterface *interface = (VbInterface *) device;

        vb_interface_source_clear(interface->type, &interface->source);
        vb_xml_fields_clear(vb_interface_parts_before, &interface->parts);
        vb_xml_fields_clear(vb_interface_parts_behind, &interface->parts);
}

static void interface_copy(VbDevice *copy, const VbDevice *device)
{
        VbInterface *to = (VbInterface *) copy;
        const VbInterface *from = (const VbInterface *) device;

        vb_interface_source_copy(from->type, &to->source, &from->source);
        vb_xml_fields_copy(vb_interface_parts_before, &to->parts, &from->parts);
        vb_xml_fields_copy(vb_interface_parts_behind, &to->parts, &from->parts);
}

static const char *interface_driver(const VbDevice *device)
{
        const VbInterface *interface = (const VbInterface *) device;
        int model = virtio_model(interface);

        if (interface->type == VB_INTERFACE_HOSTDEV)
                return "vfio-pci";
        return model >= 0 ? vb_virtio_driver(device, "virtio-net", (VbVirtioModel) model) : interface->model;
}

/* Addresses of QEMU's own range, with 24 random bits as libvirt has it. */
static void make_mac(uint8_t mac[6])
{
        guint32 random = g_random_int();

        mac[0] = 0x52;
        mac[1] = 0x54;
        mac[2] = 0x00;
        mac[3] = (uint8_t) (random >> 16);
        mac[4] = (uint8_t) (random >> 8);
        mac[5] = (uint8_t) random;
}

/* Machines that never had another card in wide use than virtio's. */
static bool prefers_virtio(const char *arch)
{
        static const char *const archs[] = { "aarch64", "armv7l", "loongarch64", "riscv32",
                                             "riscv64", "s390x",  NULL };

        return g_strv_contains(archs, arch);
}

static bool choose_model(const VbCompletion *completion, VbInterface *interface, GError **error)
{
        static const char *const preferred[] = { "rtl8139", "e1000", "virtio" };
        bool virtio = prefers_virtio(completion->emulator->arch) || interface->type == VB_INTERFACE_VDPA;

        if (virtio)
                interface->model = g_strdup("virtio");
        for (gsize i = 0; !interface->model && i < G_N_ELEMENTS(preferred); i++)
                if (vb_complete_has_driver(completion, g_str_equal(preferred[i], "virtio") ? "virtio-net-pci"
                                                                                           : preferred[i]))
                        interface->model = g_strdup(preferred[i]);
        if (interface->model)
                return true;
        return vb_device_error(&interface->base, VB_ERROR_UNSUPPORTED, error,
                               "no <model> is given, and %s has none of the usual ones (rtl8139, e1000, "
                               "virtio)",
                               completion->emulator->path);
}

/* What identifies a port to a switch is made once, like a MAC address. */
static void complete_virtualport(VbVirtualport *port)
{
        bool any = port->type == VB_VIRTUALPORT_ANY;
        VbVirtualportParameters *parameters = port->parameters;

        if (!any && port->type != VB_VIRTUALPORT_OPENVSWITCH && port->type != VB_VIRTUALPORT_8021QBG)
                return;
        if (!parameters)
                parameters = port->parameters = g_new0(VbVirtualportParameters, 1);
        if (!parameters->interfaceid && port->type != VB_VIRTUALPORT_8021QBG)
                parameters->interfaceid = g_uuid_string_random();
        if (!parameters->instanceid && port->type != VB_VIRTUALPORT_OPENVSWITCH)
                parameters->instanceid = g_uuid_string_random();
}

static bool complete_interface(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbInterface *interface = (VbInterface *) device;

        if (!interface->model && interface->type != VB_INTERFACE_HOSTDEV &&
            interface->type != VB_INTERFACE_VHOSTUSER && !choose_model(completion, interface, error))
                return false;
        if (!interface->has_mac)
                make_mac(interface->mac);
        interface->has_mac = true;
        if (interface->parts.virtualport)
                complete_virtualport(interface->parts.virtualport);
        return vb_interface_check(interface, error);
}

static VbPciConnect interface_pci_needs(const VbDevice *device)
{
        const VbInterface *interface = (const VbInterface *) device;
        int row = interface->type == VB_INTERFACE_HOSTDEV ? -1 : model_row(interface);

        return row < 0 ? VB_PCI_CONNECT_PCIE_ENDPOINT : models[row].pci;
}

static bool interface_virtio(const VbDevice *device, struct VbVirtio *ret)
{
        const VbInterface *interface = (const VbInterface *) device;
        int model = interface->type == VB_INTERFACE_HOSTDEV ? -1 : virtio_model(interface);

        if (model < 0 || !interface->parts.driver)
                return false;
        *ret = (struct VbVirtio){ (VbVirtioModel) model, interface->parts.driver->virtio };
        return true;
}

static VbAddressType interface_address_type(const VbDevice *device)
{
        int row = model_row((const VbInterface *) device);

        return row < 0 ? VB_ADDRESS_NONE : models[row].address;
}

static const gsize interface_strings[] = { G_STRUCT_OFFSET(VbInterface, model), 0 };

const VbDeviceClass vb_interface_class = {
        .element = "interface",
        .size = sizeof(VbInterface),
        .strings = interface_strings,
        .bootable = true,
        .has_rom = true,
        .clear = interface_clear,
        .copy = interface_copy,
        .parse = interface_parse,
        .format = interface_format,
        .driver = interface_driver,
        .alias_prefix = "net",
        .complete = complete_interface,
        .pci_needs = interface_pci_needs,
        .virtio = interface_virtio,
        .address_type = interface_address_type,
};
