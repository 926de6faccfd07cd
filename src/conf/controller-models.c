/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of every model of controller: its word, the QEMU devices behind it, what it is plugged into, and
 * what may be said of it. */
#include "conf/controller-models.h"

#include "conf/pci.h"

typedef struct {
        VbControllerType type;
        const char *word;       /* NULL: the XML has no word for the only model of its type */
        const char *drivers[3]; /* best first, NULL-terminated */
        /* Of what is no pci controller, whose rules are in pci.c. Express ones are plain PCI where the root
         * is. */
        VbPciConnect needs;
        VbAddressType address; /* where it is not on PCI */
        unsigned takes;
} Model;

#define PCI VB_PCI_CONNECT_PCI_ENDPOINT
#define PCIE VB_PCI_CONNECT_PCIE_ENDPOINT

static const Model models[_VB_CONTROLLER_MODEL_MAX] = {
        /* clang-format off */
        [VB_PCI_ROOT]                    = { VB_CONTROLLER_PCI, "pci-root", { "spapr-pci-host-bridge" }, 0, 0,
                                             VB_TAKES_INDEX | VB_TAKES_NODE | VB_TAKES_HOTPLUG | VB_TAKES_HOLE },
        [VB_PCIE_ROOT]                   = { VB_CONTROLLER_PCI, "pcie-root", { NULL }, 0, 0, VB_TAKES_HOLE },
        [VB_PCI_BRIDGE]                  = { VB_CONTROLLER_PCI, "pci-bridge", { "pci-bridge" }, 0, 0,
                                             VB_TAKES_CHASSIS_NR },
        [VB_DMI_TO_PCI_BRIDGE]           = { VB_CONTROLLER_PCI, "dmi-to-pci-bridge", { "i82801b11-bridge" }, 0, 0, 0 },
        [VB_PCIE_TO_PCI_BRIDGE]          = { VB_CONTROLLER_PCI, "pcie-to-pci-bridge", { "pcie-pci-bridge" }, 0, 0, 0 },
        [VB_PCIE_ROOT_PORT]              = { VB_CONTROLLER_PCI, "pcie-root-port", { "pcie-root-port", "ioh3420" }, 0, 0,
                                             VB_TAKES_CHASSIS | VB_TAKES_HOTPLUG },
        [VB_PCIE_SWITCH_UPSTREAM_PORT]   = { VB_CONTROLLER_PCI, "pcie-switch-upstream-port", { "x3130-upstream" },
                                             0, 0, 0 },
        [VB_PCIE_SWITCH_DOWNSTREAM_PORT] = { VB_CONTROLLER_PCI, "pcie-switch-downstream-port", { "xio3130-downstream" },
                                             0, 0, VB_TAKES_CHASSIS | VB_TAKES_HOTPLUG },
        [VB_PCI_EXPANDER_BUS]            = { VB_CONTROLLER_PCI, "pci-expander-bus", { "pxb" }, 0, 0,
                                             VB_TAKES_BUS_NR | VB_TAKES_NODE },
        [VB_PCIE_EXPANDER_BUS]           = { VB_CONTROLLER_PCI, "pcie-expander-bus", { "pxb-pcie" }, 0, 0,
                                             VB_TAKES_BUS_NR | VB_TAKES_NODE },
        [VB_USB_PIIX3_UHCI]              = { VB_CONTROLLER_USB, "piix3-uhci", { "piix3-usb-uhci" }, PCI, 0, 0 },
        [VB_USB_PIIX4_UHCI]              = { VB_CONTROLLER_USB, "piix4-uhci", { "piix4-usb-uhci" }, PCI, 0, 0 },
        [VB_USB_EHCI]                    = { VB_CONTROLLER_USB, "ehci", { "usb-ehci" }, PCI, 0, 0 },
        [VB_USB_ICH9_EHCI1]              = { VB_CONTROLLER_USB, "ich9-ehci1", { "ich9-usb-ehci1" }, PCI, 0, 0 },
        [VB_USB_ICH9_UHCI1]              = { VB_CONTROLLER_USB, "ich9-uhci1", { "ich9-usb-uhci1" }, PCI, 0,
                                             VB_TAKES_MASTER },
        [VB_USB_ICH9_UHCI2]              = { VB_CONTROLLER_USB, "ich9-uhci2", { "ich9-usb-uhci2" }, PCI, 0,
                                             VB_TAKES_MASTER },
        [VB_USB_ICH9_UHCI3]              = { VB_CONTROLLER_USB, "ich9-uhci3", { "ich9-usb-uhci3" }, PCI, 0,
                                             VB_TAKES_MASTER },
        [VB_USB_VT82C686B_UHCI]          = { VB_CONTROLLER_USB, "vt82c686b-uhci", { "vt82c686b-usb-uhci" }, PCI, 0, 0 },
        [VB_USB_PCI_OHCI]                = { VB_CONTROLLER_USB, "pci-ohci", { "pci-ohci" }, PCI, 0, 0 },
        [VB_USB_NEC_XHCI]                = { VB_CONTROLLER_USB, "nec-xhci", { "nec-usb-xhci" }, PCIE, 0, VB_TAKES_PORTS },
        [VB_USB_QEMU_XHCI]               = { VB_CONTROLLER_USB, "qemu-xhci", { "qemu-xhci" }, PCIE, 0, VB_TAKES_PORTS },
        [VB_USB_NONE]                    = { VB_CONTROLLER_USB, "none", { NULL }, 0, 0, 0 },
        [VB_SCSI_VIRTIO]                 = { VB_CONTROLLER_SCSI, "virtio-scsi", { "virtio-scsi-pci" }, PCIE, 0,
                                             VB_TAKES_VIRTIO | VB_TAKES_QUEUES },
        [VB_SCSI_LSILOGIC]               = { VB_CONTROLLER_SCSI, "lsilogic", { "lsi53c895a" }, PCI, 0, 0 },
        [VB_SCSI_MPTSAS1068]             = { VB_CONTROLLER_SCSI, "lsisas1068", { "mptsas1068" }, PCI, 0, 0 },
        [VB_SCSI_MEGASAS]                = { VB_CONTROLLER_SCSI, "lsisas1078", { "megasas" }, PCI, 0, 0 },
        [VB_SCSI_PVSCSI]                 = { VB_CONTROLLER_SCSI, "vmpvscsi", { "pvscsi" }, PCI, 0, 0 },
        [VB_SCSI_AM53C974]               = { VB_CONTROLLER_SCSI, "am53c974", { "am53c974" }, PCI, 0, 0 },
        [VB_SCSI_DC390]                  = { VB_CONTROLLER_SCSI, "dc390", { "dc390" }, PCI, 0, 0 },
        [VB_SCSI_IBMVSCSI]               = { VB_CONTROLLER_SCSI, "ibmvscsi", { "spapr-vscsi" }, 0, VB_ADDRESS_SPAPR_VIO,
                                             0 },
        [VB_SATA_AHCI]                   = { VB_CONTROLLER_SATA, NULL, { "ich9-ahci" }, PCI, 0, 0 },
        [VB_IDE_PIIX3]                   = { VB_CONTROLLER_IDE, "piix3", { "piix3-ide" }, PCI, 0, 0 },
        [VB_IDE_PIIX4]                   = { VB_CONTROLLER_IDE, "piix4", { "piix4-ide" }, PCI, 0, 0 },
        [VB_VIRTIO_SERIAL]               = { VB_CONTROLLER_VIRTIO_SERIAL, NULL, { "virtio-serial-pci" }, PCIE, 0,
                                             VB_TAKES_PORTS | VB_TAKES_VECTORS | VB_TAKES_VIRTIO },
        [VB_FDC_ISA]                     = { VB_CONTROLLER_FDC, NULL, { "isa-fdc" }, 0, 0, 0 },
        [VB_CCID_USB]                    = { VB_CONTROLLER_CCID, NULL, { "usb-ccid" }, 0, VB_ADDRESS_USB, 0 },
        /* clang-format on */
};

