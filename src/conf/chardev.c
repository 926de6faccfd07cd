/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <serial> and <console>, and the host's side of them. That the first of each may be one and the same device
 * is complete-console.c. */
#include "conf/chardev.h"

#include <string.h>
#include <sys/un.h>

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"
#include "util/tristate.h"

/* Backends of libvirt that this version does not build. */
#define FOREIGN_TYPES "dbus dev nmdm pipe qemu-vdagent spiceport spicevmc stdio tcp udp vc"

/* No machine has more; a limit keeps the numbers in ids short. */
#define PORT_MAX 1023

static const char *const type_words[_VB_CHARDEV_MAX] = {
        [VB_CHARDEV_PTY] = "pty",
        [VB_CHARDEV_FILE] = "file",
        [VB_CHARDEV_UNIX] = "unix",
        [VB_CHARDEV_NULL] = "null",
};
static const char *const serial_target_words[_VB_SERIAL_TARGET_MAX] = {
        [VB_SERIAL_TARGET_ISA] = "isa-serial",
        [VB_SERIAL_TARGET_PCI] = "pci-serial",
        [VB_SERIAL_TARGET_USB] = "usb-serial",
};
static const char *const console_target_words[_VB_CONSOLE_TARGET_MAX] = {
        [VB_CONSOLE_TARGET_SERIAL] = "serial",
        [VB_CONSOLE_TARGET_VIRTIO] = "virtio",
};
static const char *const mode_words[] = { "connect", "bind" };

const char *vb_chardev_type_to_string(VbChardevType type)
{
        return type_words[type];
}

const VbChardev *vb_device_chardev(const VbDevice *device)
{
        if (device->kind == VB_DEVICE_SERIAL)
                return &((const VbSerial *) device)->source;
        if (device->kind == VB_DEVICE_CONSOLE)
                return &((const VbConsole *) device)->source;
        return NULL;
}

static bool check_path(VbXmlNode *node, const char *path, gsize max, GError **error)
{
        if (*path != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "path='%s' is not an absolute path",
                                    path);
        if (strlen(path) > max)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "the path is longer than %" G_GSIZE_FORMAT " bytes", max);
        return true;
}

static bool parse_file_source(VbChardev *source, VbXmlNode *node, GError **error)
{
        VbTristate append = VB_TRISTATE_UNSET;
        const char *path;

        if (!vb_xml_require_attribute(node, "path", &path, error) || !check_path(node, path, 4095, error) ||
            !vb_xml_take_switch(node, "append", &append, error))
                return false;
        source->path = g_strdup(path);
        source->append = append == VB_TRISTATE_ON;
        return true;
}

/* A socket with no path is ours to place, and ours to listen on; with one, libvirt connects unless told to
 * bind. */
static bool parse_unix_source(VbChardev *source, VbXmlNode *node, GError **error)
{
        const char *path = vb_xml_take_attribute(node, "path");
        int mode = path && *path != '\0' ? 0 : 1;

        if (!vb_xml_take_word(node, "mode", mode_words, G_N_ELEMENTS(mode_words), NULL, &mode, error))
                return false;
        source->listen = mode == 1;
        if (!path || *path == '\0') {
                if (!source->listen)
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "mode='connect' needs a path");
                return true;
        }
        if (!check_path(node, path, sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1, error))
                return false;
        source->path = g_strdup(path);
        return true;
}

static bool parse_source(VbChardev *source, VbXmlNode *node, GError **error)
{
        int type = VB_CHARDEV_PTY;
        VbXmlNode *child = NULL;

        if (!vb_xml_take_word(node, "type", type_words, _VB_CHARDEV_MAX, FOREIGN_TYPES, &type, error))
                return false;
        source->type = (VbChardevType) type;
        if (source->type == VB_CHARDEV_FILE || source->type == VB_CHARDEV_UNIX)
                child = vb_xml_take_child(node, "source");
        switch (source->type) {
        case VB_CHARDEV_FILE:
                if (!child)
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "<source path='/...'/> is missing");
                return parse_file_source(source, child, error);
        case VB_CHARDEV_UNIX:
                source->listen = true;
                return !child || parse_unix_source(source, child, error);
        case VB_CHARDEV_PTY:
        case VB_CHARDEV_NULL:
        case _VB_CHARDEV_MAX:
                break;
        }
        return true;
}

static void format_source(const VbChardev *source, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "type", type_words[source->type]);
        if (source->type == VB_CHARDEV_FILE) {
                vb_xml_open(writer, "source");
                vb_xml_attribute(writer, "path", source->path);
                vb_xml_attribute(writer, "append", source->append ? "on" : NULL);
                vb_xml_close(writer);
        } else if (source->type == VB_CHARDEV_UNIX) {
                vb_xml_open(writer, "source");
                vb_xml_attribute(writer, "mode", mode_words[source->listen]);
                vb_xml_attribute(writer, "path", source->path);
                vb_xml_close(writer);
        }
}

