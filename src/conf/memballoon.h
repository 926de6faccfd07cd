/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_MEMBALLOON_VIRTIO, VB_MEMBALLOON_NONE, _VB_MEMBALLOON_MAX } VbMemballoonModel;

/* <memballoon> */
typedef struct {
        VbDevice base;
        VbMemballoonModel model;
} VbMemballoon;

extern const VbDeviceClass vb_memballoon_class;
