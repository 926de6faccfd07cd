/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Display adapters. The first of a domain is the one that the firmware draws on; most models have another
 * device type for the others, without the legacy VGA registers of which there can be one set only. */
#include "conf/video.h"

#include "qemu/argv-builder.h"

static void set_mebibytes_if(json_object *object, const char *key, uint64_t bytes)
{
        vb_json_set_positive_if(object, key, (int64_t) (bytes >> 20));
}

/* A process beside QEMU draws, which has to be there before. */
static bool build_vhost_user(VbArgv *argv, const VbVideo *video, GError **error)
{
        g_autofree char *id = g_strdup_printf("chr-vu-%s", video->base.alias);
        g_autofree char *path = NULL, *option = NULL;
        json_object *object = NULL;

        object = vb_argv_device_new(argv, &video->base, error);
        if (!object)
                return false;
        path = vb_argv_quote(argv->context->sockets_dir);
        option = g_strdup_printf("socket,id=%s,path=%s/%s-gpu.sock", id, path, video->base.alias);
        vb_argv_add(argv, "-chardev", option);
        vb_json_set_positive_if(object, "max_outputs", video->heads);
        vb_argv_set_virtio_options(object, &video->virtio);
        vb_json_set_string(object, "chardev", id);
        vb_argv_add_device(argv, &video->base, object);
        return true;
}

static bool build_video(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbVideo *video = (const VbVideo *) device;
        json_object *object = NULL;

        if (video->model == VB_VIDEO_NONE)
                return true;
        if (video->backend == VB_VIDEO_BACKEND_VHOST_USER)
                return build_vhost_user(argv, video, error);
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        switch (video->model) {
        case VB_VIDEO_VGA:
        case VB_VIDEO_VMVGA:
                set_mebibytes_if(object, "vgamem_mb", video->vram);
                break;
        case VB_VIDEO_BOCHS:
                vb_json_set_positive_if(object, "vgamem", (int64_t) video->vram);
                break;
        case VB_VIDEO_QXL:
                vb_json_set_positive_if(object, "max_outputs", video->heads);
                vb_json_set_positive_if(object, "ram_size", (int64_t) video->ram);
                vb_json_set_positive_if(object, "vram_size", (int64_t) video->vram);
                vb_json_set_uint(object, "vram64_size_mb", video->vram64 >> 20);
                set_mebibytes_if(object, "vgamem_mb", video->vgamem);
                break;
        case VB_VIDEO_VIRTIO:
                vb_json_set_positive_if(object, "max_outputs", video->heads);
                vb_json_set_tristate_if(object, "blob", video->blob);
                vb_argv_set_virtio_options(object, &video->virtio);
                break;
        default: /* nothing to choose */
                break;
        }
        vb_json_set_positive_if(object, "xres", video->width);
        vb_json_set_positive_if(object, "yres", video->height);
        vb_argv_add_device(argv, device, object);
        return true;
}

static bool check_start_video(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        return ((const VbVideo *) device)->backend != VB_VIDEO_BACKEND_VHOST_USER ||
               vb_argv_refuse_start(device, "a vhost-user process that draws for it", error);
}

const VbArgvClass vb_argv_video = { .build = build_video, .check_start = check_start_video };
