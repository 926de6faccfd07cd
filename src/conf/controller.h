/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/domain-def.h"
#include "conf/virtio.h"

typedef enum {
        VB_CONTROLLER_PCI,
        VB_CONTROLLER_USB,
        VB_CONTROLLER_SCSI,
        VB_CONTROLLER_SATA,
        VB_CONTROLLER_IDE,
        VB_CONTROLLER_VIRTIO_SERIAL,
        VB_CONTROLLER_FDC,
        VB_CONTROLLER_CCID,
        _VB_CONTROLLER_MAX,
} VbControllerType;

/* An index is a bus number of PCI, and for the other types part of an alias. */
#define VB_CONTROLLER_INDEX_MAX 255

/* QEMU's limits. */
#define VB_SCSI_QUEUES_MAX 1024
#define VB_USB_PORTS_MAX 15
#define VB_VIRTIO_SERIAL_PORTS_MAX 511

/* Every model of every type; what type it belongs to, its word in the XML and the QEMU device behind it are
 * rows of one table in controller-models.c. */
typedef enum {
        VB_CONTROLLER_MODEL_UNSET,
        VB_PCI_ROOT,
        VB_PCIE_ROOT,
        VB_PCI_BRIDGE,
        VB_DMI_TO_PCI_BRIDGE,
        VB_PCIE_TO_PCI_BRIDGE,
        VB_PCIE_ROOT_PORT,
        VB_PCIE_SWITCH_UPSTREAM_PORT,
        VB_PCIE_SWITCH_DOWNSTREAM_PORT,
        VB_PCI_EXPANDER_BUS,
        VB_PCIE_EXPANDER_BUS,
        VB_USB_PIIX3_UHCI,
        VB_USB_PIIX4_UHCI,
        VB_USB_EHCI,
        VB_USB_ICH9_EHCI1,
        VB_USB_ICH9_UHCI1,
        VB_USB_ICH9_UHCI2,
        VB_USB_ICH9_UHCI3,
        VB_USB_VT82C686B_UHCI,
        VB_USB_PCI_OHCI,
        VB_USB_NEC_XHCI,
        VB_USB_QEMU_XHCI,
        VB_USB_NONE,
        VB_SCSI_VIRTIO,
        VB_SCSI_LSILOGIC,
        VB_SCSI_MPTSAS1068,
        VB_SCSI_MEGASAS,
        VB_SCSI_PVSCSI,
        VB_SCSI_AM53C974,
        VB_SCSI_DC390,
        VB_SCSI_IBMVSCSI,
        VB_SATA_AHCI,
        VB_IDE_PIIX3,
        VB_IDE_PIIX4,
        VB_VIRTIO_SERIAL,
        VB_FDC_ISA,
        VB_CCID_USB,
        _VB_CONTROLLER_MODEL_MAX,
} VbControllerModel;

/* <controller>: https://libvirt.org/formatdomain.html#controllers
 * Numbers are -1 where the XML leaves them out and completion has nothing to say. */
typedef struct {
        VbDevice base;
        VbControllerType type;
        VbControllerModel model;
        int index;
        char *model_name; /* <model name=''>: the QEMU device of a pci controller; NULL for the roots */
        struct {          /* <target>: decided once, then kept even if the controller is moved */
                int chassis_nr, chassis, port, bus_nr, node, index;
                VbTristate hotplug;
        } target;
        int master_startport; /* <master startport=''>: first port of the master that this companion serves */
        bool has_pci_hole;
        uint64_t pci_hole; /* <pcihole64>: bytes above 4 GiB that a root keeps for PCI; 0 is a size too */
        int ports;         /* usb, virtio-serial */
        int vectors;       /* virtio-serial */
        struct {           /* <driver> of virtio-scsi */
                int queues, cmd_per_lun, max_sectors, iothread;
                VbTristate ioeventfd;
        } driver;
        VbVirtioModel virtio_model; /* of those that are virtio devices */
        VbVirtioOptions virtio;
} VbController;

const char *vb_controller_type_to_string(VbControllerType type);
const char *vb_controller_model_to_string(VbControllerModel model); /* the XML's word */
VbControllerType vb_controller_model_type(VbControllerModel model);
/* The QEMU device types that can implement a model, best first, NULL-terminated; empty for what is part of
 * the machine. The first is what completion chooses where the emulator offers it. */
const char *const *vb_controller_model_drivers(VbControllerModel model);
bool vb_controller_model_is_companion(VbControllerModel model);
/* Whether a unit on the model's bus is a target, with no units behind it: the parallel SCSI of old. */
bool vb_controller_model_has_narrow_scsi(VbControllerModel model);
/* The model of a type that has only one and no word for it (sata, virtio-serial), else UNSET. */
VbControllerModel vb_controller_only_model(VbControllerType type);

/* The type of controller that a device with an address of type drive is plugged into. */
VbControllerType vb_domain_def_drive_controller(const VbDevice *device);

/* The controller of that type and index, the master where companions share the index; NULL where there is
 * none. */
VbController *vb_domain_def_find_controller(const VbDomainDef *def, VbControllerType type, int index);

extern const VbDeviceClass vb_controller_class;
