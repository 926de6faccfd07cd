/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <video>: graphics cards. https://libvirt.org/formatdomain.html#video-devices */
#include "conf/video.h"

#include <limits.h>
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

/* No card of QEMU has more than 16 outputs, nor 2 GiB of any of its memories. */
#define HEADS_MAX 16
#define MEMORY_MAX_KIB (2U << 20)
#define MEBIBYTE (1U << 20)

static const char *const model_words[_VB_VIDEO_MODEL_MAX] = {
        [VB_VIDEO_MODEL_UNSET] = "default", [VB_VIDEO_VGA] = "vga",     [VB_VIDEO_CIRRUS] = "cirrus",
        [VB_VIDEO_VMVGA] = "vmvga",         [VB_VIDEO_QXL] = "qxl",     [VB_VIDEO_VIRTIO] = "virtio",
        [VB_VIDEO_BOCHS] = "bochs",         [VB_VIDEO_RAMFB] = "ramfb", [VB_VIDEO_NONE] = "none",
};
static const char *const vgaconf_words[] = { "io", "on", "off" };
static const char *const backend_words[_VB_VIDEO_BACKEND_MAX] = {
        [VB_VIDEO_BACKEND_QEMU] = "qemu",
        [VB_VIDEO_BACKEND_VHOST_USER] = "vhostuser",
};

/* What the models have. Memories in KiB, 0 where it has no such. */
static const struct {
        uint64_t ram, vram, vgamem;
        bool several_heads, resolution;
        VbPciConnect needs;
} models[_VB_VIDEO_MODEL_MAX] = {
        [VB_VIDEO_VGA] = { .vram = 16384, .resolution = true, .needs = VB_PCI_CONNECT_PCI_ENDPOINT },
        [VB_VIDEO_CIRRUS] = { .vram = 16384, .needs = VB_PCI_CONNECT_PCI_ENDPOINT },
        [VB_VIDEO_VMVGA] = { .vram = 16384, .needs = VB_PCI_CONNECT_PCI_ENDPOINT },
        [VB_VIDEO_BOCHS] = { .vram = 16384, .resolution = true, .needs = VB_PCI_CONNECT_PCIE_ENDPOINT },
        [VB_VIDEO_QXL] = { .ram = 65536,
                           .vram = 65536,
                           .vgamem = 16384,
                           .several_heads = true,
                           .resolution = true,
                           .needs = VB_PCI_CONNECT_PCI_ENDPOINT },
        [VB_VIDEO_VIRTIO] = { .several_heads = true,
                              .resolution = true,
                              .needs = VB_PCI_CONNECT_PCIE_ENDPOINT },
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

static bool parse_acceleration(VbVideo *video, VbXmlNode *node, GError **error)
{
        const char *path = vb_xml_take_attribute(node, "rendernode");

        if (path && (*path != '/' || strlen(path) >= PATH_MAX))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "rendernode='%s' is not an absolute path", path);
        video->rendernode = g_strdup(path);
        if (!vb_xml_take_yes_no(node, "accel2d", &video->accel2d, error) ||
            !vb_xml_take_yes_no(node, "accel3d", &video->accel3d, error))
                return false;
        return path || video->accel2d != VB_TRISTATE_UNSET || video->accel3d != VB_TRISTATE_UNSET ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "accel3d='yes' or accel3d='no' is missing");
}

static bool parse_resolution(VbVideo *video, VbXmlNode *node, GError **error)
{
        const char *text;

        return vb_xml_require_attribute(node, "x", &text, error) &&
               vb_xml_require_attribute(node, "y", &text, error) &&
               vb_xml_take_uint32(node, "x", 1, INT16_MAX, &video->width, error) &&
               vb_xml_take_uint32(node, "y", 1, INT16_MAX, &video->height, error);
}

