/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <maxMemory>. https://libvirt.org/formatdomain.html#memory-allocation */
typedef struct VbMaxMemory {
        int line;
        VbNumber slots;
        uint64_t size;
} VbMaxMemory;
