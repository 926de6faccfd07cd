/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <video>: graphics cards. Their default memory sizes are complete-devices.c. */
#include "conf/video.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

/* No card of QEMU has more than 16 outputs, nor 2 GiB of any of its memories. */
#define HEADS_MAX 16
#define MEMORY_MAX_KIB (2U << 20)

static const char *const model_words[_VB_VIDEO_MODEL_MAX] = {
        [VB_VIDEO_VGA] = "vga",       [VB_VIDEO_CIRRUS] = "cirrus", [VB_VIDEO_QXL] = "qxl",
        [VB_VIDEO_VIRTIO] = "virtio", [VB_VIDEO_BOCHS] = "bochs",   [VB_VIDEO_NONE] = "none",
};

const char *vb_video_model_to_string(VbVideoModel model)
{
        return model_words[model];
}

static bool take_kib(VbXmlNode *node, const char *name, uint64_t *ret, GError **error)
{
        uint64_t kib = 0;

        if (!vb_xml_take_number(node, name, 0, MEMORY_MAX_KIB, &kib, error))
                return false;
        *ret = kib * 1024;
        return true;
}

static bool video_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbVideo *video = (VbVideo *) device;
        VbTristate primary = VB_TRISTATE_UNSET;
        VbXmlNode *child = vb_xml_take_child(node, "model");
        int model = VB_VIDEO_MODEL_UNSET;

        if (!child)
                return true;
        if (!vb_xml_take_word(child, "type", model_words, _VB_VIDEO_MODEL_MAX,
                              "gop parallels ramfb vbox vmvga xen default", &model, error) ||
            !take_kib(child, "ram", &video->ram, error) || !take_kib(child, "vram", &video->vram, error) ||
            !take_kib(child, "vram64", &video->vram64, error) ||
            !take_kib(child, "vgamem", &video->vgamem, error) ||
            !vb_xml_take_uint32(child, "heads", 1, HEADS_MAX, &video->heads, error) ||
            !vb_xml_take_yes_no(child, "primary", &primary, error))
                return false;
        video->model = (VbVideoModel) model;
        video->primary = primary == VB_TRISTATE_ON;
        return true;
}

static void write_kib(VbXmlWriter *writer, const char *name, uint64_t bytes)
{
        if (bytes > 0)
                vb_xml_attribute_number(writer, name, bytes / 1024);
}

static void video_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbVideo *video = (const VbVideo *) device;

        vb_xml_open(writer, "model");
        vb_xml_attribute(writer, "type", model_words[video->model]);
        write_kib(writer, "ram", video->ram);
        write_kib(writer, "vram", video->vram);
        write_kib(writer, "vram64", video->vram64);
        write_kib(writer, "vgamem", video->vgamem);
        if (video->heads > 0)
                vb_xml_attribute_number(writer, "heads", video->heads);
        vb_xml_attribute(writer, "primary", video->primary ? "yes" : NULL);
        vb_xml_close(writer);
}

/* A card that is not the primary one has no VGA registers, where QEMU has such a variant. */
static const char *video_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_VIDEO_MODEL_MAX][2] = {
                [VB_VIDEO_VGA] = { NULL, "VGA" },
                [VB_VIDEO_CIRRUS] = { NULL, "cirrus-vga" },
                [VB_VIDEO_QXL] = { "qxl", "qxl-vga" },
                [VB_VIDEO_VIRTIO] = { "virtio-gpu-pci", "virtio-vga" },
                [VB_VIDEO_BOCHS] = { NULL, "bochs-display" },
        };
        const VbVideo *video = (const VbVideo *) device;

        return drivers[video->model][video->primary];
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
                video->ram = video_defaults[video->model].ram * 1024;
        if (video->vram == 0)
                video->vram = video_defaults[video->model].vram * 1024;
        if (video->vgamem == 0)
                video->vgamem = video_defaults[video->model].vgamem * 1024;
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
                if (vb_complete_has_driver(completion, drivers[i]))
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

static const VbPciConnect video_needs[_VB_VIDEO_MODEL_MAX] = {
        [VB_VIDEO_VGA] = VB_PCI_CONNECT_PCI_ENDPOINT,    [VB_VIDEO_CIRRUS] = VB_PCI_CONNECT_PCI_ENDPOINT,
        [VB_VIDEO_QXL] = VB_PCI_CONNECT_PCI_ENDPOINT,    [VB_VIDEO_VIRTIO] = VB_PCI_CONNECT_PCIE_ENDPOINT,
        [VB_VIDEO_BOCHS] = VB_PCI_CONNECT_PCIE_ENDPOINT,
};

static VbPciConnect video_pci_needs(const VbDevice *device)
{
        return video_needs[((const VbVideo *) device)->model];
}

void vb_video_choose_primary(VbDomainDef *def)
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

const VbDeviceClass vb_video_class = {
        .element = "video",
        .size = sizeof(VbVideo),
        .parse = video_parse,
        .format = video_format,
        .driver = video_driver,
        .alias_prefix = "video",
        .complete = complete_video,
        .pci_needs = video_pci_needs,
};