static bool parse_model(VbVideo *video, VbXmlNode *node, GError **error)
{
        VbTristate primary = VB_TRISTATE_UNSET;
        int model = VB_VIDEO_MODEL_UNSET;
        VbXmlNode *child;

        if (!vb_xml_take_word(node, "type", model_words, _VB_VIDEO_MODEL_MAX, "gop parallels vbox xen",
                              &model, error) ||
            !take_kib(node, "ram", &video->ram, error) || !take_kib(node, "vram", &video->vram, error) ||
            !take_kib(node, "vram64", &video->vram64, error) ||
            !take_kib(node, "vgamem", &video->vgamem, error) ||
            !vb_xml_take_uint32(node, "heads", 1, HEADS_MAX, &video->heads, error) ||
            !vb_xml_take_yes_no(node, "primary", &primary, error) ||
            !vb_xml_take_switch(node, "blob", &video->blob, error))
                return false;
        video->model = (VbVideoModel) model;
        video->primary = primary == VB_TRISTATE_ON;
        child = vb_xml_take_child(node, "acceleration");
        if (child && !parse_acceleration(video, child, error))
                return false;
        child = vb_xml_take_child(node, "resolution");
        return !child || parse_resolution(video, child, error);
}

static bool video_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbVideo *video = (VbVideo *) device;
        VbXmlNode *child = vb_xml_take_child(node, "driver");
        int backend = VB_VIDEO_BACKEND_UNSET, vgaconf = -1;

        if (child &&
            (!vb_xml_take_word(child, "name", backend_words, _VB_VIDEO_BACKEND_MAX, NULL, &backend, error) ||
             !vb_xml_take_word(child, "vgaconf", vgaconf_words, G_N_ELEMENTS(vgaconf_words), NULL, &vgaconf,
                               error) ||
             !vb_virtio_options_parse(&video->virtio, child, error)))
                return false;
        video->backend = (VbVideoBackend) backend;
        video->vgaconf = vgaconf >= 0 ? vgaconf_words[vgaconf] : NULL;
        child = vb_xml_take_child(node, "model");
        if (child && !parse_model(video, child, error))
                return false;
        return !video->rendernode || video->backend == VB_VIDEO_BACKEND_VHOST_USER ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "rendernode='%s' is for <driver name='vhostuser'/>; QEMU's own cards use that of "
                            "<graphics>",
                            video->rendernode);
}

static void write_kib(VbXmlWriter *writer, const char *name, uint64_t bytes)
{
        if (bytes > 0)
                vb_xml_attribute_number(writer, name, bytes / 1024);
}

