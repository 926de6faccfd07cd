/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/virtio.h"
#include "util/tristate.h"

/* <memballoon> */
typedef struct {
        VbDevice base;
        bool none; /* model='none': there is to be no balloon */
        VbVirtioModel model;
        VbTristate autodeflate, free_page_reporting;
        uint32_t stats_period; /* seconds between the guest's reports, 0: not given */
        VbVirtioOptions virtio;
} VbMemballoon;

extern const VbDeviceClass vb_memballoon_class;
