/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers: their numbers and models, those that are part of the machine, and those that devices need. The
 * bridges and ports of PCI are added with the addresses, in assign-pci.c. */
#include <string.h>

#include "conf/chipset.h"
#include "conf/complete-steps.h"
#include "conf/controller-models.h"
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

        if (controller->type != VB_CONTROLLER_PCI || controller->model_name ||
            controller->model == VB_PCI_ROOT || controller->model == VB_PCIE_ROOT)
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

/* Whether the machine has several PCI roots, each a controller that can be added: the ones of Power have. */
bool vb_complete_has_roots(const VbMachineFacts *machine)
{
        return machine->has_spapr_vio && machine->root_bus == VB_ROOT_BUS_PCI;
}

/* The USB 2.0 controllers that can share a slot and an index. */
static bool is_usb2(const VbController *controller)
{
        return controller->type == VB_CONTROLLER_USB && (controller->model == VB_USB_ICH9_EHCI1 ||
                                                         vb_controller_model_is_companion(controller->model));
}

/* The index of the group of USB 2.0 controllers that the one at @place in the list, which has none, belongs
 * to: that of the USB controller before it, unless its model is there already. -1: none. */
static int usb2_group(const VbDomainDef *def, guint place)
{
        const VbController *controller = controller_at(def, place), *previous = NULL;

        for (guint i = place; i-- > 0 && !previous;) {
                const VbController *other = controller_at(def, i);

                if (other && other->type == VB_CONTROLLER_USB)
                        previous = other;
        }
        if (!is_usb2(controller) || !previous || !is_usb2(previous))
                return -1;
        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *other = controller_at(def, i);

                if (other && other->type == VB_CONTROLLER_USB && other->index == previous->index &&
                    other->model == controller->model)
                        return -1;
        }
        return previous->index;
}

/* The first model of a list that the emulator has. */
static VbControllerModel choose(const VbCompletion *completion, const VbControllerModel *models, gsize n)
{
        for (gsize i = 0; i < n; i++)
                if (vb_complete_driver(completion, models[i]))
                        return models[i];
        return VB_CONTROLLER_MODEL_UNSET;
}

/* For a controller that the XML gives without a model: of USB the one that the machine's chip set had, on
 * boards without an ISA bridge the newest. */
static VbControllerModel usual_model(const VbCompletion *completion, VbControllerType type)
{
        static const VbControllerModel usb[] = { VB_USB_PIIX3_UHCI, VB_USB_PCI_OHCI, VB_USB_QEMU_XHCI,
                                                 VB_USB_NEC_XHCI };
        static const VbControllerModel usb3[] = { VB_USB_QEMU_XHCI, VB_USB_NEC_XHCI, VB_USB_PCI_OHCI,
                                                  VB_USB_PIIX3_UHCI };
        static const VbControllerModel scsi[] = { VB_SCSI_LSILOGIC, VB_SCSI_VIRTIO };
        static const VbControllerModel spapr[] = { VB_SCSI_IBMVSCSI, VB_SCSI_VIRTIO };

        switch (type) {
        case VB_CONTROLLER_USB:
                return completion->machine->has_isa ? choose(completion, usb, G_N_ELEMENTS(usb))
                                                    : choose(completion, usb3, G_N_ELEMENTS(usb3));
        case VB_CONTROLLER_SCSI:
                return completion->machine->has_spapr_vio ? choose(completion, spapr, G_N_ELEMENTS(spapr))
                                                          : choose(completion, scsi, G_N_ELEMENTS(scsi));
        default:
                return vb_controller_only_model(type);
        }
}

static bool complete_controller(const VbCompletion *completion, guint place, GError **error)
{
        static const int first_ports[] = { 0, 2, 4 };
        VbController *controller = controller_at(completion->def, place);

        if (controller->index < 0)
                controller->index = usb2_group(completion->def, place);
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
        /* The number was read before the model was known. */
        if (controller->ports >= 0 && !(vb_controller_model_takes(controller->model) & VB_TAKES_PORTS))
                return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                       "a %s has no choice of ports",
                                       vb_controller_model_to_string(controller->model));
        if (vb_controller_model_is_companion(controller->model) && controller->master_startport < 0)
                controller->master_startport = first_ports[controller->model - VB_USB_ICH9_UHCI1];
        complete_model_name(completion, controller);
        return true;
}

