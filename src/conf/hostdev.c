/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <hostdev>: devices of the host's that a guest has for itself. Whether it may have them is for the start.
 * https://libvirt.org/formatdomain.html#host-device-assignment */
#include "conf/hostdev.h"

#include <string.h>

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/hostdev-xml.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *hostdev_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_HOSTDEV_MAX] = {
                [VB_HOSTDEV_PCI] = "vfio-pci",
                [VB_HOSTDEV_USB] = "usb-host",
                [VB_HOSTDEV_SCSI] = "scsi-generic",
        };
        const VbHostdev *hostdev = (const VbHostdev *) device;

        if (device->address.type == VB_ADDRESS_UNASSIGNED)
                return NULL;
        if (hostdev->type == VB_HOSTDEV_SCSI_HOST)
                return vb_virtio_driver(device, "vhost-scsi", hostdev->virtio_model);
        if (hostdev->type != VB_HOSTDEV_MDEV)
                return drivers[hostdev->type];
        /* What draws on the framebuffer of the firmware cannot be unplugged. */
        return hostdev->mdev.ramfb == VB_TRISTATE_ON ? "vfio-pci-nohotplug"
                                                     : vb_mdev_model_words[hostdev->mdev.model];
}

char *vb_hostdev_scsi_place(const VbHostdev *hostdev)
{
        return g_strdup_printf("%s:%u:%u:%u", hostdev->scsi.adapter + strlen("scsi_host"),
                               hostdev->scsi.place.bus, hostdev->scsi.place.target, hostdev->scsi.place.unit);
}

static bool is_same_unit(const VbStorageSource *a, const VbStorageSource *b)
{
        const VbStorageHost *host = a->hosts->pdata[0], *other = b->hosts->pdata[0];

        return g_str_equal(host->name, other->name) && g_str_equal(a->name, b->name);
}

/* Whether two are the same device of the host's. */
static bool is_same(const VbHostdev *a, const VbHostdev *b)
{
        if (a->type != b->type)
                return false;
        switch (a->type) {
        case VB_HOSTDEV_PCI:
                return a->pci.domain == b->pci.domain && a->pci.bus == b->pci.bus &&
                       a->pci.slot == b->pci.slot && a->pci.function == b->pci.function;
        case VB_HOSTDEV_USB:
                return a->usb.bus > 0 ? a->usb.bus == b->usb.bus && a->usb.device == b->usb.device
                                      : b->usb.bus == 0 && a->usb.vendor == b->usb.vendor &&
                                                a->usb.product == b->usb.product;
        case VB_HOSTDEV_SCSI:
                if (!a->scsi.adapter != !b->scsi.adapter)
                        return false;
                return a->scsi.adapter
                               ? g_str_equal(a->scsi.adapter, b->scsi.adapter) &&
                                         memcmp(&a->scsi.place, &b->scsi.place, sizeof(a->scsi.place)) == 0
                               : is_same_unit(a->scsi.unit.source, b->scsi.unit.source);
        case VB_HOSTDEV_SCSI_HOST:
                return g_str_equal(a->wwpn, b->wwpn);
        default:
                return g_str_equal(a->mdev.uuid, b->mdev.uuid);
        }
}

static bool check_graphics(const VbDomainDef *def, const VbHostdev *hostdev, GError **error)
{
        if (hostdev->mdev.ramfb == VB_TRISTATE_ON && hostdev->mdev.display != VB_TRISTATE_ON)
                return vb_device_error(&hostdev->base, VB_ERROR_INVALID_XML, error,
                                       "ramfb='on' needs display='on'");
        if (hostdev->mdev.display != VB_TRISTATE_ON)
                return true;
        for (guint i = 0; i < def->devices->len; i++)
                if (((const VbDevice *) g_ptr_array_index(def->devices, i))->kind == VB_DEVICE_GRAPHICS)
                        return true;
        return vb_device_error(&hostdev->base, VB_ERROR_INVALID_XML, error,
                               "display='on' needs a <graphics>");
}

static bool complete_hostdev(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbHostdev *hostdev = (VbHostdev *) device;
        const VbDomainDef *def = completion->def;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbHostdev *other = g_ptr_array_index(def->devices, i);

                if (other == hostdev)
                        break;
                if (other->base.kind == VB_DEVICE_HOSTDEV && is_same(hostdev, other))
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "it is the same device of the host's as another one");
        }
        if (device->boot_order > 0 && hostdev->type != VB_HOSTDEV_PCI && hostdev->type != VB_HOSTDEV_USB &&
            hostdev->type != VB_HOSTDEV_SCSI)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error, "no guest boots from a %s",
                                       vb_hostdev_type_words[hostdev->type]);
        if (hostdev->type != VB_HOSTDEV_MDEV)
                return true;
        if (hostdev->mdev.model == VB_MDEV_VFIO_PCI && hostdev->mdev.display == VB_TRISTATE_UNSET)
                hostdev->mdev.display = VB_TRISTATE_OFF;
        return check_graphics(def, hostdev, error);
}

static VbPciConnect hostdev_pci_needs(const VbDevice *device)
{
        const VbHostdev *hostdev = (const VbHostdev *) device;

        switch (hostdev->type) {
        case VB_HOSTDEV_PCI:
                return VB_PCI_CONNECT_PCIE_ENDPOINT;
        case VB_HOSTDEV_SCSI_HOST:
                return vb_virtio_pci_needs(hostdev->virtio_model);
        case VB_HOSTDEV_MDEV:
                return hostdev->mdev.model == VB_MDEV_VFIO_PCI ? VB_PCI_CONNECT_PCIE_ENDPOINT : 0;
        default:
                return 0;
        }
}

static VbAddressType hostdev_address_type(const VbDevice *device)
{
        static const VbAddressType types[_VB_HOSTDEV_MAX] = {
                [VB_HOSTDEV_USB] = VB_ADDRESS_USB,
                [VB_HOSTDEV_SCSI] = VB_ADDRESS_DRIVE,
        };
        const VbHostdev *hostdev = (const VbHostdev *) device;

        if (hostdev->type == VB_HOSTDEV_MDEV && hostdev->mdev.model == VB_MDEV_VFIO_CCW)
                return VB_ADDRESS_CCW;
        return types[hostdev->type];
}

static const gsize hostdev_strings[] = {
        G_STRUCT_OFFSET(VbHostdev, teaming_persistent),
        G_STRUCT_OFFSET(VbHostdev, scsi.adapter),
        G_STRUCT_OFFSET(VbHostdev, wwpn),
        0,
};

static void hostdev_clear(VbDevice *device)
{
        vb_storage_clear(&((VbHostdev *) device)->scsi.unit);
}

static void hostdev_copy(VbDevice *copy, const VbDevice *device)
{
        vb_storage_copy(&((VbHostdev *) copy)->scsi.unit);
}

const VbDeviceClass vb_hostdev_class = {
        .element = "hostdev",
        .size = sizeof(VbHostdev),
        .bootable = true,
        .has_rom = true,
        .strings = hostdev_strings,
        .clear = hostdev_clear,
        .copy = hostdev_copy,
        .parse = vb_hostdev_parse,
        .format = vb_hostdev_format,
        .driver = hostdev_driver,
        .alias_prefix = "hostdev",
        .complete = complete_hostdev,
        .pci_needs = hostdev_pci_needs,
        .address_type = hostdev_address_type,
};
