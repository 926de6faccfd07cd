/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <serial> and <console>. That the first of each may be one and the same device is complete-console.c. */
#include "conf/serial.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

static const char *const target_words[_VB_SERIAL_TARGET_MAX] = {
        [VB_SERIAL_TARGET_ISA] = "isa-serial",       [VB_SERIAL_TARGET_PCI] = "pci-serial",
        [VB_SERIAL_TARGET_USB] = "usb-serial",       [VB_SERIAL_TARGET_SPAPR_VIO] = "spapr-vio-serial",
        [VB_SERIAL_TARGET_SYSTEM] = "system-serial", [VB_SERIAL_TARGET_SCLP] = "sclp-serial",
        [VB_SERIAL_TARGET_ISA_DEBUG] = "isa-debug",
};

/* The models' words are QEMU's device types, but for the board's own ports, which no -device makes. */
static const struct {
        const char *word;
        VbSerialTarget target;
        bool board;
} models[_VB_SERIAL_MODEL_MAX] = {
        [VB_SERIAL_ISA] = { "isa-serial", VB_SERIAL_TARGET_ISA, false },
        [VB_SERIAL_PCI] = { "pci-serial", VB_SERIAL_TARGET_PCI, false },
        [VB_SERIAL_USB] = { "usb-serial", VB_SERIAL_TARGET_USB, false },
        [VB_SERIAL_SPAPR_VTY] = { "spapr-vty", VB_SERIAL_TARGET_SPAPR_VIO, false },
        [VB_SERIAL_PL011] = { "pl011", VB_SERIAL_TARGET_SYSTEM, true },
        [VB_SERIAL_16550A] = { "16550a", VB_SERIAL_TARGET_SYSTEM, true },
        [VB_SERIAL_SCLPCONSOLE] = { "sclpconsole", VB_SERIAL_TARGET_SCLP, false },
        [VB_SERIAL_SCLPLMCONSOLE] = { "sclplmconsole", VB_SERIAL_TARGET_SCLP, false },
        [VB_SERIAL_ISA_DEBUGCON] = { "isa-debugcon", VB_SERIAL_TARGET_ISA_DEBUG, false },
};

static const char *const console_target_words[_VB_CONSOLE_TARGET_MAX] = {
        [VB_CONSOLE_TARGET_SERIAL] = "serial",
        [VB_CONSOLE_TARGET_VIRTIO] = "virtio",
        [VB_CONSOLE_TARGET_SCLP] = "sclp",
        [VB_CONSOLE_TARGET_SCLPLM] = "sclplm",
};

static const char *const console_drivers[_VB_CONSOLE_TARGET_MAX] = {
        [VB_CONSOLE_TARGET_VIRTIO] = "virtconsole",
        [VB_CONSOLE_TARGET_SCLP] = "sclpconsole",
        [VB_CONSOLE_TARGET_SCLPLM] = "sclplmconsole",
};

VbSerialModel vb_serial_target_model(VbSerialTarget target)
{
        for (int model = VB_SERIAL_MODEL_UNSET + 1; model < _VB_SERIAL_MODEL_MAX; model++)
                if (models[model].target == target && !models[model].board)
                        return (VbSerialModel) model;
        return VB_SERIAL_MODEL_UNSET;
}

static void serial_init(VbDevice *device)
{
        ((VbSerial *) device)->port = -1;
}

static bool parse_target(VbSerial *serial, VbXmlNode *node, GError **error)
{
        int target = VB_SERIAL_TARGET_UNSET, model = VB_SERIAL_MODEL_UNSET;
        const char *words[_VB_SERIAL_MODEL_MAX];
        VbXmlNode *child;

        if (!vb_xml_take_word(node, "type", target_words, _VB_SERIAL_TARGET_MAX, NULL, &target, error) ||
            !vb_xml_take_int(node, "port", 0, VB_CHARDEV_PORT_MAX, &serial->port, error))
                return false;
        for (int i = 0; i < _VB_SERIAL_MODEL_MAX; i++)
                words[i] = models[i].word;
        child = vb_xml_take_child(node, "model");
        if (child && !vb_xml_take_word(child, "name", words, _VB_SERIAL_MODEL_MAX, NULL, &model, error))
                return false;
        if (target == VB_SERIAL_TARGET_UNSET)
                target = (int) models[model].target;
        else if (model != VB_SERIAL_MODEL_UNSET && models[model].target != (VbSerialTarget) target)
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                    "name='%s' does not fit the target type '%s'", words[model],
                                    target_words[target]);
        serial->target = (VbSerialTarget) target;
        serial->model = (VbSerialModel) model;
        return true;
}

