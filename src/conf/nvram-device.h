/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

/* <nvram> below <devices>: where on its bus the memory is that Power's firmware keeps its variables in. */
typedef struct {
        VbDevice base;
} VbNvramDevice;

extern const VbDeviceClass vb_nvram_device_class;
