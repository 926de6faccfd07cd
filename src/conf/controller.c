/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <controller>: the table of every model, and the XML. Where a controller is plugged in and what may be
 * plugged into it is pci.c. */
#include "conf/controller.h"

#include "conf/pci.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* Attributes and children that only some models take. */
enum {
        TAKES_CHASSIS_NR = 1 << 0,
        TAKES_CHASSIS = 1 << 1, /* with port */
        TAKES_BUS_NR = 1 << 2,  /* with node */
        TAKES_HOTPLUG = 1 << 3,
        TAKES_PORTS = 1 << 4,
        TAKES_VECTORS = 1 << 5,
        TAKES_DRIVER = 1 << 6,
        TAKES_MASTER = 1 << 7, /* is a companion */
};

typedef struct {
        VbControllerType type;
        const char *word;       /* NULL: the XML has no word for the only model of its type */
        const char *drivers[3]; /* best first, NULL-terminated */
        unsigned takes;
} Model;

static const Model models[_VB_CONTROLLER_MODEL_MAX] = {
        /* clang-format off */
        [VB_PCI_ROOT]                    = { VB_CONTROLLER_PCI, "pci-root", { NULL }, 0 },
        [VB_PCIE_ROOT]                   = { VB_CONTROLLER_PCI, "pcie-root", { NULL }, 0 },
        [VB_PCI_BRIDGE]                  = { VB_CONTROLLER_PCI, "pci-bridge", { "pci-bridge" }, TAKES_CHASSIS_NR },
        [VB_DMI_TO_PCI_BRIDGE]           = { VB_CONTROLLER_PCI, "dmi-to-pci-bridge", { "i82801b11-bridge" }, 0 },
        [VB_PCIE_TO_PCI_BRIDGE]          = { VB_CONTROLLER_PCI, "pcie-to-pci-bridge", { "pcie-pci-bridge" }, 0 },
        [VB_PCIE_ROOT_PORT]              = { VB_CONTROLLER_PCI, "pcie-root-port", { "pcie-root-port", "ioh3420" },
                                             TAKES_CHASSIS | TAKES_HOTPLUG },
        [VB_PCIE_SWITCH_UPSTREAM_PORT]   = { VB_CONTROLLER_PCI, "pcie-switch-upstream-port", { "x3130-upstream" }, 0 },
        [VB_PCIE_SWITCH_DOWNSTREAM_PORT] = { VB_CONTROLLER_PCI, "pcie-switch-downstream-port",
                                             { "xio3130-downstream" }, TAKES_CHASSIS | TAKES_HOTPLUG },
        [VB_PCI_EXPANDER_BUS]            = { VB_CONTROLLER_PCI, "pci-expander-bus", { "pxb" }, TAKES_BUS_NR },
        [VB_PCIE_EXPANDER_BUS]           = { VB_CONTROLLER_PCI, "pcie-expander-bus", { "pxb-pcie" }, TAKES_BUS_NR },
        [VB_USB_PIIX3_UHCI]              = { VB_CONTROLLER_USB, "piix3-uhci", { "piix3-usb-uhci" }, 0 },
        [VB_USB_PIIX4_UHCI]              = { VB_CONTROLLER_USB, "piix4-uhci", { "piix4-usb-uhci" }, 0 },
        [VB_USB_EHCI]                    = { VB_CONTROLLER_USB, "ehci", { "usb-ehci" }, 0 },
        [VB_USB_ICH9_EHCI1]              = { VB_CONTROLLER_USB, "ich9-ehci1", { "ich9-usb-ehci1" }, 0 },
        [VB_USB_ICH9_UHCI1]              = { VB_CONTROLLER_USB, "ich9-uhci1", { "ich9-usb-uhci1" }, TAKES_MASTER },
        [VB_USB_ICH9_UHCI2]              = { VB_CONTROLLER_USB, "ich9-uhci2", { "ich9-usb-uhci2" }, TAKES_MASTER },
        [VB_USB_ICH9_UHCI3]              = { VB_CONTROLLER_USB, "ich9-uhci3", { "ich9-usb-uhci3" }, TAKES_MASTER },
        [VB_USB_VT82C686B_UHCI]          = { VB_CONTROLLER_USB, "vt82c686b-uhci", { "vt82c686b-usb-uhci" }, 0 },
        [VB_USB_PCI_OHCI]                = { VB_CONTROLLER_USB, "pci-ohci", { "pci-ohci" }, 0 },
        [VB_USB_NEC_XHCI]                = { VB_CONTROLLER_USB, "nec-xhci", { "nec-usb-xhci" }, TAKES_PORTS },
        [VB_USB_QEMU_XHCI]               = { VB_CONTROLLER_USB, "qemu-xhci", { "qemu-xhci" }, TAKES_PORTS },
        [VB_USB_NONE]                    = { VB_CONTROLLER_USB, "none", { NULL }, 0 },
        [VB_SCSI_VIRTIO]                 = { VB_CONTROLLER_SCSI, "virtio-scsi", { "virtio-scsi-pci" }, TAKES_DRIVER },
        [VB_SCSI_LSILOGIC]               = { VB_CONTROLLER_SCSI, "lsilogic", { "lsi53c895a" }, 0 },
        [VB_SCSI_MPTSAS1068]             = { VB_CONTROLLER_SCSI, "lsisas1068", { "mptsas1068" }, 0 },
        [VB_SCSI_MEGASAS]                = { VB_CONTROLLER_SCSI, "lsisas1078", { "megasas" }, 0 },
        [VB_SCSI_PVSCSI]                 = { VB_CONTROLLER_SCSI, "vmpvscsi", { "pvscsi" }, 0 },
        [VB_SATA_AHCI]                   = { VB_CONTROLLER_SATA, NULL, { "ich9-ahci" }, 0 },
        [VB_FDC_ISA]                     = { VB_CONTROLLER_FDC, NULL, { "isa-fdc" }, 0 },
        [VB_IDE_PIIX3]                   = { VB_CONTROLLER_IDE, "piix3", { "piix3-ide" }, 0 },
        [VB_IDE_PIIX4]                   = { VB_CONTROLLER_IDE, "piix4", { "piix4-ide" }, 0 },
        [VB_VIRTIO_SERIAL]               = { VB_CONTROLLER_VIRTIO_SERIAL, NULL, { "virtio-serial-pci" },
                                             TAKES_PORTS | TAKES_VECTORS | TAKES_DRIVER },
        /* clang-format on */
};