static bool serial_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbSerial *serial = (VbSerial *) device;
        VbXmlNode *child;

        if (!vb_chardev_parse(&serial->source, node, false, error))
                return false;
        child = vb_xml_take_child(node, "target");
        return !child || parse_target(serial, child, error);
}

static void serial_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbSerial *serial = (const VbSerial *) device;

        vb_chardev_format_type(&serial->source, writer);
        vb_chardev_format(&serial->source, writer);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "type", target_words[serial->target]);
        if (serial->port >= 0)
                vb_xml_attribute_number(writer, "port", (uint64_t) serial->port);
        if (serial->model != VB_SERIAL_MODEL_UNSET) {
                vb_xml_open(writer, "model");
                vb_xml_attribute(writer, "name", models[serial->model].word);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

static const char *serial_driver(const VbDevice *device)
{
        VbSerialModel model = ((const VbSerial *) device)->model;

        return models[model].board ? NULL : models[model].word;
}

static VbChardev *serial_chardev(VbDevice *device)
{
        return &((VbSerial *) device)->source;
}

static void serial_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbSerial *) device)->source);
}

static void serial_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbSerial *) copy)->source, &((const VbSerial *) device)->source);
}

static VbPciConnect serial_pci_needs(const VbDevice *device)
{
        return ((const VbSerial *) device)->target == VB_SERIAL_TARGET_PCI ? VB_PCI_CONNECT_PCI_ENDPOINT : 0;
}

static const VbAddressType target_addresses[_VB_SERIAL_TARGET_MAX] = {
        [VB_SERIAL_TARGET_ISA] = VB_ADDRESS_ISA,
        [VB_SERIAL_TARGET_USB] = VB_ADDRESS_USB,
        [VB_SERIAL_TARGET_SPAPR_VIO] = VB_ADDRESS_SPAPR_VIO,
        [VB_SERIAL_TARGET_ISA_DEBUG] = VB_ADDRESS_ISA,
};

static VbAddressType serial_address_type(const VbDevice *device)
{
        return target_addresses[((const VbSerial *) device)->target];
}

static void console_init(VbDevice *device)
{
        ((VbConsole *) device)->port = -1;
}

static bool console_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbConsole *console = (VbConsole *) device;
        int target = VB_CONSOLE_TARGET_SERIAL;
        VbXmlNode *child;

        if (!vb_chardev_parse(&console->source, node, false, error))
                return false;
        child = vb_xml_take_child(node, "target");
        if (child && (!vb_xml_take_word(child, "type", console_target_words, _VB_CONSOLE_TARGET_MAX,
                                        "lxc none openvz uml xen", &target, error) ||
                      !vb_xml_take_int(child, "port", 0, VB_CHARDEV_PORT_MAX, &console->port, error)))
                return false;
        console->target = (VbConsoleTarget) target;
        return true;
}

static void console_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbConsole *console = (const VbConsole *) device;

        vb_chardev_format_type(&console->source, writer);
        vb_chardev_format(&console->source, writer);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "type", console_target_words[console->target]);
        if (console->port >= 0)
                vb_xml_attribute_number(writer, "port", (uint64_t) console->port);
        vb_xml_close(writer);
}

static const char *console_driver(const VbDevice *device)
{
        return console_drivers[((const VbConsole *) device)->target];
}

static VbAddressType console_address_type(const VbDevice *device)
{
        return ((const VbConsole *) device)->target == VB_CONSOLE_TARGET_VIRTIO ? VB_ADDRESS_VIRTIO_SERIAL
                                                                                : VB_ADDRESS_NONE;
}

static VbChardev *console_chardev(VbDevice *device)
{
        return &((VbConsole *) device)->source;
}

static void console_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbConsole *) device)->source);
}

static void console_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbConsole *) copy)->source, &((const VbConsole *) device)->source);
}

const VbDeviceClass vb_serial_class = {
        .element = "serial",
        .size = sizeof(VbSerial),
        .init = serial_init,
        .clear = serial_clear,
        .copy = serial_copy,
        .parse = serial_parse,
        .format = serial_format,
        .driver = serial_driver,
        .chardev = serial_chardev,
        .alias_prefix = "serial",
        .pci_needs = serial_pci_needs,
        .address_type = serial_address_type,
};

const VbDeviceClass vb_console_class = {
        .element = "console",
        .size = sizeof(VbConsole),
        .init = console_init,
        .clear = console_clear,
        .copy = console_copy,
        .parse = console_parse,
        .format = console_format,
        .driver = console_driver,
        .chardev = console_chardev,
        .alias_prefix = "console",
        .address_type = console_address_type,
};
