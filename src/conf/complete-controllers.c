/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers: their numbers and models, those that are part of the machine, and those that devices need. The
 * bridges and ports of PCI are added with the addresses, in assign-pci.c. */
#include <string.h>

#include "conf/chipset.h"
#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "util/error.h"

const char *vb_complete_driver(const VbCompletion *completion, VbControllerModel model)
{
        const char *const *drivers = vb_controller_model_drivers(model);

        for (; *drivers; drivers++)
                if (vb_emulator_facts_has_device(completion->emulator, *drivers))
                        return *drivers;
        return NULL;
}

/* The implementation of a pci controller is written down beside its kind. */
static void complete_model_name(const VbCompletion *completion, VbController *controller)
{
        const char *driver;

        if (controller->type != VB_CONTROLLER_PCI || controller->model_name)
                return;
        driver = vb_complete_driver(completion, controller->model);
        /* Without one the check of drivers refuses the controller later, by this name. */
        controller->model_name =
                g_strdup(driver ? driver : vb_controller_model_drivers(controller->model)[0]);
}

VbController *vb_complete_add_controller(VbCompletion *completion, VbControllerType type,
                                         VbControllerModel model, int index)
{
        VbController *controller = (VbController *) vb_complete_add(completion, VB_DEVICE_CONTROLLER);

        controller->type = type;
        controller->model = model;
        controller->index = index;
        complete_model_name(completion, controller);
        return controller;
}

static VbController *controller_at(const VbDomainDef *def, guint i)
{
        VbDevice *device = g_ptr_array_index(def->devices, i);

        return device->kind == VB_DEVICE_CONTROLLER ? (VbController *) device : NULL;
}

static bool is_index_used(const VbDomainDef *def, VbControllerType type, int index)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *controller = controller_at(def, i);

                if (controller && controller->type == type && controller->index == index)
                        return true;
        }
        return false;
}

/* The first model of a list that the emulator has. */
static VbControllerModel choose(const VbCompletion *completion, const VbControllerModel *models, gsize n)
{
        for (gsize i = 0; i < n; i++)
                if (vb_complete_driver(completion, models[i]))
                        return models[i];
        return VB_CONTROLLER_MODEL_UNSET;
}

/* For a controller that the XML gives without a model. */
static VbControllerModel usual_model(const VbCompletion *completion, VbControllerType type)
{
        static const VbControllerModel usb[] = { VB_USB_PIIX3_UHCI, VB_USB_PCI_OHCI, VB_USB_QEMU_XHCI,
                                                 VB_USB_NEC_XHCI };
        static const VbControllerModel scsi[] = { VB_SCSI_LSILOGIC, VB_SCSI_VIRTIO };

        switch (type) {
        case VB_CONTROLLER_USB:
                return choose(completion, usb, G_N_ELEMENTS(usb));
        case VB_CONTROLLER_SCSI:
                return choose(completion, scsi, G_N_ELEMENTS(scsi));
        default:
                return vb_controller_only_model(type);
        }
}

static bool complete_controller(const VbCompletion *completion, VbController *controller, GError **error)
{
        static const int first_ports[] = { 0, 2, 4 };

        if (controller->index < 0) {
                int index = 0;

                while (is_index_used(completion->def, controller->type, index))
                        index++;
                if (index > VB_CONTROLLER_INDEX_MAX)
                        return vb_device_error(&controller->base, VB_ERROR_NO_FREE_ADDRESS, error,
                                               "every index up to %d is in use", VB_CONTROLLER_INDEX_MAX);
                controller->index = index;
        }
        if (controller->model == VB_CONTROLLER_MODEL_UNSET && controller->type != VB_CONTROLLER_IDE) {
                controller->model = usual_model(completion, controller->type);
                if (controller->model == VB_CONTROLLER_MODEL_UNSET)
                        return vb_device_error(&controller->base, VB_ERROR_UNSUPPORTED, error,
                                               "%s has no %s controller that can be chosen; name a model",
                                               completion->emulator->path,
                                               vb_controller_type_to_string(controller->type));
        }
        if (vb_controller_model_is_companion(controller->model) && controller->master_startport < 0)
                controller->master_startport = first_ports[controller->model - VB_USB_ICH9_UHCI1];
        complete_model_name(completion, controller);
        return true;
}

static bool complete_root(VbCompletion *completion, GError **error)
{
        static const VbControllerModel models[] = { [VB_ROOT_BUS_NONE] = VB_CONTROLLER_MODEL_UNSET,
                                                    [VB_ROOT_BUS_PCI] = VB_PCI_ROOT,
                                                    [VB_ROOT_BUS_PCIE] = VB_PCIE_ROOT };
        VbControllerModel model = models[completion->machine->root_bus];
        VbController *root = vb_domain_def_find_controller(completion->def, VB_CONTROLLER_PCI, 0);

        if (model != VB_CONTROLLER_MODEL_UNSET && !root)
                root = vb_complete_add_controller(completion, VB_CONTROLLER_PCI, model, 0);
        if (root)
                root->base.builtin = true;
        for (guint i = 0; i < completion->def->devices->len; i++) {
                const VbController *controller = controller_at(completion->def, i);

                if (!controller || controller->type != VB_CONTROLLER_PCI)
                        continue;
                if (model == VB_CONTROLLER_MODEL_UNSET)
                        return vb_device_error(&controller->base, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no PCI", completion->machine->name);
                if ((controller->index == 0) != (controller->model == model))
                        return vb_device_error(
                                &controller->base, VB_ERROR_INVALID_XML, error,
                                "the machine type %s has a %s as PCI controller 0 and nowhere else, so "
                                "there can be no %s with index %d",
                                completion->machine->name, vb_controller_model_to_string(model),
                                vb_controller_model_to_string(controller->model), controller->index);
                if (controller->index > 0 && !vb_pci_bus_kind(controller->model)->needs)
                        return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                               "a %s can only have index 0",
                                               vb_controller_model_to_string(controller->model));
        }
        return true;
}

