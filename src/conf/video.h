/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/virtio.h"
#include "util/tristate.h"

typedef enum {
        VB_VIDEO_MODEL_UNSET,
        VB_VIDEO_VGA,
        VB_VIDEO_CIRRUS,
        VB_VIDEO_VMVGA,
        VB_VIDEO_QXL,
        VB_VIDEO_VIRTIO,
        VB_VIDEO_BOCHS,
        VB_VIDEO_RAMFB,
        VB_VIDEO_NONE,
        _VB_VIDEO_MODEL_MAX,
} VbVideoModel;

/* Who draws: QEMU, or a process beside it. */
typedef enum {
        VB_VIDEO_BACKEND_UNSET,
        VB_VIDEO_BACKEND_QEMU,
        VB_VIDEO_BACKEND_VHOST_USER,
        _VB_VIDEO_BACKEND_MAX
} VbVideoBackend;

/* <video>. Sizes in bytes, 0: not given. */
typedef struct {
        VbDevice base;
        VbVideoModel model;
        VbVideoBackend backend;
        uint64_t ram, vram, vram64, vgamem;
        uint32_t heads;              /* 0: not given */
        uint32_t width, height;      /* <resolution>, 0: not given */
        VbTristate accel2d, accel3d; /* <acceleration> */
        char *rendernode;
        VbTristate blob;
        VbVirtioOptions virtio;
        const char *vgaconf; /* kept for other hypervisors; a static string, NULL: not given */
        bool primary;
        bool has_vga; /* as the primary card it has the registers of a VGA */
} VbVideo;

const char *vb_video_model_to_string(VbVideoModel model);

/* Adds the card that a domain with graphics has if it names none. */
void vb_video_add_implicit(VbCompletion *completion);

/* Exactly one card is the primary one, and it is the first. INVALID_XML if the XML says it of several. */
bool vb_video_choose_primary(VbCompletion *completion, GError **error);

extern const VbDeviceClass vb_video_class;
