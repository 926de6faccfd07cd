/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"
#include "conf/virtio.h"

typedef enum {
        VB_RNG_BACKEND_RANDOM,
        VB_RNG_BACKEND_BUILTIN,
        VB_RNG_BACKEND_EGD, /* a daemon that speaks EGD's protocol */
        _VB_RNG_BACKEND_MAX,
} VbRngBackend;

/* <rng>: https://libvirt.org/formatdomain.html#random-number-generator-device */
typedef struct {
        VbDevice base;
        VbVirtioModel model;
        VbVirtioOptions options;
        VbRngBackend backend;
        char *path;          /* of the random backend: a character device */
        VbChardev source;    /* of the egd backend */
        uint32_t rate_bytes; /* <rate bytes=''>, 0: unlimited */
        uint32_t rate_period_ms;
} VbRng;

extern const VbDeviceClass vb_rng_class;
