/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <interface>: network cards. */
#include "conf/interface.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* The word in the XML and the QEMU device type of each model. */
static const char *const model_words[_VB_INTERFACE_MODEL_MAX] = {
        [VB_INTERFACE_VIRTIO] = "virtio",   [VB_INTERFACE_E1000] = "e1000",
        [VB_INTERFACE_E1000E] = "e1000e",   [VB_INTERFACE_RTL8139] = "rtl8139",
        [VB_INTERFACE_PCNET] = "pcnet",     [VB_INTERFACE_NE2K_PCI] = "ne2k_pci",
        [VB_INTERFACE_VMXNET3] = "vmxnet3", [VB_INTERFACE_USB_NET] = "usb-net",
};
static const char *const model_drivers[_VB_INTERFACE_MODEL_MAX] = {
        [VB_INTERFACE_VIRTIO] = "virtio-net-pci", [VB_INTERFACE_E1000] = "e1000",
        [VB_INTERFACE_E1000E] = "e1000e",         [VB_INTERFACE_RTL8139] = "rtl8139",
        [VB_INTERFACE_PCNET] = "pcnet",           [VB_INTERFACE_NE2K_PCI] = "ne2k_pci",
        [VB_INTERFACE_VMXNET3] = "vmxnet3",       [VB_INTERFACE_USB_NET] = "usb-net",
};
static const char *const type_words[] = { [VB_INTERFACE_USER] = "user" };

const char *vb_interface_model_to_string(VbInterfaceModel model)
{
        return model_words[model];
}

const char *vb_interface_model_driver(VbInterfaceModel model)
{
        return model_drivers[model];
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
        const char *text;

        if (!vb_xml_require_attribute(node, "address", &text, error))
                return false;
        if (!read_mac(text, interface->mac))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "address='%s' is not six hexadecimal numbers joined by ':'", text);
        if (interface->mac[0] & 1)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "address='%s' is a multicast address",
                                    text);
        interface->has_mac = true;
        return true;
}

static bool interface_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbInterface *interface = (VbInterface *) device;
        int type = VB_INTERFACE_USER, model = VB_INTERFACE_MODEL_UNSET;
        const char *text;
        VbXmlNode *child;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(
                    node, "type", type_words, G_N_ELEMENTS(type_words),
                    "bridge client direct ds ethernet hostdev internal mcast network null server udp vdpa "
                    "vhostuser",
                    &type, error))
                return false;
        interface->type = (VbInterfaceType) type;
        child = vb_xml_take_child(node, "mac");
        if (child && !parse_mac(interface, child, error))
                return false;
        child = vb_xml_take_child(node, "model");
        if (child &&
            (!vb_xml_require_attribute(child, "type", &text, error) ||
             !vb_xml_take_word(
                     child, "type", model_words, _VB_INTERFACE_MODEL_MAX,
                     "82559a 82559b 82559c 82559er i82550 i82551 i82557a i82557b i82557c i82558a "
                     "i82558b i82559a i82559b i82559c i82559er i82562 i82801 igb lan9118 netfront "
                     "rocker scm91c111 smc91c111 spapr-vlan sungem tulip usb-net virtio-transitional "
                     "virtio-non-transitional vlance vmxnet vmxnet2 Am79C970A Am79C973 82540EM "
                     "82545EM 82543GC",
                     &model, error)))
                return false;
        interface->model = (VbInterfaceModel) model;
        return true;
}

static void interface_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbInterface *interface = (const VbInterface *) device;
        const uint8_t *mac = interface->mac;
        char text[18];

        vb_xml_attribute(writer, "type", type_words[interface->type]);
        if (interface->has_mac) {
                g_snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                           mac[3], mac[4], mac[5]);
                vb_xml_open(writer, "mac");
                vb_xml_attribute(writer, "address", text);
                vb_xml_close(writer);
        }
        if (interface->model != VB_INTERFACE_MODEL_UNSET) {
                vb_xml_open(writer, "model");
                vb_xml_attribute(writer, "type", model_words[interface->model]);
                vb_xml_close(writer);
        }
}

static const char *interface_driver(const VbDevice *device)
{
        return model_drivers[((const VbInterface *) device)->model];
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

static bool complete_interface(VbCompletion *completion, VbDevice *device, GError **error)
{
        static const VbInterfaceModel preferred[] = { VB_INTERFACE_RTL8139, VB_INTERFACE_E1000,
                                                      VB_INTERFACE_VIRTIO };
        VbInterface *interface = (VbInterface *) device;

        for (gsize i = 0; i < G_N_ELEMENTS(preferred) && interface->model == VB_INTERFACE_MODEL_UNSET; i++)
                if (vb_complete_has_driver(completion, vb_interface_model_driver(preferred[i])))
                        interface->model = preferred[i];
        if (interface->model == VB_INTERFACE_MODEL_UNSET)
                return vb_device_error(
                        device, VB_ERROR_UNSUPPORTED, error,
                        "no <model> is given, and %s has none of the usual ones (rtl8139, e1000, "
                        "virtio)",
                        completion->emulator->path);
        if (!interface->has_mac)
                make_mac(interface->mac);
        interface->has_mac = true;
        return true;
}

/* ne2k_pci and pcnet are old PCI cards; libvirt takes every model that it has no name for as an Express one,
 * and definitions that came from there have them in root ports, where they work. */
static const VbPciConnect interface_needs[_VB_INTERFACE_MODEL_MAX] = {
        [VB_INTERFACE_VIRTIO] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_INTERFACE_E1000] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_INTERFACE_E1000E] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_INTERFACE_RTL8139] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_INTERFACE_PCNET] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_INTERFACE_NE2K_PCI] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_INTERFACE_VMXNET3] = VB_PCI_CONNECT_PCI_ENDPOINT,
};

static VbPciConnect interface_pci_needs(const VbDevice *device)
{
        return interface_needs[((const VbInterface *) device)->model];
}

static VbAddressType interface_address_type(const VbDevice *device)
{
        return ((const VbInterface *) device)->model == VB_INTERFACE_USB_NET ? VB_ADDRESS_USB
                                                                             : VB_ADDRESS_NONE;
}

const VbDeviceClass vb_interface_class = {
        .element = "interface",
        .size = sizeof(VbInterface),
        .bootable = true,
        .has_rom = true,
        .parse = interface_parse,
        .format = interface_format,
        .driver = interface_driver,
        .alias_prefix = "net",
        .complete = complete_interface,
        .pci_needs = interface_pci_needs,
        .address_type = interface_address_type,
};
