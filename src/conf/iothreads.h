/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <iothreads>, <iothreadids>, <defaultiothread>. https://libvirt.org/formatdomain.html#iothreads-allocation
 */

typedef struct {
        int line;
        VbNumber max, grow, shrink;
} VbIothreadPoll;

typedef struct {
        int line;
        VbNumber id, pool_min, pool_max;
        VbIothreadPoll *poll;
} VbIothread;

typedef struct VbIothreads {
        int line;
        GPtrArray *threads; /* VbIothread, in the order of the definition */
} VbIothreads;

/* The thread with that number, NULL if there is none. */
const VbIothread *vb_iothreads_find(const VbIothreads *threads, uint32_t id);
