/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <controller> in XML. The models are controller-models.c; where a controller is plugged in and what may be
 * plugged into it is pci.c. */
#include "conf/controller.h"

#include "conf/controller-models.h"
#include "conf/domain-values.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

static void controller_init(VbDevice *device)
{
        VbController *controller = (VbController *) device;

        controller->index = -1;
        controller->target.chassis_nr = controller->target.chassis = controller->target.port = -1;
        controller->target.bus_nr = controller->target.node = controller->target.index = -1;
        controller->master_startport = controller->ports = controller->vectors = -1;
        controller->driver.queues = controller->driver.cmd_per_lun = -1;
        controller->driver.max_sectors = controller->driver.iothread = -1;
}

/* Whether model='' names one of the virtio variants, which two types have. */
static bool parse_virtio_model(VbController *controller, VbXmlNode *node)
{
        static const VbControllerModel virtio[_VB_CONTROLLER_MAX] = {
                [VB_CONTROLLER_SCSI] = VB_SCSI_VIRTIO,
                [VB_CONTROLLER_VIRTIO_SERIAL] = VB_VIRTIO_SERIAL,
        };
        const char *text = vb_xml_take_attribute(node, "model");

        /* For scsi, "virtio-scsi" is the plain one. */
        if (!text || virtio[controller->type] == VB_CONTROLLER_MODEL_UNSET)
                return false;
        for (int i = VB_VIRTIO_MODEL_DEFAULT; i < _VB_VIRTIO_MODEL_MAX; i++)
                if (g_str_equal(text, vb_virtio_model_to_string((VbVirtioModel) i)) &&
                    (controller->type != VB_CONTROLLER_SCSI || i != VB_VIRTIO_MODEL_DEFAULT)) {
                        controller->virtio_model = (VbVirtioModel) i;
                        controller->model = virtio[controller->type];
                        return true;
                }
        return false;
}

static bool parse_model(VbController *controller, VbXmlNode *node, GError **error)
{
        const char *words[_VB_CONTROLLER_MODEL_MAX] = { NULL };
        int model = VB_CONTROLLER_MODEL_UNSET;

        if (parse_virtio_model(controller, node) ||
            (controller->type == VB_CONTROLLER_SCSI &&
             g_strcmp0(vb_xml_take_attribute(node, "model"), "auto") == 0))
                return true;
        for (int i = 1; i < _VB_CONTROLLER_MODEL_MAX; i++)
                if (vb_controller_model_type((VbControllerModel) i) == controller->type)
                        words[i] = vb_controller_model_to_string((VbControllerModel) i);
        if (!vb_xml_take_word(node, "model", words, _VB_CONTROLLER_MODEL_MAX,
                              "buslogic ich6 ncr53c90 qusb1 qusb2 xen", &model, error))
                return false;
        controller->model = model == VB_CONTROLLER_MODEL_UNSET ? vb_controller_only_model(controller->type)
                                                               : (VbControllerModel) model;
        if (controller->type == VB_CONTROLLER_PCI && controller->model == VB_CONTROLLER_MODEL_UNSET)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "a pci controller needs a model");
        return true;
}

static char *join_drivers(const char *const *drivers)
{
        return *drivers ? g_strjoinv(", ", (char **) (void *) drivers) : g_strdup("none");
}

static bool parse_model_name(VbController *controller, VbXmlNode *node, GError **error)
{
        const char *const *drivers = vb_controller_model_drivers(controller->model);
        g_autofree char *accepted = join_drivers(drivers);
        const char *name;

        if (!vb_xml_require_attribute(node, "name", &name, error))
                return false;
        for (int i = 0; drivers[i]; i++)
                if (g_str_equal(drivers[i], name)) {
                        controller->model_name = g_strdup(name);
                        return true;
                }
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "name='%s' does not implement a %s; accepted: %s", name,
                            vb_controller_model_to_string(controller->model), accepted);
}

/* The numbers of <target>, in the order in which they are written. */
static const struct {
        const char *attribute;
        unsigned takes;
        gsize offset; /* in VbController */
        int min, max;
        bool hexadecimal;
} targets[] = {
        { "chassisNr", VB_TAKES_CHASSIS_NR, G_STRUCT_OFFSET(VbController, target.chassis_nr), 1, 255, false },
        { "chassis", VB_TAKES_CHASSIS, G_STRUCT_OFFSET(VbController, target.chassis), 0, 255, false },
        { "port", VB_TAKES_CHASSIS, G_STRUCT_OFFSET(VbController, target.port), 0, 255, true },
        { "busNr", VB_TAKES_BUS_NR, G_STRUCT_OFFSET(VbController, target.bus_nr), 1, 254, false },
        { "index", VB_TAKES_INDEX, G_STRUCT_OFFSET(VbController, target.index), 0, 30, false },
};

