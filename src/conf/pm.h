/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <pm>. https://libvirt.org/formatdomain.html#power-management */
typedef struct {
        int line;
        VbTristate enabled;
} VbSuspend;

typedef struct VbPm {
        int line;
        VbSuspend *to_memory, *to_disk;
} VbPm;
