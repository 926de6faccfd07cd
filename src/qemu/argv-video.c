/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Display adapters. The first of a domain is the one that the firmware draws on; most models have another
 * device type for the others, without the legacy VGA registers of which there can be one set only. */
#include "conf/video.h"

#include "qemu/argv-builder.h"

static void set_mebibytes_if(json_object *object, const char *key, uint64_t bytes)
{
        vb_json_set_positive_if(object, key, (int64_t) (bytes >> 20));
}

static bool build_video(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbVideo *video = (const VbVideo *) device;
        json_object *object = NULL;

        if (video->model == VB_VIDEO_NONE)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        switch (video->model) {
        case VB_VIDEO_VGA:
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
                break;
        default: /* nothing to choose */
                break;
        }
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_video = { .build = build_video };