/* Whether a root can be controller @index of the machine. */
static bool is_place_of_root(const VbMachineFacts *machine, VbControllerModel root, int index)
{
        return index == 0 || (root == VB_PCI_ROOT && vb_complete_has_roots(machine));
}

static bool check_root(VbCompletion *completion, const VbController *controller, VbControllerModel root,
                       GError **error)
{
        const VbMachineFacts *machine = completion->machine;

        if (root == VB_CONTROLLER_MODEL_UNSET)
                return vb_device_error(&controller->base, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no PCI", machine->name);
        if (controller->index == 0 && controller->model != root)
                return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                       "the machine type %s has a %s as PCI controller 0, so there can be no "
                                       "%s with index 0",
                                       machine->name, vb_controller_model_to_string(root),
                                       vb_controller_model_to_string(controller->model));
        if ((controller->model == VB_PCI_ROOT || controller->model == VB_PCIE_ROOT) &&
            (controller->model != root || !is_place_of_root(machine, root, controller->index)))
                return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                       "the machine type %s has one root, a %s with index 0: there can be no "
                                       "%s with index %d",
                                       machine->name, vb_controller_model_to_string(root),
                                       vb_controller_model_to_string(controller->model), controller->index);
        return true;
}

/* <target index=''> and the name of the implementation say which of several roots it is; where there is one
 * root only, nothing is to be said. */
bool vb_complete_root_target(VbCompletion *completion, VbController *root, GError **error)
{
        VbDomainDef *def = completion->def;
        bool used[VB_PCI_ROOTS_MAX] = { false };

        if (root->model != VB_PCI_ROOT)
                return true;
        if (!vb_complete_has_roots(completion->machine)) {
                if (root->target.index >= 0 || root->target.node >= 0 || root->model_name)
                        return vb_device_error(&root->base, VB_ERROR_INVALID_XML, error,
                                               "<model>, <target index=''> and <node> of a pci-root are for "
                                               "machine types that have several");
                return true;
        }
        if (!root->model_name)
                root->model_name = g_strdup(vb_controller_model_drivers(VB_PCI_ROOT)[0]);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *other = controller_at(def, i);

                if (other && other != root && other->model == VB_PCI_ROOT && other->target.index >= 0)
                        used[other->target.index] = true;
        }
        if (root->target.index < 0)
                while (++root->target.index < VB_PCI_ROOTS_MAX &&
                       (used[root->target.index] || (root->target.index == 0) != (root->index == 0)))
                        ;
        if (root->target.index >= VB_PCI_ROOTS_MAX)
                return vb_device_error(&root->base, VB_ERROR_NO_FREE_ADDRESS, error,
                                       "there can be %d PCI roots", VB_PCI_ROOTS_MAX);
        if ((root->target.index == 0) != (root->index == 0))
                return vb_device_error(&root->base, VB_ERROR_INVALID_XML, error,
                                       "PCI controller 0, and no other one, has <target index='0'/>");
        if (used[root->target.index])
                return vb_device_error(&root->base, VB_ERROR_INVALID_XML, error,
                                       "another pci-root has <target index='%d'/> too", root->target.index);
        return true;
}

