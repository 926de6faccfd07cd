/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What devices name of their host, one rule for each class. A class without one does not compile into a quiet
 * "nothing": the tests want a reason. */
#include <string.h>

#include "conf/audio.h"
#include "conf/chardev.h"
#include "conf/disk.h"
#include "conf/filesystem.h"
#include "conf/graphics.h"
#include "conf/host-resources.h"
#include "conf/hostdev.h"
#include "conf/input.h"
#include "conf/interface.h"
#include "conf/memory-device.h"
#include "conf/rng.h"
#include "conf/smartcard.h"
#include "conf/source-label.h"
#include "conf/tpm.h"
#include "conf/video.h"
#include "conf/vsock.h"

static void list_labels(VbHostList *list, const GPtrArray *labels)
{
        for (guint i = 0; i < vb_list_length(labels); i++) {
                const VbSourceLabel *label = labels->pdata[i];

                if (label->label)
                        vb_host_list_add(list, VB_USE_OTHER_IDENTITY, "the label %s on what it uses",
                                         label->label);
        }
}

static void list_path(VbHostList *list, const char *path)
{
        if (path && vb_host_path_is_device(path))
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "%s", path);
}

static void list_pci(VbHostList *list, const char *what, VbPciAddress pci)
{
        g_autofree char *address = vb_address_to_string(&(VbAddress){ .type = VB_ADDRESS_PCI, .pci = pci });

        vb_host_list_add(list, VB_USE_HOST_DEVICES, "%s %s", what, address);
}

static void list_address(VbHostList *list, const char *address)
{
        if (!vb_host_address_is_local(address))
                vb_host_list_add(list, VB_USE_REMOTE_ACCESS, "listening at %s",
                                 address && *address ? address : "all addresses");
}

void vb_host_list_chardev(VbHostList *list, const VbChardev *source)
{
        list_labels(list, source->labels);
        list_path(list, source->log_file);
        switch (source->type) {
        case VB_CHARDEV_DEV:
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "%s", source->path);
                break;
        case VB_CHARDEV_FILE:
        case VB_CHARDEV_PIPE:
                list_path(list, source->path);
                break;
        case VB_CHARDEV_TCP:
                if (source->listen)
                        list_address(list, source->host);
                break;
        case VB_CHARDEV_UDP:
                if (source->local_host || source->local_service)
                        list_address(list, source->local_host);
                break;
        case VB_CHARDEV_PTY:
        case VB_CHARDEV_NULL:
        case VB_CHARDEV_VC:
        case VB_CHARDEV_STDIO:
        case VB_CHARDEV_UNIX:
        case VB_CHARDEV_SPICEVMC:
        case VB_CHARDEV_SPICEPORT:
        case VB_CHARDEV_DBUS:
        case VB_CHARDEV_VDAGENT:
        case _VB_CHARDEV_MAX:
                break;
        }
}

static void list_storage(VbHostList *list, const VbStorage *storage)
{
        const VbStorageSource *source = storage->source;

        if (!source)
                return;
        list_labels(list, source->labels);
        switch (storage->type) {
        case VB_STORAGE_BLOCK:
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the block device %s", source->path);
                break;
        case VB_STORAGE_NVME:
                list_pci(list, "the NVMe controller", source->nvme_address);
                break;
        case VB_STORAGE_VOLUME:
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the volume %s of the pool %s", source->volume,
                                 source->pool);
                break;
        case VB_STORAGE_FILE:
        case VB_STORAGE_DIR:
                list_path(list, source->path);
                break;
        case VB_STORAGE_NONE:
        case VB_STORAGE_NETWORK:
        case VB_STORAGE_VHOSTUSER:
        case _VB_STORAGE_MAX:
                break;
        }
}

static void list_disk(VbHostList *list, const VbDevice *device)
{
        const VbDisk *disk = (const VbDisk *) device;

        for (const VbStorage *at = &disk->storage; at; at = at->backing)
                list_storage(list, at);
        if (disk->rawio == VB_TRISTATE_ON)
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "raw commands to the disk");
}

static void list_filesystem(VbHostList *list, const VbDevice *device)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;

        list_path(list, filesystem->dir);
        if (filesystem->binary && filesystem->binary->path &&
            !vb_host_path_is_program(filesystem->binary->path))
                vb_host_list_add(list, VB_USE_EMULATOR, "the program %s", filesystem->binary->path);
}

static void list_backend(VbHostList *list, const char *path, const char *usual)
{
        if (path && !g_str_equal(path, usual))
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "%s", path);
}