static const char *const type_words[_VB_CONTROLLER_MAX] = {
        [VB_CONTROLLER_PCI] = "pci",   [VB_CONTROLLER_USB] = "usb",
        [VB_CONTROLLER_SCSI] = "scsi", [VB_CONTROLLER_SATA] = "sata",
        [VB_CONTROLLER_IDE] = "ide",   [VB_CONTROLLER_FDC] = "fdc",
        [VB_CONTROLLER_VIRTIO_SERIAL] = "virtio-serial",
};

const char *vb_controller_type_to_string(VbControllerType type)
{
        return type_words[type];
}

const char *vb_controller_model_to_string(VbControllerModel model)
{
        return models[model].word;
}

VbControllerType vb_controller_model_type(VbControllerModel model)
{
        return models[model].type;
}

const char *const *vb_controller_model_drivers(VbControllerModel model)
{
        return models[model].drivers;
}

bool vb_controller_model_is_companion(VbControllerModel model)
{
        return models[model].takes & TAKES_MASTER;
}

bool vb_controller_model_has_narrow_scsi(VbControllerModel model)
{
        return model == VB_SCSI_LSILOGIC;
}

VbControllerModel vb_controller_only_model(VbControllerType type)
{
        for (int model = 1; model < _VB_CONTROLLER_MODEL_MAX; model++)
                if (models[model].type == type && !models[model].word)
                        return (VbControllerModel) model;
        return VB_CONTROLLER_MODEL_UNSET;
}

static void controller_init(VbDevice *device)
{
        VbController *controller = (VbController *) device;

        controller->index = -1;
        controller->target.chassis_nr = controller->target.chassis = controller->target.port = -1;
        controller->target.bus_nr = controller->target.node = -1;
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

        if (!text || virtio[controller->type] == VB_CONTROLLER_MODEL_UNSET)
                return false;
        for (int i = VB_VIRTIO_MODEL_TRANSITIONAL; i < _VB_VIRTIO_MODEL_MAX; i++)
                if (g_str_equal(text, vb_virtio_model_to_string((VbVirtioModel) i))) {
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

        if (parse_virtio_model(controller, node))
                return true;
        for (int i = 1; i < _VB_CONTROLLER_MODEL_MAX; i++)
                if (models[i].type == controller->type)
                        words[i] = models[i].word;
        if (!vb_xml_take_word(node, "model", words, _VB_CONTROLLER_MODEL_MAX,
                              "am53c974 auto buslogic dc390 ibmvscsi ich6 ncr53c90 qusb1 qusb2 xen", &model,
                              error))
                return false;
        controller->model = model == VB_CONTROLLER_MODEL_UNSET ? vb_controller_only_model(controller->type)
                                                               : (VbControllerModel) model;
        if (controller->type == VB_CONTROLLER_PCI && controller->model == VB_CONTROLLER_MODEL_UNSET)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "a pci controller needs a model");
        return true;
}