static bool complete_root(VbCompletion *completion, GError **error)
{
        static const VbControllerModel models[] = { [VB_ROOT_BUS_NONE] = VB_CONTROLLER_MODEL_UNSET,
                                                    [VB_ROOT_BUS_PCI] = VB_PCI_ROOT,
                                                    [VB_ROOT_BUS_PCIE] = VB_PCIE_ROOT };
        VbControllerModel model = models[completion->machine->root_bus];
        VbDomainDef *def = completion->def;
        VbController *root = vb_domain_def_find_controller(def, VB_CONTROLLER_PCI, 0);

        if (model != VB_CONTROLLER_MODEL_UNSET && !root)
                root = vb_complete_add_controller(completion, VB_CONTROLLER_PCI, model, 0);
        if (root)
                root->base.builtin = true;
        for (guint i = 0; i < def->devices->len; i++) {
                VbController *controller = controller_at(def, i);

                if (controller && controller->type == VB_CONTROLLER_PCI &&
                    (!check_root(completion, controller, model, error) ||
                     !vb_complete_root_target(completion, controller, error)))
                        return false;
        }
        return true;
}

/* libvirt gives every machine a USB controller: the chip set's own where the root is PCI, else the newest.
 * But not on ARM or RISC-V boards. */
static void add_usb(VbCompletion *completion)
{
        VbControllerModel model;

        if (completion->machine->root_bus == VB_ROOT_BUS_NONE ||
            !vb_complete_is_furnished(completion->emulator) ||
            is_index_used(completion->def, VB_CONTROLLER_USB, 0))
                return;
        if (completion->machine->root_bus == VB_ROOT_BUS_PCI) {
                model = usual_model(completion, VB_CONTROLLER_USB);
        } else {
                static const VbControllerModel express[] = { VB_USB_QEMU_XHCI, VB_USB_NEC_XHCI };

                model = choose(completion, express, G_N_ELEMENTS(express));
        }
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

                if (controller && !complete_controller(completion, i, error))
                        return false;
        }
        add_usb(completion);
        return add_builtin(completion, VB_CONTROLLER_SATA, VB_PCI_CLASS_SATA, error) &&
               complete_root(completion, error);
}

static void add_missing(VbCompletion *completion, VbControllerType type, int index)
{
        if (!is_index_used(completion->def, type, index))
                vb_complete_add_controller(completion, type, usual_model(completion, type), index);
}

static int highest_drive_controller(const VbDomainDef *def, VbControllerType type)
{
        int highest = -1;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->address.type == VB_ADDRESS_DRIVE &&
                    vb_domain_def_drive_controller(device) == type)
                        highest = MAX(highest, (int) device->address.drive.controller);
        }
        return highest;
}

static void add_for_drives(VbCompletion *completion, VbControllerType type)
{
        int highest = highest_drive_controller(completion->def, type);

        for (int i = 0; i <= highest; i++)
                add_missing(completion, type, i);
}

/* The controllers that ports are on, in the order in which the ports want them. */
static void add_for_ports(VbCompletion *completion, VbControllerType type, VbAddressType address)
{
        for (guint i = 0; i < completion->def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(completion->def->devices, i);

                if (device->address.type == address)
                        add_missing(completion, type,
                                    address == VB_ADDRESS_CCID
                                            ? (int) device->address.ccid.controller
                                            : (int) device->address.virtio_serial.controller);
        }
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
        add_for_drives(completion, VB_CONTROLLER_FDC);
        if (vb_domain_def_find_controller(def, VB_CONTROLLER_FDC, 0))
                vb_domain_def_find_controller(def, VB_CONTROLLER_FDC, 0)->base.builtin =
                        completion->machine->has_floppy;
        return true;
}

/* Controllers of all numbers up to the highest that a device is plugged into. */
bool vb_complete_needed_controllers(VbCompletion *completion, GError **error)
{
        add_for_drives(completion, VB_CONTROLLER_SCSI);
        if (!complete_floppy_controller(completion, error) ||
            !add_builtin(completion, VB_CONTROLLER_IDE, VB_PCI_CLASS_IDE, error))
                return false;
        add_for_drives(completion, VB_CONTROLLER_SATA);
        add_for_ports(completion, VB_CONTROLLER_VIRTIO_SERIAL, VB_ADDRESS_VIRTIO_SERIAL);
        add_for_ports(completion, VB_CONTROLLER_CCID, VB_ADDRESS_CCID);
        return true;
}