static const char *const type_words[_VB_CONTROLLER_MAX] = {
        [VB_CONTROLLER_PCI] = "pci",   [VB_CONTROLLER_USB] = "usb",
        [VB_CONTROLLER_SCSI] = "scsi", [VB_CONTROLLER_SATA] = "sata",
        [VB_CONTROLLER_IDE] = "ide",   [VB_CONTROLLER_VIRTIO_SERIAL] = "virtio-serial",
        [VB_CONTROLLER_FDC] = "fdc",   [VB_CONTROLLER_CCID] = "ccid",
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

unsigned vb_controller_model_takes(VbControllerModel model)
{
        return models[model].takes;
}

bool vb_controller_model_is_companion(VbControllerModel model)
{
        return models[model].takes & VB_TAKES_MASTER;
}

bool vb_controller_model_has_narrow_scsi(VbControllerModel model)
{
        return model == VB_SCSI_LSILOGIC || model == VB_SCSI_AM53C974 || model == VB_SCSI_DC390;
}

VbControllerModel vb_controller_only_model(VbControllerType type)
{
        for (int model = 1; model < _VB_CONTROLLER_MODEL_MAX; model++)
                if (models[model].type == type && !models[model].word)
                        return (VbControllerModel) model;
        return VB_CONTROLLER_MODEL_UNSET;
}

const char *vb_controller_driver(const VbDevice *device)
{
        const VbController *controller = (const VbController *) device;

        if (controller->model == VB_SCSI_VIRTIO)
                return vb_virtio_driver(device, "virtio-scsi", controller->virtio_model);
        if (controller->model == VB_VIRTIO_SERIAL)
                return vb_virtio_driver(device, "virtio-serial", controller->virtio_model);
        return controller->model_name ? controller->model_name : models[controller->model].drivers[0];
}

VbPciConnect vb_controller_pci_needs(const VbDevice *device)
{
        const VbController *controller = (const VbController *) device;
        const VbPciBusKind *kind = vb_pci_bus_kind(controller->model);

        /* A machine's own IDE has no model of ours. */
        if (controller->type == VB_CONTROLLER_IDE)
                return PCI;
        if (models[controller->model].takes & VB_TAKES_VIRTIO)
                return vb_virtio_pci_needs(controller->virtio_model);
        return kind ? kind->needs : models[controller->model].needs;
}

VbAddressType vb_controller_address_type(const VbDevice *device)
{
        return models[((const VbController *) device)->model].address;
}