static bool parse_model_name(VbController *controller, VbXmlNode *node, GError **error)
{
        const char *const *drivers = models[controller->model].drivers;
        const char *name;

        if (!vb_xml_require_attribute(node, "name", &name, error))
                return false;
        for (int i = 0; drivers[i]; i++)
                if (g_str_equal(drivers[i], name)) {
                        controller->model_name = g_strdup(name);
                        return true;
                }
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "name='%s' does not implement a %s; accepted: %s%s%s", name,
                            models[controller->model].word, drivers[0] ? drivers[0] : "none",
                            drivers[0] && drivers[1] ? ", " : "", drivers[0] && drivers[1] ? drivers[1] : "");
}

static bool parse_target(VbController *controller, VbXmlNode *node, GError **error)
{
        unsigned takes = models[controller->model].takes;
        VbXmlNode *child;

        if (takes & TAKES_CHASSIS_NR &&
            !vb_xml_take_int(node, "chassisNr", 1, 255, &controller->target.chassis_nr, error))
                return false;
        if (takes & TAKES_CHASSIS &&
            (!vb_xml_take_int(node, "chassis", 0, 255, &controller->target.chassis, error) ||
             !vb_xml_take_int(node, "port", 0, 255, &controller->target.port, error)))
                return false;
        if (takes & TAKES_HOTPLUG && !vb_xml_take_switch(node, "hotplug", &controller->target.hotplug, error))
                return false;
        if (!(takes & TAKES_BUS_NR))
                return true;
        if (!vb_xml_take_int(node, "busNr", 1, 254, &controller->target.bus_nr, error))
                return false;
        child = vb_xml_take_child(node, "node");
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
        if (controller->type != VB_CONTROLLER_SCSI)
                return true;
        return vb_xml_take_int(node, "queues", 1, 1024, &controller->driver.queues, error) &&
               vb_xml_take_int(node, "cmd_per_lun", 1, INT32_MAX, &controller->driver.cmd_per_lun, error) &&
               vb_xml_take_int(node, "max_sectors", 1, INT32_MAX, &controller->driver.max_sectors, error) &&
               vb_xml_take_switch(node, "ioeventfd", &controller->driver.ioeventfd, error);
}

static bool controller_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbController *controller = (VbController *) device;
        const char *text;
        VbXmlNode *child;
        int type = -1;
        unsigned takes;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_CONTROLLER_MAX, "ccid isa xenbus", &type,
                              error))
                return false;
        controller->type = (VbControllerType) type;
        if (!vb_xml_take_int(node, "index", 0, VB_CONTROLLER_INDEX_MAX, &controller->index, error) ||
            !parse_model(controller, node, error))
                return false;
        takes = models[controller->model].takes;
        /* The number of ports of a model that is yet to be chosen. */
        if (controller->model == VB_CONTROLLER_MODEL_UNSET && controller->type == VB_CONTROLLER_USB)
                takes |= TAKES_PORTS;
        if (takes & TAKES_PORTS &&
            !vb_xml_take_int(node, "ports", 1, controller->type == VB_CONTROLLER_USB ? 15 : 511,
                             &controller->ports, error))
                return false;
        if (takes & TAKES_VECTORS && !vb_xml_take_int(node, "vectors", 0, 2048, &controller->vectors, error))
                return false;
        child = controller->type == VB_CONTROLLER_PCI ? vb_xml_take_child(node, "model") : NULL;
        if (child && !parse_model_name(controller, child, error))
                return false;
        child = controller->type == VB_CONTROLLER_PCI ? vb_xml_take_child(node, "target") : NULL;
        if (child && !parse_target(controller, child, error))
                return false;
        child = takes & TAKES_DRIVER ? vb_xml_take_child(node, "driver") : NULL;
        if (child && !parse_driver(controller, child, error))
                return false;
        child = takes & TAKES_MASTER ? vb_xml_take_child(node, "master") : NULL;
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
        if (controller->target.chassis_nr < 0 && controller->target.chassis < 0 &&
            controller->target.port < 0 && controller->target.bus_nr < 0 && controller->target.node < 0 &&
            controller->target.hotplug == VB_TRISTATE_UNSET)
                return;
        vb_xml_open(writer, "target");
        write_number(writer, "chassisNr", controller->target.chassis_nr);
        write_number(writer, "chassis", controller->target.chassis);
        if (controller->target.port >= 0)
                vb_xml_attribute_hex(writer, "port", (uint64_t) controller->target.port, 1);
        write_number(writer, "busNr", controller->target.bus_nr);
        vb_xml_attribute(writer, "hotplug", vb_tristate_to_switch(controller->target.hotplug));
        if (controller->target.node >= 0) {
                char text[12];

                g_snprintf(text, sizeof(text), "%d", controller->target.node);
                vb_xml_text_element(writer, "node", text);
        }
        vb_xml_close(writer);
}

