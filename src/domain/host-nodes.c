/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which nodes of the host's a device is. They are lent like images: the user that a guest of root's runs as
 * can open none of them. */
#include "domain/host-nodes.h"

#include "conf/hostdev.h"
#include "conf/input.h"
#include "conf/memory-device.h"
#include "conf/rng.h"
#include "conf/tpm.h"
#include "host/device-node.h"
#include "host/scsi-generic.h"

/* Everybody's, and not to be made a guest's. */
static const char *const common_nodes[] = { "/dev/random", "/dev/urandom" };

static bool visit_node(const char *path, VbLabelAccess access, VbHostNodeVisit visit, void *userdata)
{
        for (gsize i = 0; i < G_N_ELEMENTS(common_nodes); i++)
                if (g_strcmp0(path, common_nodes[i]) == 0)
                        return true;
        return !path || visit(path, access, userdata);
}

/* All that are alike: the emulator takes one that it can open. */
static bool visit_usb(const VbHostdev *hostdev, VbHostNodeVisit visit, void *userdata)
{
        g_autoptr(GPtrArray) nodes = NULL;

        if (hostdev->usb.bus > 0) {
                g_autofree char *node = vb_usb_node(hostdev->usb.bus, hostdev->usb.device);

                return visit_node(node, VB_LABEL_READ_WRITE, visit, userdata);
        }
        nodes = vb_usb_nodes_find(VB_USB_DEVICES, hostdev->usb.vendor, hostdev->usb.product);
        for (guint i = 0; i < nodes->len; i++)
                if (!visit_node(nodes->pdata[i], VB_LABEL_READ_WRITE, visit, userdata))
                        return false;
        return true;
}

static char *find_scsi(const VbHostdev *hostdev)
{
        g_autofree char *place = hostdev->scsi.adapter ? vb_hostdev_scsi_place(hostdev) : NULL;

        return place ? vb_scsi_generic_find(VB_SCSI_DEVICES, place, NULL) : NULL;
}

static char *find_pci(const VbHostdev *hostdev)
{
        g_autofree char *name =
                vb_address_to_string(&(VbAddress){ .type = VB_ADDRESS_PCI, .pci = hostdev->pci });

        return vb_vfio_node_find(VB_PCI_DEVICES, name);
}

static bool visit_hostdev(const VbHostdev *hostdev, VbHostNodeVisit visit, void *userdata)
{
        g_autofree char *node = NULL;

        switch (hostdev->type) {
        case VB_HOSTDEV_USB:
                return visit_usb(hostdev, visit, userdata);
        case VB_HOSTDEV_SCSI:
                node = find_scsi(hostdev);
                return visit_node(node, hostdev->scsi.shareable ? VB_LABEL_SHARED : VB_LABEL_READ_WRITE,
                                  visit, userdata);
        case VB_HOSTDEV_PCI:
                node = find_pci(hostdev);
                break;
        case VB_HOSTDEV_MDEV:
                node = vb_vfio_node_find(VB_MDEV_DEVICES, hostdev->mdev.uuid);
                break;
        case VB_HOSTDEV_SCSI_HOST:
        case _VB_HOSTDEV_MAX:
                break;
        }
        return visit_node(node, VB_LABEL_READ_WRITE, visit, userdata);
}

bool vb_host_nodes_visit(const VbDevice *device, VbHostNodeVisit visit, void *userdata)
{
        const VbMemoryDevice *memory = (const VbMemoryDevice *) device;
        const VbRng *rng = (const VbRng *) device;
        const VbTpm *tpm = (const VbTpm *) device;

        switch (device->kind) {
        case VB_DEVICE_HOSTDEV:
                return visit_hostdev((const VbHostdev *) device, visit, userdata);
        case VB_DEVICE_INPUT:
                return visit_node(((const VbInput *) device)->source, VB_LABEL_READ_WRITE, visit, userdata);
        case VB_DEVICE_TPM:
                return tpm->backend != VB_TPM_PASSTHROUGH ||
                       visit_node(tpm->path, VB_LABEL_READ_WRITE, visit, userdata);
        case VB_DEVICE_RNG:
                return rng->backend != VB_RNG_BACKEND_RANDOM ||
                       visit_node(rng->path, VB_LABEL_READ_ONLY, visit, userdata);
        case VB_DEVICE_MEMORY:
                return visit_node(memory->path, memory->readonly ? VB_LABEL_READ_ONLY : VB_LABEL_READ_WRITE,
                                  visit, userdata);
        default:
                return true;
        }
}