static bool parse_target(VbController *controller, VbXmlNode *node, GError **error)
{
        unsigned takes = vb_controller_model_takes(controller->model);
        VbXmlNode *child;

        for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
                if (takes & targets[i].takes &&
                    !vb_xml_take_int(node, targets[i].attribute, targets[i].min, targets[i].max,
                                     &G_STRUCT_MEMBER(int, controller, targets[i].offset), error))
                        return false;
        if (takes & VB_TAKES_HOTPLUG &&
            !vb_xml_take_switch(node, "hotplug", &controller->target.hotplug, error))
                return false;
        child = takes & VB_TAKES_NODE ? vb_xml_take_child(node, "node") : NULL;
        if (child) {
                guint64 value = 0;

                if (!g_ascii_string_to_unsigned(vb_xml_take_text(child), 10, 0, VB_CONTROLLER_INDEX_MAX,
                                                &value, NULL))
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "this is not a number from 0 to %d", VB_CONTROLLER_INDEX_MAX);
                controller->target.node = (int) value;
        }
        return true;
}

static bool parse_driver(VbController *controller, VbXmlNode *node, GError **error)
{
        if (!vb_virtio_options_parse(&controller->virtio, node, error))
                return false;
        if (!(vb_controller_model_takes(controller->model) & VB_TAKES_QUEUES))
                return true;
        /* 0 is libvirt's way of leaving it to QEMU. */
        return vb_xml_take_int(node, "queues", 0, VB_SCSI_QUEUES_MAX, &controller->driver.queues, error) &&
               vb_xml_take_int(node, "cmd_per_lun", 0, INT32_MAX, &controller->driver.cmd_per_lun, error) &&
               vb_xml_take_int(node, "max_sectors", 0, INT32_MAX, &controller->driver.max_sectors, error) &&
               vb_xml_take_switch(node, "ioeventfd", &controller->driver.ioeventfd, error) &&
               vb_xml_take_int(node, "iothread", 1, INT32_MAX, &controller->driver.iothread, error);
}

static bool parse_hole(VbController *controller, VbXmlNode *node, GError **error)
{
        controller->has_pci_hole = true;
        return vb_xml_take_size_or_none(node, &controller->pci_hole, error);
}

static bool parse_attributes(VbController *controller, VbXmlNode *node, GError **error)
{
        unsigned takes = vb_controller_model_takes(controller->model);
        bool usb = controller->type == VB_CONTROLLER_USB;

        /* The number of ports of a model that is yet to be chosen. */
        if (usb && controller->model == VB_CONTROLLER_MODEL_UNSET)
                takes |= VB_TAKES_PORTS;
        if (takes & VB_TAKES_PORTS &&
            !vb_xml_take_int(node, "ports", 1, usb ? VB_USB_PORTS_MAX : VB_VIRTIO_SERIAL_PORTS_MAX,
                             &controller->ports, error))
                return false;
        return !(takes & VB_TAKES_VECTORS) ||
               vb_xml_take_int(node, "vectors", 0, 2048, &controller->vectors, error);
}

static bool parse_pci_children(VbController *controller, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "model");

        if (child && !parse_model_name(controller, child, error))
                return false;
        child = vb_xml_take_child(node, "target");
        if (child && !parse_target(controller, child, error))
                return false;
        if (!(vb_controller_model_takes(controller->model) & VB_TAKES_HOLE))
                return true;
        child = vb_xml_take_child(node, "pcihole64");
        return !child || parse_hole(controller, child, error);
}

static bool controller_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        const char *words[_VB_CONTROLLER_MAX];
        VbController *controller = (VbController *) device;
        const char *text;
        VbXmlNode *child;
        int type = -1;
        unsigned takes;

        for (int i = 0; i < _VB_CONTROLLER_MAX; i++)
                words[i] = vb_controller_type_to_string((VbControllerType) i);
        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", words, _VB_CONTROLLER_MAX, "isa xenbus", &type, error))
                return false;
        controller->type = (VbControllerType) type;
        if (!vb_xml_take_int(node, "index", 0, VB_CONTROLLER_INDEX_MAX, &controller->index, error) ||
            !parse_model(controller, node, error) || !parse_attributes(controller, node, error))
                return false;
        takes = vb_controller_model_takes(controller->model);
        if (controller->type == VB_CONTROLLER_PCI && !parse_pci_children(controller, node, error))
                return false;
        child = takes & VB_TAKES_VIRTIO ? vb_xml_take_child(node, "driver") : NULL;
        if (child && !parse_driver(controller, child, error))
                return false;
        child = takes & VB_TAKES_MASTER ? vb_xml_take_child(node, "master") : NULL;
        return !child || (vb_xml_require_attribute(child, "startport", &text, error) &&
                          vb_xml_take_int(child, "startport", 0, 14, &controller->master_startport, error));
}