static void serial_init(VbDevice *device)
{
        ((VbSerial *) device)->port = -1;
}

static bool parse_serial_target(VbSerial *serial, VbXmlNode *node, GError **error)
{
        int target = VB_SERIAL_TARGET_UNSET, model = VB_SERIAL_TARGET_UNSET;
        VbXmlNode *child;

        if (!vb_xml_take_word(node, "type", serial_target_words, _VB_SERIAL_TARGET_MAX,
                              "isa-debug sclp-serial spapr-vio-serial system-serial", &target, error) ||
            !vb_xml_take_int(node, "port", 0, PORT_MAX, &serial->port, error))
                return false;
        child = vb_xml_take_child(node, "model");
        if (child &&
            !vb_xml_take_word(child, "name", serial_target_words, _VB_SERIAL_TARGET_MAX,
                              "16550a isa-debugcon pl011 sclpconsole sclplmconsole spapr-vty", &model, error))
                return false;
        if (target == VB_SERIAL_TARGET_UNSET)
                target = model;
        else if (model != VB_SERIAL_TARGET_UNSET && model != target)
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                    "name='%s' does not fit the target type '%s'", serial_target_words[model],
                                    serial_target_words[target]);
        serial->target = (VbSerialTarget) target;
        return true;
}

static bool serial_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbSerial *serial = (VbSerial *) device;
        VbXmlNode *child;

        if (!parse_source(&serial->source, node, error))
                return false;
        child = vb_xml_take_child(node, "target");
        return !child || parse_serial_target(serial, child, error);
}

static void serial_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbSerial *serial = (const VbSerial *) device;
        const char *target = serial_target_words[serial->target];

        format_source(&serial->source, writer);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "type", target);
        if (serial->port >= 0)
                vb_xml_attribute_number(writer, "port", (uint64_t) serial->port);
        if (target) {
                vb_xml_open(writer, "model");
                vb_xml_attribute(writer, "name", target);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

static const char *serial_driver(const VbDevice *device)
{
        return serial_target_words[((const VbSerial *) device)->target];
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

        if (!parse_source(&console->source, node, error))
                return false;
        child = vb_xml_take_child(node, "target");
        if (child && (!vb_xml_take_word(child, "type", console_target_words, _VB_CONSOLE_TARGET_MAX,
                                        "lxc none openvz sclp sclplm uml xen", &target, error) ||
                      !vb_xml_take_int(child, "port", 0, PORT_MAX, &console->port, error)))
                return false;
        console->target = (VbConsoleTarget) target;
        return true;
}

static void console_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbConsole *console = (const VbConsole *) device;

        format_source(&console->source, writer);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "type", console_target_words[console->target]);
        if (console->port >= 0)
                vb_xml_attribute_number(writer, "port", (uint64_t) console->port);
        vb_xml_close(writer);
}

static const char *console_driver(const VbDevice *device)
{
        return ((const VbConsole *) device)->target == VB_CONSOLE_TARGET_VIRTIO ? "virtconsole" : NULL;
}

static const gsize serial_strings[] = { G_STRUCT_OFFSET(VbSerial, source.path), 0 };
static const gsize console_strings[] = { G_STRUCT_OFFSET(VbConsole, source.path), 0 };

static VbPciConnect serial_pci_needs(const VbDevice *device)
{
        return ((const VbSerial *) device)->target == VB_SERIAL_TARGET_PCI ? VB_PCI_CONNECT_PCI_ENDPOINT : 0;
}

static VbAddressType serial_address_type(const VbDevice *device)
{
        return ((const VbSerial *) device)->target == VB_SERIAL_TARGET_USB ? VB_ADDRESS_USB : VB_ADDRESS_ISA;
}

const VbDeviceClass vb_serial_class = {
        .element = "serial",
        .size = sizeof(VbSerial),
        .strings = serial_strings,
        .init = serial_init,
        .parse = serial_parse,
        .format = serial_format,
        .driver = serial_driver,
        .alias_prefix = "serial",
        .pci_needs = serial_pci_needs,
        .address_type = serial_address_type,
};

static VbAddressType console_address_type(const VbDevice *device)
{
        return ((const VbConsole *) device)->target == VB_CONSOLE_TARGET_VIRTIO ? VB_ADDRESS_VIRTIO_SERIAL
                                                                                : VB_ADDRESS_NONE;
}

const VbDeviceClass vb_console_class = {
        .element = "console",
        .size = sizeof(VbConsole),
        .strings = console_strings,
        .init = console_init,
        .parse = console_parse,
        .format = console_format,
        .driver = console_driver,
        .alias_prefix = "console",
        .address_type = console_address_type,
};