static void format_driver(const VbController *controller, VbXmlWriter *writer)
{
        if (controller->driver.queues < 0 && controller->driver.cmd_per_lun < 0 &&
            controller->driver.max_sectors < 0 && controller->driver.ioeventfd == VB_TRISTATE_UNSET &&
            !vb_virtio_options_is_set(&controller->virtio))
                return;
        vb_xml_open(writer, "driver");
        write_number(writer, "queues", controller->driver.queues);
        write_number(writer, "cmd_per_lun", controller->driver.cmd_per_lun);
        write_number(writer, "max_sectors", controller->driver.max_sectors);
        vb_xml_attribute(writer, "ioeventfd", vb_tristate_to_switch(controller->driver.ioeventfd));
        vb_virtio_options_write(&controller->virtio, writer);
        vb_xml_close(writer);
}

static void controller_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbController *controller = (const VbController *) device;

        vb_xml_attribute(writer, "type", type_words[controller->type]);
        write_number(writer, "index", controller->index);
        if (controller->virtio_model != VB_VIRTIO_MODEL_DEFAULT)
                vb_xml_attribute(writer, "model", vb_virtio_model_to_string(controller->virtio_model));
        else
                vb_xml_attribute(writer, "model", models[controller->model].word);
        write_number(writer, "ports", controller->ports);
        write_number(writer, "vectors", controller->vectors);
        if (controller->model_name) {
                vb_xml_open(writer, "model");
                vb_xml_attribute(writer, "name", controller->model_name);
                vb_xml_close(writer);
        }
        format_target(controller, writer);
        format_driver(controller, writer);
        if (controller->master_startport >= 0) {
                vb_xml_open(writer, "master");
                write_number(writer, "startport", controller->master_startport);
                vb_xml_close(writer);
        }
}

static const char *controller_driver(const VbDevice *device)
{
        const VbController *controller = (const VbController *) device;

        if (controller->model == VB_SCSI_VIRTIO)
                return vb_virtio_driver(device, "virtio-scsi", controller->virtio_model);
        if (controller->model == VB_VIRTIO_SERIAL)
                return vb_virtio_driver(device, "virtio-serial", controller->virtio_model);
        return controller->model_name ? controller->model_name : models[controller->model].drivers[0];
}

static const gsize controller_strings[] = { G_STRUCT_OFFSET(VbController, model_name), 0 };

/* The kinds of endpoint among the controllers that are no pci controllers themselves. Express ones are plain
 * PCI where the root is. */
static const VbPciConnect controller_needs[_VB_CONTROLLER_MODEL_MAX] = {
        [VB_USB_PIIX3_UHCI] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_PIIX4_UHCI] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_EHCI] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_ICH9_EHCI1] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_ICH9_UHCI1] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_ICH9_UHCI2] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_ICH9_UHCI3] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_VT82C686B_UHCI] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_PCI_OHCI] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_USB_NEC_XHCI] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_USB_QEMU_XHCI] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_SCSI_LSILOGIC] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_SCSI_MPTSAS1068] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_SCSI_MEGASAS] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_SCSI_PVSCSI] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_SATA_AHCI] = VB_PCI_CONNECT_PCI_ENDPOINT,
};

static VbPciConnect controller_pci_needs(const VbDevice *device)
{
        const VbController *controller = (const VbController *) device;
        const VbPciBusKind *kind = vb_pci_bus_kind(controller->model);

        /* A machine's own IDE has no model of ours. */
        if (controller->type == VB_CONTROLLER_IDE)
                return VB_PCI_CONNECT_PCI_ENDPOINT;
        if (controller->model == VB_SCSI_VIRTIO || controller->model == VB_VIRTIO_SERIAL)
                return vb_virtio_pci_needs(controller->virtio_model);
        return kind ? kind->needs : controller_needs[controller->model];
}

const VbDeviceClass vb_controller_class = {
        .element = "controller",
        .size = sizeof(VbController),
        .strings = controller_strings,
        .init = controller_init,
        .parse = controller_parse,
        .format = controller_format,
        .driver = controller_driver,
        .pci_needs = controller_pci_needs,
};
