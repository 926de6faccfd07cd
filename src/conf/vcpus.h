/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/tuning.h"

/* <vcpus>: each processor by itself. https://libvirt.org/formatdomain.html#cpu-allocation */
typedef struct {
        int line;
        VbNumber id;
        VbTristate enabled, hotpluggable;
        VbNumber order;
} VbVcpu;

typedef struct VbVcpus {
        int line;
        GPtrArray *vcpus; /* VbVcpu, after reading all of them, ascending */
} VbVcpus;
