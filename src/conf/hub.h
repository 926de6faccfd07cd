/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

/* <hub>: a USB hub; QEMU's has this many ports. */
typedef struct {
        VbDevice base;
} VbHub;

#define VB_HUB_PORTS 8

extern const VbDeviceClass vb_hub_class;