static void list_interface(VbHostList *list, const VbDevice *device)
{
        const VbInterface *interface = (const VbInterface *) device;
        const VbInterfaceSource *source = &interface->source;
        const VbInterfaceParts *parts = &interface->parts;
        const VbHostScope *scope = vb_host_list_scope(list);

        switch (interface->type) {
        case VB_INTERFACE_NETWORK:
                if (!scope->is_host_network || scope->is_host_network(source->network, scope->userdata))
                        vb_host_list_add(list, VB_USE_HOST_NETWORK, "the network %s", source->network);
                break;
        case VB_INTERFACE_BRIDGE:
                vb_host_list_add(list, VB_USE_HOST_NETWORK, "the bridge %s", source->bridge);
                break;
        case VB_INTERFACE_ETHERNET:
                vb_host_list_add(list, VB_USE_HOST_NETWORK, "a tap device");
                break;
        case VB_INTERFACE_DIRECT:
        case VB_INTERFACE_VDPA:
                vb_host_list_add(list, VB_USE_HOST_NETWORK, "the network device %s", source->dev);
                break;
        case VB_INTERFACE_VHOSTUSER:
                vb_host_list_add(list, VB_USE_HOST_NETWORK, "the vhost-user switch at %s", source->path);
                break;
        case VB_INTERFACE_HOSTDEV:
                list_pci(list, "the PCI device", source->pci);
                break;
        case VB_INTERFACE_SERVER:
                list_address(list, source->address);
                break;
        case VB_INTERFACE_MCAST:
                vb_host_list_add(list, VB_USE_REMOTE_ACCESS, "the multicast group %s", source->address);
                break;
        case VB_INTERFACE_UDP:
                list_address(list, source->local ? source->local->address : NULL);
                break;
        case VB_INTERFACE_USER:
        case VB_INTERFACE_CLIENT:
        case _VB_INTERFACE_TYPE_MAX:
                break;
        }
        if (parts->backend) {
                list_backend(list, parts->backend->tap, VB_INTERFACE_TAP_DEVICE);
                list_backend(list, parts->backend->vhost, VB_INTERFACE_VHOST_DEVICE);
        }
        if (parts->script || parts->downscript)
                vb_host_list_add(list, VB_USE_HOST_NETWORK, "a program that sets up the network");
        for (guint i = 0; i < vb_list_length(parts->forwards); i++)
                list_address(list, ((const VbPortForward *) parts->forwards->pdata[i])->address);
}

static void list_smartcard(VbHostList *list, const VbDevice *device)
{
        const VbSmartcard *card = (const VbSmartcard *) device;

        if (card->mode == VB_SMARTCARD_HOST)
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the host's smart card reader");
}

static void list_input(VbHostList *list, const VbDevice *device)
{
        const VbInput *input = (const VbInput *) device;

        if (input->type == VB_INPUT_PASSTHROUGH || input->type == VB_INPUT_EVDEV)
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the input device %s", input->source);
}

static void list_tpm(VbHostList *list, const VbDevice *device)
{
        const VbTpm *tpm = (const VbTpm *) device;

        if (tpm->backend == VB_TPM_PASSTHROUGH)
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the host's TPM%s%s", tpm->path ? " " : "",
                                 tpm->path ? tpm->path : "");
}

/* Sessions of users have the render nodes in /dev/dri anyway. */
static void list_render_node(VbHostList *list, const char *path)
{
        if (path && !g_str_has_prefix(path, "/dev/dri/renderD"))
                list_path(list, path);
}

static void list_graphics(VbHostList *list, const VbDevice *device)
{
        const VbGraphics *graphics = (const VbGraphics *) device;

        list_render_node(list, graphics->rendernode);
        for (guint i = 0; i < graphics->n_listens; i++) {
                const VbListen *listen = &graphics->listens[i];

                if (listen->type == VB_LISTEN_NETWORK)
                        vb_host_list_add(list, VB_USE_REMOTE_ACCESS, "listening at the address of the network %s",
                                         listen->value);
                else if (listen->type == VB_LISTEN_ADDRESS && listen->value)
                        list_address(list, listen->value);
        }
}

static void list_audio(VbHostList *list, const VbDevice *device)
{
        list_path(list, ((const VbAudio *) device)->path);
}

static void list_video(VbHostList *list, const VbDevice *device)
{
        list_render_node(list, ((const VbVideo *) device)->rendernode);
}

