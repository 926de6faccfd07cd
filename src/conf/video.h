/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum {
        VB_VIDEO_MODEL_UNSET,
        VB_VIDEO_VGA,
        VB_VIDEO_CIRRUS,
        VB_VIDEO_QXL,
        VB_VIDEO_VIRTIO,
        VB_VIDEO_BOCHS,
        VB_VIDEO_NONE,
        _VB_VIDEO_MODEL_MAX,
} VbVideoModel;

/* <video>. Sizes in bytes, 0: not given. */
typedef struct {
        VbDevice base;
        VbVideoModel model;
        uint64_t ram, vram, vram64, vgamem;
        uint32_t heads; /* 0: not given */
        bool primary;
} VbVideo;

const char *vb_video_model_to_string(VbVideoModel model);

/* Exactly one card is the primary one, and it is the first. */
void vb_video_choose_primary(VbDomainDef *def);

extern const VbDeviceClass vb_video_class;
