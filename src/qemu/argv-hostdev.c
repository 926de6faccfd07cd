/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of the host's. QEMU opens them itself, with the rights of who owns the domain; what would need more
 * than that is refused at the start. */
#include "conf/hostdev.h"

#include <string.h>

#include "host/device-node.h"
#include "host/scsi-generic.h"
#include "qemu/argv-blockdev.h"
#include "qemu/argv-builder.h"

static void set_pci(const VbHostdev *hostdev, json_object *object)
{
        g_autofree char *host = g_strdup_printf("%04x:%02x:%02x.%x", hostdev->pci.domain, hostdev->pci.bus,
                                                hostdev->pci.slot, hostdev->pci.function);

        vb_json_set_string(object, "host", host);
        vb_json_set_string_if(object, "failover_pair_id", hostdev->teaming_persistent);
}

static void set_usb(const VbHostdev *hostdev, json_object *object)
{
        g_autofree char *path = vb_usb_node(hostdev->usb.bus, hostdev->usb.device);

        if (hostdev->usb.bus > 0) {
                vb_json_set_string(object, "hostdevice", path);
        } else {
                vb_json_set_uint(object, "vendorid", hostdev->usb.vendor);
                vb_json_set_uint(object, "productid", hostdev->usb.product);
        }
        if (hostdev->usb.guest_reset == VB_GUEST_RESET_UNSET)
                return;
        vb_json_set_bool(object, "guest-reset", hostdev->usb.guest_reset != VB_GUEST_RESET_OFF);
        vb_json_set_bool(object, "guest-resets-all", hostdev->usb.guest_reset == VB_GUEST_RESET_ON);
}

static void set_mdev(const VbHostdev *hostdev, json_object *object)
{
        g_autofree char *path = g_strdup_printf("/sys/bus/mdev/devices/%s", hostdev->mdev.uuid);

        vb_json_set_string(object, "sysfsdev", path);
        vb_json_set_string_if(object, "display", vb_tristate_to_switch(hostdev->mdev.display));
        if (hostdev->mdev.ramfb == VB_TRISTATE_ON)
                vb_json_set_bool(object, "ramfb", true);
}

/* A dry run shows where the node is looked up, whether this host has one or not. */
static json_object *new_unit(const VbArgv *argv, const VbHostdev *hostdev, GError **error)
{
        json_object *node;
        g_autofree char *place = vb_hostdev_scsi_place(hostdev);
        g_autofree char *path = argv->context->links
                                        ? vb_scsi_generic_find(VB_SCSI_DEVICES, place, error)
                                        : g_build_filename(VB_SCSI_DEVICES, place, "scsi_generic", NULL);

        if (!path) {
                g_prefix_error(error, "%s: ", hostdev->base.alias);
                return NULL;
        }
        node = json_object_new_object();
        vb_json_set_string(node, "driver", "host_device");
        vb_json_set_string(node, "filename", path);
        return node;
}

static char *add_node(VbArgv *argv, const VbHostdev *hostdev, GError **error)
{
        g_autofree char *name = g_strdup_printf("%s-storage", hostdev->base.alias);
        json_object *node = hostdev->scsi.adapter
                                    ? new_unit(argv, hostdev, error)
                                    : vb_argv_storage_node(argv, &hostdev->base, &hostdev->scsi.unit, error);

        if (!node)
                return NULL;
        vb_json_set_string(node, "node-name", name);
        vb_json_set_bool(node, "read-only", hostdev->scsi.readonly);
        vb_argv_add_json(argv, "-blockdev", node);
        return g_steal_pointer(&name);
}

static bool set_scsi(VbArgv *argv, const VbHostdev *hostdev, json_object *object, GError **error)
{
        const VbDriveAddress *drive = &hostdev->base.address.drive;
        const VbController *parent = vb_argv_parent(argv, &hostdev->base, error);
        g_autofree char *node = NULL, *bus = NULL;

        if (!parent)
                return false;
        bus = vb_argv_bus(parent);
        vb_json_set_string(object, "bus", bus);
        if (vb_controller_model_has_narrow_scsi(parent->model)) {
                vb_json_set_uint(object, "scsi-id", drive->unit);
        } else {
                vb_json_set_uint(object, "channel", drive->bus);
                vb_json_set_uint(object, "scsi-id", drive->target);
                vb_json_set_uint(object, "lun", drive->unit);
        }
        node = add_node(argv, hostdev, error);
        if (!node)
                return false;
        vb_json_set_string(object, "drive", node);
        return true;
}

static bool build_hostdev(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbHostdev *hostdev = (const VbHostdev *) device;
        json_object *object = NULL;

        /* It is taken from the host, and no guest is to see it. */
        if (device->address.type == VB_ADDRESS_UNASSIGNED)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        switch (hostdev->type) {
        case VB_HOSTDEV_PCI:
                set_pci(hostdev, object);
                break;
        case VB_HOSTDEV_USB:
                set_usb(hostdev, object);
                break;
        case VB_HOSTDEV_SCSI:
                if (!set_scsi(argv, hostdev, object, error)) {
                        json_object_put(object);
                        return false;
                }
                break;
        case VB_HOSTDEV_SCSI_HOST:
                vb_json_set_string(object, "wwpn", hostdev->wwpn);
                break;
        default:
                set_mdev(hostdev, object);
                break;
        }
        vb_argv_add_device(argv, device, object);
        return true;
}

static bool check_start_hostdev(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbHostdev *hostdev = (const VbHostdev *) device;

        if (hostdev->type == VB_HOSTDEV_PCI && hostdev->managed)
                return vb_argv_refuse_start(device, "the host's driver to be taken off its device", error);
        return true;
}

const VbArgvClass vb_argv_hostdev = { .build = build_hostdev, .check_start = check_start_hostdev };
