/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"

/* <parallel>: https://libvirt.org/formatdomain.html#parallel-port */
typedef struct {
        VbDevice base;
        VbChardev source;
        int port; /* its number in the XML; -1: not given */
} VbParallel;

extern const VbDeviceClass vb_parallel_class;