/* libvirt gives every machine a USB controller: the chip set's own where the root is PCI, else the newest. */
static void add_usb(VbCompletion *completion)
{
        static const VbControllerModel legacy[] = { VB_USB_PIIX3_UHCI, VB_USB_PCI_OHCI, VB_USB_QEMU_XHCI,
                                                    VB_USB_NEC_XHCI };
        static const VbControllerModel express[] = { VB_USB_QEMU_XHCI, VB_USB_NEC_XHCI };
        VbControllerModel model;

        if (completion->machine->root_bus == VB_ROOT_BUS_NONE ||
            is_index_used(completion->def, VB_CONTROLLER_USB, 0))
                return;
        model = completion->machine->root_bus == VB_ROOT_BUS_PCI
                        ? choose(completion, legacy, G_N_ELEMENTS(legacy))
                        : choose(completion, express, G_N_ELEMENTS(express));
        if (model != VB_CONTROLLER_MODEL_UNSET)
                vb_complete_add_controller(completion, VB_CONTROLLER_USB, model, 0);
}

/* What the machine has is there in any case; the XML may only say so, and not that it is something else. */
static bool add_builtin(VbCompletion *completion, VbControllerType type, uint16_t class_code, GError **error)
{
        const VbBuiltinPci *builtin = vb_machine_facts_find_class(completion->machine, class_code);
        VbController *controller = vb_domain_def_find_controller(completion->def, type, 0);
        const char *driver;

        if (!builtin)
                return true;
        if (!controller)
                controller = vb_complete_add_controller(completion, type, vb_controller_only_model(type), 0);
        controller->base.builtin = true;
        driver = vb_controller_model_drivers(controller->model)[0];
        if (driver && builtin->driver && *builtin->driver != '\0' && !g_str_equal(driver, builtin->driver))
                return vb_device_error(&controller->base, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has a %s in its place", completion->machine->name,
                                       builtin->driver);
        return true;
}

bool vb_complete_controllers(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                VbController *controller = controller_at(def, i);

                if (controller && !complete_controller(completion, controller, error))
                        return false;
        }
        add_usb(completion);
        return add_builtin(completion, VB_CONTROLLER_SATA, VB_PCI_CLASS_SATA, error) &&
               complete_root(completion, error);
}

static void add_up_to(VbCompletion *completion, VbControllerType type, int highest)
{
        for (int i = 0; i <= highest; i++)
                if (!is_index_used(completion->def, type, i))
                        vb_complete_add_controller(completion, type, usual_model(completion, type), i);
}

static int highest_drive_controller(const VbDomainDef *def, VbDiskBus bus)
{
        int highest = -1;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDisk *disk = g_ptr_array_index(def->devices, i);

                if (disk->base.kind == VB_DEVICE_DISK && disk->bus == bus &&
                    disk->base.address.type == VB_ADDRESS_DRIVE)
                        highest = MAX(highest, (int) disk->base.address.drive.controller);
        }
        return highest;
}

static int highest_virtio_serial(const VbDomainDef *def)
{
        int highest = -1;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->address.type == VB_ADDRESS_VIRTIO_SERIAL)
                        highest = MAX(highest, (int) device->address.virtio_serial.controller);
        }
        return highest;
}

/* There is one at most, the machine's own where it has one. */
static bool complete_floppy_controller(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        bool possible = completion->machine->has_floppy || completion->machine->has_isa;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbController *controller = controller_at(def, i);
                bool is_floppy =
                        device->kind == VB_DEVICE_DISK && ((const VbDisk *) device)->bus == VB_DISK_BUS_FDC;

                if (!is_floppy && !(controller && controller->type == VB_CONTROLLER_FDC))
                        continue;
                if (is_floppy ? device->address.drive.controller > 0 : controller->index > 0)
                        return vb_device_error(
                                device, VB_ERROR_UNSUPPORTED, error,
                                "there is only one controller of floppies, with index 0 and two "
                                "drives");
                if (!possible)
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no ISA bus, and floppies need one",
                                               completion->machine->name);
        }
        add_up_to(completion, VB_CONTROLLER_FDC, highest_drive_controller(def, VB_DISK_BUS_FDC));
        if (vb_domain_def_find_controller(def, VB_CONTROLLER_FDC, 0))
                vb_domain_def_find_controller(def, VB_CONTROLLER_FDC, 0)->base.builtin =
                        completion->machine->has_floppy;
        return true;
}

/* Controllers of all numbers up to the highest that a device is plugged into. */
bool vb_complete_needed_controllers(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;

        add_up_to(completion, VB_CONTROLLER_SCSI, highest_drive_controller(def, VB_DISK_BUS_SCSI));
        if (!add_builtin(completion, VB_CONTROLLER_IDE, VB_PCI_CLASS_IDE, error))
                return false;
        add_up_to(completion, VB_CONTROLLER_SATA, highest_drive_controller(def, VB_DISK_BUS_SATA));
        add_up_to(completion, VB_CONTROLLER_VIRTIO_SERIAL, highest_virtio_serial(def));
        return complete_floppy_controller(completion, error);
}
