/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

/* <lease>: what a lock manager is to hold while the guest runs. */
typedef struct {
        VbDevice base;
        char *lockspace; /* NULL: none */
        char *key;
        char *path;
        uint64_t offset;
} VbLease;

extern const VbDeviceClass vb_lease_class;
