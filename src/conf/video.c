/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <video>: graphics cards. Their default memory sizes are complete-devices.c. */
#include "conf/video.h"

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

const VbDeviceClass vb_video_class = {
        .element = "video",
        .size = sizeof(VbVideo),
        .parse = video_parse,
        .format = video_format,
        .driver = video_driver,
};