static void video_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbVideo *video = (const VbVideo *) device;

        if (video->backend != VB_VIDEO_BACKEND_UNSET || video->vgaconf ||
            vb_virtio_options_is_set(&video->virtio)) {
                vb_xml_open(writer, "driver");
                vb_xml_attribute(writer, "name", backend_words[video->backend]);
                vb_xml_attribute(writer, "vgaconf", video->vgaconf);
                vb_virtio_options_write(&video->virtio, writer);
                vb_xml_close(writer);
        }
        vb_xml_open(writer, "model");
        vb_xml_attribute(writer, "type", model_words[video->model]);
        write_kib(writer, "ram", video->ram);
        write_kib(writer, "vram", video->vram);
        write_kib(writer, "vram64", video->vram64);
        write_kib(writer, "vgamem", video->vgamem);
        if (video->heads > 0)
                vb_xml_attribute_number(writer, "heads", video->heads);
        vb_xml_attribute(writer, "primary", video->primary ? "yes" : NULL);
        vb_xml_attribute(writer, "blob", vb_tristate_to_switch(video->blob));
        if (video->accel2d != VB_TRISTATE_UNSET || video->accel3d != VB_TRISTATE_UNSET || video->rendernode) {
                vb_xml_open(writer, "acceleration");
                vb_xml_attribute(writer, "accel3d", vb_tristate_to_yes_no(video->accel3d));
                vb_xml_attribute(writer, "accel2d", vb_tristate_to_yes_no(video->accel2d));
                vb_xml_attribute(writer, "rendernode", video->rendernode);
                vb_xml_close(writer);
        }
        if (video->width > 0) {
                vb_xml_open(writer, "resolution");
                vb_xml_attribute_number(writer, "x", video->width);
                vb_xml_attribute_number(writer, "y", video->height);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

static const char *virtio_driver(const VbVideo *video)
{
        bool accelerated = video->accel3d == VB_TRISTATE_ON;

        if (video->backend == VB_VIDEO_BACKEND_VHOST_USER)
                return video->has_vga ? "vhost-user-vga" : "vhost-user-gpu-pci";
        if (video->has_vga)
                return accelerated ? "virtio-vga-gl" : "virtio-vga";
        return vb_virtio_driver(&video->base, accelerated ? "virtio-gpu-gl" : "virtio-gpu",
                                VB_VIRTIO_MODEL_DEFAULT);
}

/* A card that is not the primary one has no VGA registers, where QEMU has such a variant. */
static const char *video_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_VIDEO_MODEL_MAX][2] = {
                [VB_VIDEO_VGA] = { NULL, "VGA" },
                [VB_VIDEO_CIRRUS] = { NULL, "cirrus-vga" },
                [VB_VIDEO_VMVGA] = { NULL, "vmware-svga" },
                [VB_VIDEO_QXL] = { "qxl", "qxl-vga" },
                [VB_VIDEO_BOCHS] = { NULL, "bochs-display" },
                [VB_VIDEO_RAMFB] = { NULL, "ramfb" },
        };
        const VbVideo *video = (const VbVideo *) device;

        return video->model == VB_VIDEO_VIRTIO ? virtio_driver(video) : drivers[video->model][video->primary];
}

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
        bool mebibytes = video->model == VB_VIDEO_VGA || video->model == VB_VIDEO_VMVGA;

        if (video->ram > 0 && models[video->model].ram == 0)
                return refuse_video(video, "ram=''", error);
        if (video->vgamem > 0 && models[video->model].vgamem == 0)
                return refuse_video(video, "vgamem=''", error);
        if (video->vram64 > 0 && video->model != VB_VIDEO_QXL)
                return refuse_video(video, "vram64=''", error);
        if (video->vgamem != 0 &&
            (video->vgamem < MEBIBYTE || video->vgamem != round_up_power_of_two(video->vgamem)))
                return vb_device_error(&video->base, VB_ERROR_INVALID_XML, error,
                                       "vgamem='' is not a power of two of at least 1 MiB (1024)");
        if (mebibytes && video->vram != 0 && video->vram < MEBIBYTE)
                return vb_device_error(&video->base, VB_ERROR_INVALID_XML, error,
                                       "vram='' is less than 1 MiB (1024)");
        if (video->ram == 0)
                video->ram = models[video->model].ram * 1024;
        if (video->vram == 0)
                video->vram = models[video->model].vram * 1024;
        if (video->vgamem == 0)
                video->vgamem = models[video->model].vgamem * 1024;
        video->ram = video->ram > 0 ? round_up_power_of_two(video->ram) : 0;
        video->vram = video->vram > 0 ? round_up_power_of_two(video->vram) : 0;
        return true;
}

/* What QEMU draws a guest without any further word with, on such a machine: Power's firmware knows only the
 * VGA, and boards without an ISA bus have no use for what is beside the pixels. */
static VbVideoModel usual_model(const VbCompletion *completion)
{
        static const struct {
                VbVideoModel model;
                const char *driver;
        } preferred[] = {
                { VB_VIDEO_CIRRUS, "cirrus-vga" },
                { VB_VIDEO_VGA, "VGA" },
                { VB_VIDEO_VIRTIO, "virtio-vga" },
                { VB_VIDEO_VIRTIO, "virtio-gpu-pci" },
        };

        if (completion->machine->has_spapr_vio)
                return VB_VIDEO_VGA;
        if (!completion->machine->has_isa && vb_complete_has_driver(completion, "virtio-gpu-pci"))
                return VB_VIDEO_VIRTIO;
        for (gsize i = 0; i < G_N_ELEMENTS(preferred); i++)
                if (vb_complete_has_driver(completion, preferred[i].driver))
                        return preferred[i].model;
        return VB_VIDEO_MODEL_UNSET;
}

