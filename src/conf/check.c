/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can only be judged of a definition as a whole, and by what the emulator has. */
#include <string.h>

#include "conf/chardev.h"
#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/graphics.h"
#include "conf/iothreads.h"
#include "conf/numa.h"
#include "conf/pci.h"
#include "conf/usb.h"
#include "conf/video.h"
#include "util/error.h"

static bool check_controller(VbCompletion *completion, const VbController *controller, guint index,
                             GError **error)
{
        const VbDomainDef *def = completion->def;

        if (vb_controller_model_is_companion(controller->model)) {
                const VbController *master =
                        vb_domain_def_find_controller(def, VB_CONTROLLER_USB, controller->index);

                if (!master)
                        return vb_device_error(
                                &controller->base, VB_ERROR_INVALID_XML, error,
                                "a %s is a companion of an ich9-ehci1 with the same index, and there is "
                                "none with index %d",
                                vb_controller_model_to_string(controller->model), controller->index);
                if (master->model != VB_USB_ICH9_EHCI1)
                        return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                               "a %s cannot be a companion of a %s",
                                               vb_controller_model_to_string(controller->model),
                                               vb_controller_model_to_string(master->model));
        }
        for (guint i = 0; i < index; i++) {
                const VbController *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind != VB_DEVICE_CONTROLLER || other->type != controller->type)
                        continue;
                if (other->model == VB_USB_NONE || controller->model == VB_USB_NONE)
                        return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                               "model='none' and other USB controllers exclude each other");
                if (other->index == controller->index &&
                    (other->model == controller->model ||
                     (!vb_controller_model_is_companion(other->model) &&
                      !vb_controller_model_is_companion(controller->model))))
                        return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                               "there is another %s controller with index %d",
                                               vb_controller_type_to_string(controller->type),
                                               controller->index);
                if ((controller->target.chassis >= 0 &&
                     other->target.chassis == controller->target.chassis) ||
                    (controller->target.chassis_nr >= 0 &&
                     other->target.chassis_nr == controller->target.chassis_nr))
                        return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                               "PCI controller %d has the same chassis number", other->index);
                if (controller->target.bus_nr >= 0 && other->target.bus_nr == controller->target.bus_nr)
                        return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                               "PCI controller %d has the same busNr", other->index);
        }
        return true;
}

/* What a controller names is to be there. */
static bool check_named(const VbDomainDef *def, const VbController *controller, GError **error)
{
        int thread = controller->driver.iothread, node = controller->target.node;
        guint nodes = def->cpu && def->cpu->numa ? def->cpu->numa->cells->len : 0;

        if (thread > 0 && !vb_iothreads_find(def->iothreads, (uint32_t) thread))
                return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                       "<driver iothread='%d'>: <iothreads> and <iothreadids> have no such "
                                       "thread",
                                       thread);
        if (node >= 0 && (guint) node >= nodes)
                return vb_device_error(&controller->base, VB_ERROR_INVALID_XML, error,
                                       "<node>%d</node> is none of the %u cells of <numa>", node, nodes);
        return true;
}

static bool check_video(const VbDomainDef *def, const VbVideo *video, guint index, GError **error)
{
        for (guint i = 0; i < index; i++) {
                const VbVideo *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind == VB_DEVICE_VIDEO &&
                    (video->model == VB_VIDEO_NONE || other->model == VB_VIDEO_NONE))
                        return vb_device_error(&video->base, VB_ERROR_INVALID_XML, error,
                                               "the model 'none' and other cards exclude each other");
        }
        if (!video->primary && video->model != VB_VIDEO_NONE && !vb_device_driver(&video->base))
                return vb_device_error(&video->base, VB_ERROR_UNSUPPORTED, error,
                                       "a %s can only be the primary card; further ones are qxl or virtio",
                                       vb_video_model_to_string(video->model));
        return true;
}

/* Classes of which there can be one. */
static bool check_single(const VbDomainDef *def, const VbDevice *device, guint index, GError **error)
{
        for (guint i = 0; i < index; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->kind == device->kind)
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "a domain has only one of these");
        return true;
}

static bool check_boot_order(const VbDomainDef *def, const VbDevice *device, guint index, GError **error)
{
        for (guint i = 0; device->boot_order > 0 && i < index; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->boot_order == device->boot_order)
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "another device has the boot order %u too",
                                               device->boot_order);
        return true;
}

/* What only PCI devices have, and what the guest's firmware tells them apart by. */
static bool check_pci_extras(const VbDomainDef *def, const VbDevice *device, guint index, GError **error)
{
        bool has_rom = device->rom.bar != VB_TRISTATE_UNSET || device->rom.enabled != VB_TRISTATE_UNSET ||
                       device->rom.file;

        if ((has_rom || device->acpi_index > 0) && device->address.type != VB_ADDRESS_PCI)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "only PCI devices have %s, and this is none",
                                       has_rom ? "a <rom>" : "an <acpi index>");
        for (guint i = 0; device->acpi_index > 0 && i < index; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->acpi_index == device->acpi_index)
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "another device has the ACPI index %u too",
                                               device->acpi_index);
        return true;
}