static void write_number(VbXmlWriter *writer, const char *name, int value)
{
        if (value >= 0)
                vb_xml_attribute_number(writer, name, (uint64_t) value);
}

static void format_target(const VbController *controller, VbXmlWriter *writer)
{
        bool any = controller->target.hotplug != VB_TRISTATE_UNSET || controller->target.node >= 0;

        for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
                any = any || G_STRUCT_MEMBER(int, controller, targets[i].offset) >= 0;
        if (!any)
                return;
        vb_xml_open(writer, "target");
        for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
                int value = G_STRUCT_MEMBER(int, controller, targets[i].offset);

                if (targets[i].hexadecimal && value >= 0)
                        vb_xml_attribute_hex(writer, targets[i].attribute, (uint64_t) value, 1);
                else
                        write_number(writer, targets[i].attribute, value);
        }
        vb_xml_attribute(writer, "hotplug", vb_tristate_to_switch(controller->target.hotplug));
        if (controller->target.node >= 0) {
                char text[12];

                g_snprintf(text, sizeof(text), "%d", controller->target.node);
                vb_xml_text_element(writer, "node", text);
        }
        vb_xml_close(writer);
}

static void write_positive(VbXmlWriter *writer, const char *name, int value)
{
        if (value > 0)
                vb_xml_attribute_number(writer, name, (uint64_t) value);
}

static void format_driver(const VbController *controller, VbXmlWriter *writer)
{
        if (controller->driver.queues <= 0 && controller->driver.cmd_per_lun <= 0 &&
            controller->driver.max_sectors <= 0 && controller->driver.iothread <= 0 &&
            controller->driver.ioeventfd == VB_TRISTATE_UNSET &&
            !vb_virtio_options_is_set(&controller->virtio))
                return;
        vb_xml_open(writer, "driver");
        write_positive(writer, "queues", controller->driver.queues);
        write_positive(writer, "cmd_per_lun", controller->driver.cmd_per_lun);
        write_positive(writer, "max_sectors", controller->driver.max_sectors);
        vb_xml_attribute(writer, "ioeventfd", vb_tristate_to_switch(controller->driver.ioeventfd));
        write_positive(writer, "iothread", controller->driver.iothread);
        vb_virtio_options_write(&controller->virtio, writer);
        vb_xml_close(writer);
}

static void format_hole(const VbController *controller, VbXmlWriter *writer)
{
        char text[24];

        if (!controller->has_pci_hole)
                return;
        g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, controller->pci_hole / 1024);
        vb_xml_open(writer, "pcihole64");
        vb_xml_attribute(writer, "unit", "KiB");
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}

/* Releases that know only one implementation of a model do not know that it has a name, and mean that one. */
static bool is_name_needed(const VbController *controller, const VbXmlWriter *writer)
{
        const char *const *drivers = vb_controller_model_drivers(controller->model);

        return controller->model_name && !(vb_xml_writer_is_migratable(writer) && drivers[0] && !drivers[1] &&
                                           g_str_equal(controller->model_name, drivers[0]));
}

static void controller_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbController *controller = (const VbController *) device;

        vb_xml_attribute(writer, "type", vb_controller_type_to_string(controller->type));
        write_number(writer, "index", controller->index);
        if (controller->virtio_model != VB_VIRTIO_MODEL_DEFAULT)
                vb_xml_attribute(writer, "model", vb_virtio_model_to_string(controller->virtio_model));
        else
                vb_xml_attribute(writer, "model", vb_controller_model_to_string(controller->model));
        write_number(writer, "ports", controller->ports);
        write_number(writer, "vectors", controller->vectors);
        if (is_name_needed(controller, writer)) {
                vb_xml_open(writer, "model");
                vb_xml_attribute(writer, "name", controller->model_name);
                vb_xml_close(writer);
        }
        format_target(controller, writer);
        format_driver(controller, writer);
        format_hole(controller, writer);
        if (controller->master_startport >= 0) {
                vb_xml_open(writer, "master");
                write_number(writer, "startport", controller->master_startport);
                vb_xml_close(writer);
        }
}

static const gsize controller_strings[] = { G_STRUCT_OFFSET(VbController, model_name), 0 };

static bool controller_virtio(const VbDevice *device, struct VbVirtio *ret)
{
        const VbController *controller = (const VbController *) device;

        *ret = (struct VbVirtio){ controller->virtio_model, controller->virtio };
        return vb_virtio_is_driver(vb_controller_driver(device));
}

const VbDeviceClass vb_controller_class = {
        .element = "controller",
        .size = sizeof(VbController),
        .strings = controller_strings,
        .init = controller_init,
        .parse = controller_parse,
        .format = controller_format,
        .driver = vb_controller_driver,
        .pci_needs = vb_controller_pci_needs,
        .address_type = vb_controller_address_type,
        .virtio = controller_virtio,
};
