/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices that every guest gets, and the models of those that name none: libvirt's choices, among what the
 * emulator has. */
#include <string.h>

#include "conf/chardev.h"
#include "conf/complete-steps.h"
#include "conf/disk.h"
#include "conf/input.h"
#include "conf/interface.h"
#include "conf/memballoon.h"
#include "conf/panic.h"
#include "conf/video.h"
#include "util/error.h"

#define KIB 1024ULL

static bool has_driver(const VbCompletion *completion, const char *driver)
{
        return vb_emulator_facts_has_device(completion->emulator, driver);
}

/* The bus that a disk's name stands for. */
static bool complete_disk(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbDisk *disk = (VbDisk *) device;

        if (disk->bus != VB_DISK_BUS_UNSET)
                return true;
        switch (disk->target_dev[0]) {
        case 'v':
                disk->bus = VB_DISK_BUS_VIRTIO;
                break;
        case 's':
                disk->bus = VB_DISK_BUS_SCSI;
                break;
        default:
                disk->bus = VB_DISK_BUS_IDE;
        }
        return true;
}

/* Addresses of QEMU's own range, with 24 random bits as libvirt has it. */
static void make_mac(uint8_t mac[6])
{
        guint32 random = g_random_int();

        mac[0] = 0x52;
        mac[1] = 0x54;
        mac[2] = 0x00;
        mac[3] = (uint8_t) (random >> 16);
        mac[4] = (uint8_t) (random >> 8);
        mac[5] = (uint8_t) random;
}

static bool complete_interface(VbCompletion *completion, VbDevice *device, GError **error)
{
        static const VbInterfaceModel preferred[] = { VB_INTERFACE_RTL8139, VB_INTERFACE_E1000,
                                                      VB_INTERFACE_VIRTIO };
        VbInterface *interface = (VbInterface *) device;

        for (gsize i = 0; i < G_N_ELEMENTS(preferred) && interface->model == VB_INTERFACE_MODEL_UNSET; i++)
                if (has_driver(completion, vb_interface_model_driver(preferred[i])))
                        interface->model = preferred[i];
        if (interface->model == VB_INTERFACE_MODEL_UNSET)
                return vb_device_error(
                        device, VB_ERROR_UNSUPPORTED, error,
                        "no <model> is given, and %s has none of the usual ones (rtl8139, e1000, "
                        "virtio)",
                        completion->emulator->path);
        if (!interface->has_mac)
                make_mac(interface->mac);
        interface->has_mac = true;
        return true;
}

static bool complete_input(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbInput *input = (VbInput *) device;

        if (input->bus == VB_INPUT_BUS_UNSET)
                input->bus = input->type != VB_INPUT_TABLET && completion->machine->has_i8042
                                     ? VB_INPUT_BUS_PS2
                                     : VB_INPUT_BUS_USB;
        if (input->bus == VB_INPUT_BUS_PS2) {
                if (input->type == VB_INPUT_TABLET)
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "there are no PS/2 tablets");
                if (!completion->machine->has_i8042)
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no PS/2", completion->machine->name);
                device->builtin = true;
        }
        return true;
}

/* The card's memories in KiB, 0 where it has no such; and whether it can have several outputs. */
static const struct {
        uint64_t ram, vram, vgamem;
        bool several_heads;
} video_defaults[_VB_VIDEO_MODEL_MAX] = {
        [VB_VIDEO_VGA] = { .vram = 16384 },
        [VB_VIDEO_CIRRUS] = { .vram = 16384 },
        [VB_VIDEO_BOCHS] = { .vram = 16384 },
        [VB_VIDEO_QXL] = { .ram = 65536, .vram = 65536, .vgamem = 16384, .several_heads = true },
        [VB_VIDEO_VIRTIO] = { .several_heads = true },
};

static uint64_t round_up_power_of_two(uint64_t value)
{
        uint64_t result = 1;

        while (result < value)
                result <<= 1;
        return result;
}

static bool refuse_video(const VbVideo *video, const char *what, GError **error)
{
        return vb_device_error(&video->base, VB_ERROR_INVALID_XML, error, "%s is not for the model %s", what,
                               vb_video_model_to_string(video->model));
}

/* Defaults, and powers of two: what is written stays what the guest sees. */
static bool complete_video_memory(VbVideo *video, GError **error)
{
        if (video->ram > 0 && video_defaults[video->model].ram == 0)
                return refuse_video(video, "ram=''", error);
        if (video->vgamem > 0 && video_defaults[video->model].vgamem == 0)
                return refuse_video(video, "vgamem=''", error);
        if (video->vram64 > 0 && video->model != VB_VIDEO_QXL)
                return refuse_video(video, "vram64=''", error);
        if (video->vgamem != 0 && video->vgamem != round_up_power_of_two(video->vgamem))
                return vb_device_error(&video->base, VB_ERROR_INVALID_XML, error,
                                       "vgamem='' is not a power of two");
        if (video->ram == 0)
                video->ram = video_defaults[video->model].ram * KIB;
        if (video->vram == 0)
                video->vram = video_defaults[video->model].vram * KIB;
        if (video->vgamem == 0)
                video->vgamem = video_defaults[video->model].vgamem * KIB;
        video->ram = video->ram > 0 ? round_up_power_of_two(video->ram) : 0;
        video->vram = video->vram > 0 ? round_up_power_of_two(video->vram) : 0;
        return true;
}