static bool has_spice(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbGraphics *graphics = g_ptr_array_index(def->devices, i);

                if (graphics->base.kind == VB_DEVICE_GRAPHICS && graphics->type == VB_GRAPHICS_SPICE)
                        return true;
        }
        return false;
}

/* QEMU makes these for its SPICE server only. */
static bool check_spice(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbChardev *source = vb_device_chardev(device);

        if (!source || (source->type != VB_CHARDEV_SPICEVMC && source->type != VB_CHARDEV_SPICEPORT))
                return true;
        if (!has_spice(def))
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "type='%s' needs a <graphics type='spice'>",
                                       vb_chardev_type_to_string(source->type));
        if (source->type == VB_CHARDEV_SPICEVMC && device->kind != VB_DEVICE_CHANNEL &&
            device->kind != VB_DEVICE_REDIRDEV && device->kind != VB_DEVICE_SMARTCARD)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "type='spicevmc' is for channels, redirected devices and smart cards");
        return true;
}

bool vb_check_given(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        bool ok = true;

        for (guint i = 0; ok && i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                ok = vb_check_address_type(completion, device, error) &&
                     check_boot_order(def, device, i, error) && check_spice(def, device, error);
                if (!ok)
                        break;
                switch (device->kind) {
                case VB_DEVICE_DISK:
                        ok = vb_disk_check(completion, (VbDisk *) device, i, error);
                        break;
                case VB_DEVICE_CONTROLLER:
                        ok = check_controller(completion, (VbController *) device, i, error) &&
                             check_named(def, (VbController *) device, error);
                        break;
                case VB_DEVICE_VIDEO:
                        ok = check_video(def, (VbVideo *) device, i, error);
                        break;
                case VB_DEVICE_MEMBALLOON:
                case VB_DEVICE_IOMMU:
                case VB_DEVICE_NVRAM:
                case VB_DEVICE_SMARTCARD: /* QEMU's reader has one slot */
                case VB_DEVICE_REDIRFILTER:
                case VB_DEVICE_VSOCK:
                        ok = check_single(def, device, i, error);
                        break;
                default:
                        break;
                }
        }
        return ok;
}

/* Access through an IOMMU is what only virtio's modern face has, and a device has that alone only behind a
 * port of PCI Express or if it says so. QEMU does not start a guest with another one. */
static bool check_virtio(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbDeviceClass *class = vb_device_class(device->kind);
        const VbController *parent = (const VbController *) vb_domain_def_find_parent(def, device);
        struct VbVirtio virtio;

        if (!class->virtio || !class->virtio(device, &virtio) || virtio.options.iommu != VB_TRISTATE_ON ||
            virtio.model == VB_VIRTIO_MODEL_NON_TRANSITIONAL || device->address.type != VB_ADDRESS_PCI)
                return true;
        if (virtio.model == VB_VIRTIO_MODEL_DEFAULT && parent &&
            (parent->model == VB_PCIE_ROOT_PORT || parent->model == VB_PCIE_SWITCH_DOWNSTREAM_PORT))
                return true;
        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                               "<driver iommu='on'/> needs a port of PCI Express, or the model "
                               "virtio-non-transitional");
}

static bool has_serial(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->kind == VB_DEVICE_SERIAL)
                        return true;
        return false;
}

bool vb_check_result(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;

        if (def->os.bios && def->os.bios->use_serial == VB_TRISTATE_ON && !has_serial(def))
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, def->os.bios->line,
                                       "<bios useserial='yes'>: there is no <serial>");

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);
                const VbController *controller = (const VbController *) device;
                const char *driver = vb_device_driver(device);

                if (!check_pci_extras(def, device, i, error) || !check_virtio(def, device, error))
                        return false;
                if (device->kind == VB_DEVICE_CONTROLLER && controller->type == VB_CONTROLLER_IDE &&
                    !device->builtin)
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has %s IDE controller; use the sata bus",
                                               completion->machine->name,
                                               controller->index > 0 ? "only one" : "no");
                if (device->kind == VB_DEVICE_DISK && device->address.type != VB_ADDRESS_VIRTIO_MMIO &&
                    device->address.type != VB_ADDRESS_CCW && !vb_domain_def_find_parent(def, device))
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no %s controller for %s",
                                               completion->machine->name,
                                               vb_disk_bus_to_string(((const VbDisk *) device)->bus),
                                               ((const VbDisk *) device)->target_dev);
                if (driver && !vb_emulator_facts_has_device(completion->emulator, driver))
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "%s has no device %s",
                                               completion->emulator->path, driver);
        }
        return true;
}
