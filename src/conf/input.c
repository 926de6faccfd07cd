/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <input>: mice, tablets, keyboards, and those of the host.
 * https://libvirt.org/formatdomain.html#input-devices
 */
#include "conf/input.h"

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const type_words[_VB_INPUT_MAX] = {
        [VB_INPUT_MOUSE] = "mouse",       [VB_INPUT_TABLET] = "tablet",
        [VB_INPUT_KEYBOARD] = "keyboard", [VB_INPUT_PASSTHROUGH] = "passthrough",
        [VB_INPUT_EVDEV] = "evdev",
};
static const char *const bus_words[_VB_INPUT_BUS_MAX] = {
        [VB_INPUT_BUS_PS2] = "ps2",
        [VB_INPUT_BUS_USB] = "usb",
        [VB_INPUT_BUS_VIRTIO] = "virtio",
};
static const char *const model_words[] = { "virtio" };
static const char *const grab_words[] = { "all" };
static const char *const toggle_words[] = {
        "ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock",
};

static bool parse_source(VbInput *input, VbXmlNode *node, GError **error)
{
        const char *name = input->type == VB_INPUT_EVDEV ? "dev" : "evdev", *path;
        VbXmlNode *source = vb_xml_take_child(node, "source");
        int grab = -1, toggle = -1;

        if (!source)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<source %s='...'/> is missing", name);
        if (!vb_xml_require_attribute(source, name, &path, error))
                return false;
        if (*path != '/')
                return vb_xml_error(source, VB_ERROR_INVALID_XML, error, "%s='%s' is not an absolute path",
                                    name, path);
        input->source = g_strdup(path);
        if (input->type != VB_INPUT_EVDEV)
                return true;
        if (!vb_xml_take_word(source, "grab", grab_words, G_N_ELEMENTS(grab_words), NULL, &grab, error) ||
            !vb_xml_take_word(source, "grabToggle", toggle_words, G_N_ELEMENTS(toggle_words), NULL, &toggle,
                              error) ||
            !vb_xml_take_switch(source, "repeat", &input->repeat, error))
                return false;
        input->grab_all = grab >= 0;
        input->grab_toggle = toggle >= 0 ? toggle_words[toggle] : NULL;
        return true;
}

static bool input_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbInput *input = (VbInput *) device;
        int type = -1, bus = VB_INPUT_BUS_UNSET, model = -1;
        const char *text;
        VbXmlNode *driver;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_INPUT_MAX, NULL, &type, error))
                return false;
        input->type = (VbInputType) type;
        if (input->type == VB_INPUT_EVDEV)
                return parse_source(input, node, error);
        if (!vb_xml_take_word(node, "bus", bus_words, _VB_INPUT_BUS_MAX, "none parallels xen", &bus, error) ||
            !vb_xml_take_word(node, "model", model_words, G_N_ELEMENTS(model_words),
                              "virtio-non-transitional virtio-transitional", &model, error))
                return false;
        input->bus = (VbInputBus) bus;
        input->model_given = model >= 0;
        if (input->type == VB_INPUT_PASSTHROUGH && input->bus == VB_INPUT_BUS_UNSET)
                input->bus = VB_INPUT_BUS_VIRTIO;
        if (input->type == VB_INPUT_PASSTHROUGH && input->bus != VB_INPUT_BUS_VIRTIO)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "bus='%s': an input device of the host is on the virtio bus only",
                                    bus_words[bus]);
        if (input->model_given && input->bus != VB_INPUT_BUS_VIRTIO)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "model='virtio' is for the virtio bus only");
        driver = input->bus == VB_INPUT_BUS_VIRTIO ? vb_xml_take_child(node, "driver") : NULL;
        if (driver && !vb_virtio_options_parse(&input->virtio, driver, error))
                return false;
        return input->type != VB_INPUT_PASSTHROUGH || parse_source(input, node, error);
}

static void input_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbInput *input = (const VbInput *) device;

        vb_xml_attribute(writer, "type", type_words[input->type]);
        vb_xml_attribute(writer, "bus", bus_words[input->bus]);
        vb_xml_attribute(writer, "model", input->model_given ? "virtio" : NULL);
        if (vb_virtio_options_is_set(&input->virtio)) {
                vb_xml_open(writer, "driver");
                vb_virtio_options_write(&input->virtio, writer);
                vb_xml_close(writer);
        }
        if (!input->source)
                return;
        vb_xml_open(writer, "source");
        vb_xml_attribute(writer, input->type == VB_INPUT_EVDEV ? "dev" : "evdev", input->source);
        vb_xml_attribute(writer, "grab", input->grab_all ? "all" : NULL);
        vb_xml_attribute(writer, "grabToggle", input->grab_toggle);
        vb_xml_attribute(writer, "repeat", vb_tristate_to_switch(input->repeat));
        vb_xml_close(writer);
}