static bool check_model(const VbVideo *video, GError **error)
{
        if (video->heads > 1 && !models[video->model].several_heads)
                return refuse_video(video, "heads='' above 1", error);
        if (video->width > 0 && !models[video->model].resolution)
                return refuse_video(video, "<resolution>", error);
        if (video->model == VB_VIDEO_VIRTIO)
                return true;
        if (video->accel3d == VB_TRISTATE_ON)
                return refuse_video(video, "accel3d='yes'", error);
        if (video->blob != VB_TRISTATE_UNSET)
                return refuse_video(video, "blob=''", error);
        if (video->backend == VB_VIDEO_BACKEND_VHOST_USER)
                return refuse_video(video, "<driver name='vhostuser'>", error);
        if (vb_virtio_options_is_set(&video->virtio))
                return refuse_video(video, "an option of virtio's in <driver>", error);
        return true;
}

static bool complete_video(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbVideo *video = (VbVideo *) device;

        if (video->model == VB_VIDEO_MODEL_UNSET)
                video->model = usual_model(completion);
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
        return check_model(video, error) && complete_video_memory(video, error);
}

/* Outside PCs, firmware that looks for VGA registers has no virtio card that has them. */
static void settle_video(const VbDomainDef *def, VbDevice *device)
{
        ((VbVideo *) device)->has_vga = ((const VbVideo *) device)->primary && vb_domain_def_is_x86(def);
}

static VbPciConnect video_pci_needs(const VbDevice *device)
{
        return models[((const VbVideo *) device)->model].needs;
}

static VbVideo *as_video(VbDevice *device)
{
        return device->kind == VB_DEVICE_VIDEO ? (VbVideo *) device : NULL;
}

void vb_video_add_implicit(VbCompletion *completion)
{
        const VbDomainDef *def = completion->def;
        bool graphics = false;

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == VB_DEVICE_VIDEO)
                        return;
                graphics = graphics || device->kind == VB_DEVICE_GRAPHICS;
        }
        if (graphics)
                vb_complete_add(completion, VB_DEVICE_VIDEO);
}

/* The first that says so, else the first. */
static VbVideo *find_primary(const VbDomainDef *def)
{
        VbVideo *first = NULL;

        for (guint i = 0; i < def->devices->len; i++) {
                VbVideo *video = as_video(g_ptr_array_index(def->devices, i));

                if (video && video->primary)
                        return video;
                if (video && !first)
                        first = video;
        }
        return first;
}

bool vb_video_choose_primary(VbCompletion *completion, GError **error)
{
        VbVideo *primary = find_primary(completion->def);

        for (guint i = 0; i < completion->def->devices->len; i++) {
                VbVideo *video = as_video(g_ptr_array_index(completion->def->devices, i));

                if (!video)
                        continue;
                if (video->primary && video != primary)
                        return vb_device_error(&video->base, VB_ERROR_INVALID_XML, error,
                                               "only one card can have primary='yes'");
                video->primary = video == primary && video->model != VB_VIDEO_NONE;
                settle_video(completion->def, &video->base);
        }
        return true;
}

static const gsize video_strings[] = { G_STRUCT_OFFSET(VbVideo, rendernode), 0 };

const VbDeviceClass vb_video_class = {
        .element = "video",
        .size = sizeof(VbVideo),
        .strings = video_strings,
        .parse = video_parse,
        .format = video_format,
        .settle = settle_video,
        .driver = video_driver,
        .alias_prefix = "video",
        .complete = complete_video,
        .pci_needs = video_pci_needs,
};
