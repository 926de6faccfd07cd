/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_INPUT_MOUSE, VB_INPUT_TABLET, VB_INPUT_KEYBOARD, _VB_INPUT_MAX } VbInputType;
typedef enum {
        VB_INPUT_BUS_UNSET,
        VB_INPUT_BUS_PS2,
        VB_INPUT_BUS_USB,
        VB_INPUT_BUS_VIRTIO,
        _VB_INPUT_BUS_MAX
} VbInputBus;

/* <input> */
typedef struct {
        VbDevice base;
        VbInputType type;
        VbInputBus bus;
} VbInput;

const char *vb_input_type_to_string(VbInputType type);
const char *vb_input_bus_to_string(VbInputBus bus);

extern const VbDeviceClass vb_input_class;
