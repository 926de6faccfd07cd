/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum {
        VB_PANIC_MODEL_UNSET,
        VB_PANIC_ISA,
        VB_PANIC_PSERIES, /* the firmware interface of Power: no device */
        VB_PANIC_HYPERV,  /* a feature of the processor: no device */
        VB_PANIC_S390,    /* a part of the architecture: no device */
        VB_PANIC_PVPANIC, /* pvpanic's PCI device */
        _VB_PANIC_MODEL_MAX
} VbPanicModel;

/* <panic>: how a guest kernel tells that it crashed. */
typedef struct {
        VbDevice base;
        VbPanicModel model;
} VbPanic;

/* Whether the guest can tell it this way. */
bool vb_domain_def_has_panic(const VbDomainDef *def, VbPanicModel model);

extern const VbDeviceClass vb_panic_class;