static const char *input_driver(const VbDevice *device)
{
        static const char *const names[_VB_INPUT_BUS_MAX][_VB_INPUT_MAX] = {
                [VB_INPUT_BUS_USB] = { [VB_INPUT_MOUSE] = "usb-mouse",
                                       [VB_INPUT_TABLET] = "usb-tablet",
                                       [VB_INPUT_KEYBOARD] = "usb-kbd" },
                [VB_INPUT_BUS_VIRTIO] = { [VB_INPUT_MOUSE] = "virtio-mouse",
                                          [VB_INPUT_TABLET] = "virtio-tablet",
                                          [VB_INPUT_KEYBOARD] = "virtio-keyboard",
                                          [VB_INPUT_PASSTHROUGH] = "virtio-input-host" },
        };
        const VbInput *input = (const VbInput *) device;
        const char *name = names[input->bus][input->type];

        return input->bus == VB_INPUT_BUS_VIRTIO ? vb_virtio_driver(device, name, VB_VIRTIO_MODEL_DEFAULT)
                                                 : name;
}

static bool complete_input(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbInput *input = (VbInput *) device;

        if (input->bus == VB_INPUT_BUS_UNSET && input->type != VB_INPUT_EVDEV)
                input->bus = input->type != VB_INPUT_TABLET && completion->machine->has_i8042
                                     ? VB_INPUT_BUS_PS2
                                     : VB_INPUT_BUS_USB;
        if (input->bus != VB_INPUT_BUS_PS2)
                return true;
        if (input->type == VB_INPUT_TABLET)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "there are no PS/2 tablets");
        if (!completion->machine->has_i8042)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "the machine type %s has no PS/2",
                                       completion->machine->name);
        device->builtin = true;
        return true;
}

static void add_unless_given(VbCompletion *completion, VbInputType type, VbInputBus bus)
{
        const VbDomainDef *def = completion->def;
        VbInput *input;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbInput *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind == VB_DEVICE_INPUT && other->type == type && other->bus == bus)
                        return;
        }
        input = (VbInput *) vb_complete_add(completion, VB_DEVICE_INPUT);
        input->type = type;
        input->bus = bus;
        input->base.builtin = bus == VB_INPUT_BUS_PS2;
}

static bool has_usb_tablet(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbInput *input = g_ptr_array_index(def->devices, i);

                if (input->base.kind == VB_DEVICE_INPUT && input->type == VB_INPUT_TABLET &&
                    input->bus == VB_INPUT_BUS_USB)
                        return true;
        }
        return false;
}

static bool has_graphics(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->kind == VB_DEVICE_GRAPHICS)
                        return true;
        return false;
}

void vb_input_add_implicit(VbCompletion *completion)
{
        if (completion->machine->has_i8042) {
                add_unless_given(completion, VB_INPUT_MOUSE, VB_INPUT_BUS_PS2);
                add_unless_given(completion, VB_INPUT_KEYBOARD, VB_INPUT_BUS_PS2);
        }
        /* Power's firmware draws a console on a screen that it finds, and so wants keys. A tablet points as
         * well as a mouse. */
        if (completion->machine->has_spapr_vio && has_graphics(completion->def)) {
                add_unless_given(completion, VB_INPUT_KEYBOARD, VB_INPUT_BUS_USB);
                if (!has_usb_tablet(completion->def))
                        add_unless_given(completion, VB_INPUT_MOUSE, VB_INPUT_BUS_USB);
        }
}

static VbPciConnect input_pci_needs(const VbDevice *device)
{
        return ((const VbInput *) device)->bus == VB_INPUT_BUS_VIRTIO ? VB_PCI_CONNECT_PCIE_ENDPOINT : 0;
}

static VbAddressType input_address_type(const VbDevice *device)
{
        return ((const VbInput *) device)->bus == VB_INPUT_BUS_USB ? VB_ADDRESS_USB : VB_ADDRESS_NONE;
}

static const gsize input_strings[] = { G_STRUCT_OFFSET(VbInput, source), 0 };

const VbDeviceClass vb_input_class = {
        .element = "input",
        .size = sizeof(VbInput),
        .strings = input_strings,
        .parse = input_parse,
        .format = input_format,
        .driver = input_driver,
        .alias_prefix = "input",
        .complete = complete_input,
        .pci_needs = input_pci_needs,
        .address_type = input_address_type,
};
