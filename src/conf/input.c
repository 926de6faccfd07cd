/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <input>: mice, tablets, keyboards. */
#include "conf/input.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const type_words[_VB_INPUT_MAX] = {
        [VB_INPUT_MOUSE] = "mouse",
        [VB_INPUT_TABLET] = "tablet",
        [VB_INPUT_KEYBOARD] = "keyboard",
};
static const char *const bus_words[_VB_INPUT_BUS_MAX] = {
        [VB_INPUT_BUS_PS2] = "ps2",
        [VB_INPUT_BUS_USB] = "usb",
        [VB_INPUT_BUS_VIRTIO] = "virtio",
};

const char *vb_input_type_to_string(VbInputType type)
{
        return type_words[type];
}

const char *vb_input_bus_to_string(VbInputBus bus)
{
        return bus_words[bus];
}

static bool input_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbInput *input = (VbInput *) device;
        int type = -1, bus = VB_INPUT_BUS_UNSET;
        const char *text;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_INPUT_MAX, "evdev passthrough", &type, error) ||
            !vb_xml_take_word(node, "bus", bus_words, _VB_INPUT_BUS_MAX, "none parallels xen", &bus, error))
                return false;
        input->type = (VbInputType) type;
        input->bus = (VbInputBus) bus;
        return true;
}

static void input_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbInput *input = (const VbInput *) device;

        vb_xml_attribute(writer, "type", type_words[input->type]);
        vb_xml_attribute(writer, "bus", bus_words[input->bus]);
}

static const char *input_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_INPUT_BUS_MAX][_VB_INPUT_MAX] = {
                [VB_INPUT_BUS_USB] = { [VB_INPUT_MOUSE] = "usb-mouse",
                                       [VB_INPUT_TABLET] = "usb-tablet",
                                       [VB_INPUT_KEYBOARD] = "usb-kbd" },
                [VB_INPUT_BUS_VIRTIO] = { [VB_INPUT_MOUSE] = "virtio-mouse-pci",
                                          [VB_INPUT_TABLET] = "virtio-tablet-pci",
                                          [VB_INPUT_KEYBOARD] = "virtio-keyboard-pci" },
        };
        const VbInput *input = (const VbInput *) device;

        return drivers[input->bus][input->type];
}

static bool complete_input(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbInput *input = (VbInput *) device;

        if (input->bus == VB_INPUT_BUS_UNSET)
                input->bus = input->type != VB_INPUT_TABLET && completion->machine->has_i8042
                                     ? VB_INPUT_BUS_PS2
                                     : VB_INPUT_BUS_USB;
        if (input->bus == VB_INPUT_BUS_PS2) {
                if (input->type == VB_INPUT_TABLET)
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "there are no PS/2 tablets");
                if (!completion->machine->has_i8042)
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no PS/2", completion->machine->name);
                device->builtin = true;
        }
        return true;
}

static VbPciConnect input_pci_needs(const VbDevice *device)
{
        return ((const VbInput *) device)->bus == VB_INPUT_BUS_VIRTIO ? VB_PCI_CONNECT_PCIE_ENDPOINT : 0;
}

static VbAddressType input_address_type(const VbDevice *device)
{
        return ((const VbInput *) device)->bus == VB_INPUT_BUS_USB ? VB_ADDRESS_USB : VB_ADDRESS_NONE;
}

const VbDeviceClass vb_input_class = {
        .element = "input",
        .size = sizeof(VbInput),
        .parse = input_parse,
        .format = input_format,
        .driver = input_driver,
        .alias_prefix = "input",
        .complete = complete_input,
        .pci_needs = input_pci_needs,
        .address_type = input_address_type,
};