static void list_hostdev(VbHostList *list, const VbDevice *device)
{
        const VbHostdev *hostdev = (const VbHostdev *) device;

        switch (hostdev->type) {
        case VB_HOSTDEV_PCI:
                list_pci(list, "the PCI device", hostdev->pci);
                break;
        case VB_HOSTDEV_USB:
                if (hostdev->usb.bus > 0)
                        vb_host_list_add(list, VB_USE_HOST_DEVICES, "the USB device %u on bus %u",
                                         hostdev->usb.device, hostdev->usb.bus);
                else
                        vb_host_list_add(list, VB_USE_HOST_DEVICES, "the USB device %04x:%04x",
                                         hostdev->usb.vendor, hostdev->usb.product);
                break;
        case VB_HOSTDEV_SCSI:
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the SCSI device %s",
                                 hostdev->scsi.adapter ? hostdev->scsi.adapter : hostdev->scsi.unit.source->name);
                break;
        case VB_HOSTDEV_SCSI_HOST:
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the SCSI adapter %s", hostdev->wwpn);
                break;
        case VB_HOSTDEV_MDEV:
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the mediated device %s", hostdev->mdev.uuid);
                break;
        case _VB_HOSTDEV_MAX:
                break;
        }
}

static void list_rng(VbHostList *list, const VbDevice *device)
{
        const VbRng *rng = (const VbRng *) device;
        static const char *const usual[] = { "/dev/urandom", "/dev/random", NULL };

        if (rng->backend == VB_RNG_BACKEND_RANDOM && rng->path && !g_strv_contains(usual, rng->path))
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "%s", rng->path);
}

static void list_memory(VbHostList *list, const VbDevice *device)
{
        const VbMemoryDevice *memory = (const VbMemoryDevice *) device;

        list_path(list, memory->path);
        if (memory->page_size > 0)
                vb_host_list_add(list, VB_USE_LOCKED_MEMORY, "the host's huge pages");
}

/* The number that a guest is reached by is the whole host's; one that the service chooses is nobody else's.
 */
static void list_vsock(VbHostList *list, const VbDevice *device)
{
        const VbVsock *vsock = (const VbVsock *) device;

        if (!vsock->auto_cid)
                vb_host_list_add(list, VB_USE_HOST_DEVICES, "the vsock address %u", vsock->cid);
}

/* clang-format off */
const VbHostRule vb_host_rules[_VB_DEVICE_MAX] = {
        [VB_DEVICE_DISK]        = { .list = list_disk },
        [VB_DEVICE_CONTROLLER]  = { .free = "has no side on the host" },
        [VB_DEVICE_LEASE]       = { .free = "is for a lock manager, which there is none of" },
        [VB_DEVICE_FILESYSTEM]  = { .list = list_filesystem },
        [VB_DEVICE_INTERFACE]   = { .list = list_interface },
        [VB_DEVICE_SMARTCARD]   = { .list = list_smartcard },
        [VB_DEVICE_SERIAL]      = { .free = "is what its character device is" },
        [VB_DEVICE_PARALLEL]    = { .free = "is what its character device is" },
        [VB_DEVICE_CONSOLE]     = { .free = "is what its character device is" },
        [VB_DEVICE_CHANNEL]     = { .free = "is what its character device is" },
        [VB_DEVICE_INPUT]       = { .list = list_input },
        [VB_DEVICE_TPM]         = { .list = list_tpm },
        [VB_DEVICE_GRAPHICS]    = { .list = list_graphics },
        [VB_DEVICE_SOUND]       = { .free = "plays to an <audio>" },
        [VB_DEVICE_AUDIO]       = { .list = list_audio },
        [VB_DEVICE_VIDEO]       = { .list = list_video },
        [VB_DEVICE_HOSTDEV]     = { .list = list_hostdev },
        [VB_DEVICE_REDIRDEV]    = { .free = "is what its character device is" },
        [VB_DEVICE_REDIRFILTER] = { .free = "only forbids" },
        [VB_DEVICE_HUB]         = { .free = "has no side on the host" },
        [VB_DEVICE_WATCHDOG]    = { .free = "has no side on the host" },
        [VB_DEVICE_MEMBALLOON]  = { .free = "gives memory back" },
        [VB_DEVICE_RNG]         = { .list = list_rng },
        [VB_DEVICE_NVRAM]       = { .free = "is a place on a bus of the guest's" },
        [VB_DEVICE_PANIC]       = { .free = "has no side on the host" },
        [VB_DEVICE_SHMEM]       = { .free = "is memory or a socket that the emulator opens as the owner" },
        [VB_DEVICE_MEMORY]      = { .list = list_memory },
        [VB_DEVICE_CRYPTO]      = { .free = "computes as any process may" },
        [VB_DEVICE_IOMMU]       = { .free = "has no side on the host" },
        [VB_DEVICE_VSOCK]       = { .list = list_vsock },
};
/* clang-format on */
