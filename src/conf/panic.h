/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_PANIC_MODEL_UNSET, VB_PANIC_ISA, _VB_PANIC_MODEL_MAX } VbPanicModel;

/* <panic>: how a guest kernel tells that it crashed. */
typedef struct {
        VbDevice base;
        VbPanicModel model;
} VbPanic;

extern const VbDeviceClass vb_panic_class;
