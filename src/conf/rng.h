/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_RNG_BACKEND_RANDOM, VB_RNG_BACKEND_BUILTIN, _VB_RNG_BACKEND_MAX } VbRngBackend;

/* <rng model='virtio'> */
typedef struct {
        VbDevice base;
        VbRngBackend backend;
        char *path;          /* of the random backend: a character device */
        uint32_t rate_bytes; /* <rate bytes=''>, 0: unlimited */
        uint32_t rate_period_ms;
} VbRng;

extern const VbDeviceClass vb_rng_class;