static bool complete_video(VbCompletion *completion, VbDevice *device, GError **error)
{
        static const VbVideoModel preferred[] = { VB_VIDEO_CIRRUS, VB_VIDEO_VGA, VB_VIDEO_VIRTIO };
        static const char *const drivers[] = { "cirrus-vga", "VGA", "virtio-vga" };
        VbVideo *video = (VbVideo *) device;

        for (gsize i = 0; i < G_N_ELEMENTS(preferred) && video->model == VB_VIDEO_MODEL_UNSET; i++)
                if (has_driver(completion, drivers[i]))
                        video->model = preferred[i];
        if (video->model == VB_VIDEO_MODEL_UNSET)
                return vb_device_error(
                        device, VB_ERROR_UNSUPPORTED, error,
                        "no model is given, and %s has none of the usual ones (cirrus, vga, virtio)",
                        completion->emulator->path);
        if (video->model == VB_VIDEO_NONE) {
                /* There is no card, and so nothing that these could be of. */
                video->ram = video->vram = video->vram64 = video->vgamem = 0;
                video->heads = 0;
                return true;
        }
        if (video->heads == 0)
                video->heads = 1;
        if (video->heads > 1 && !video_defaults[video->model].several_heads)
                return refuse_video(video, "heads='' above 1", error);
        return complete_video_memory(video, error);
}

static bool complete_panic(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbPanic *panic = (VbPanic *) device;

        if (!completion->machine->has_isa)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no ISA bus", completion->machine->name);
        panic->model = VB_PANIC_ISA;
        return true;
}

static const VbDevice *first_of(const VbDomainDef *def, VbDeviceKind kind)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == kind)
                        return device;
        }
        return NULL;
}

static void add_ps2(VbCompletion *completion, VbInputType type)
{
        const VbDomainDef *def = completion->def;
        VbInput *input;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbInput *other = g_ptr_array_index(def->devices, i);

                if (other->base.kind == VB_DEVICE_INPUT && other->type == type &&
                    other->bus == VB_INPUT_BUS_PS2)
                        return;
        }
        input = (VbInput *) vb_complete_add(completion, VB_DEVICE_INPUT);
        input->type = type;
        input->bus = VB_INPUT_BUS_PS2;
        input->base.builtin = true;
}

/* Exactly one card is the primary one, and it is the first. */
static void complete_primary(VbDomainDef *def)
{
        VbVideo *primary = NULL;

        for (guint i = 0; i < def->devices->len; i++) {
                VbVideo *video = g_ptr_array_index(def->devices, i);

                if (video->base.kind != VB_DEVICE_VIDEO)
                        continue;
                if (!primary)
                        primary = video;
                video->primary = video == primary && video->model != VB_VIDEO_NONE;
        }
}

bool vb_complete_devices(VbCompletion *completion, GError **error)
{
        static const struct {
                VbDeviceKind kind;
                bool (*complete)(VbCompletion *completion, VbDevice *device, GError **error);
        } steps[] = {
                { VB_DEVICE_DISK, complete_disk },   { VB_DEVICE_INTERFACE, complete_interface },
                { VB_DEVICE_INPUT, complete_input }, { VB_DEVICE_VIDEO, complete_video },
                { VB_DEVICE_PANIC, complete_panic },
        };
        VbDomainDef *def = completion->def;

        if (first_of(def, VB_DEVICE_GRAPHICS) && !first_of(def, VB_DEVICE_VIDEO))
                vb_complete_add(completion, VB_DEVICE_VIDEO);
        if (!first_of(def, VB_DEVICE_MEMBALLOON) && has_driver(completion, "virtio-balloon-pci") &&
            completion->machine->root_bus != VB_ROOT_BUS_NONE)
                vb_complete_add(completion, VB_DEVICE_MEMBALLOON);
        for (guint i = 0; i < def->devices->len; i++) {
                VbDevice *device = g_ptr_array_index(def->devices, i);

                for (gsize j = 0; j < G_N_ELEMENTS(steps); j++)
                        if (steps[j].kind == device->kind && !steps[j].complete(completion, device, error))
                                return false;
        }
        if (completion->machine->has_i8042) {
                add_ps2(completion, VB_INPUT_MOUSE);
                add_ps2(completion, VB_INPUT_KEYBOARD);
        }
        complete_primary(def);
        return true;
}
