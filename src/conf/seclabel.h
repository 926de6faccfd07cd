/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <seclabel>. https://libvirt.org/formatdomain.html#security-label */
typedef enum { VB_SECLABEL_DYNAMIC = 1, VB_SECLABEL_STATIC, VB_SECLABEL_NONE } VbSeclabelType;

typedef struct {
        int line;
        int type;
        char *model; /* NULL: whatever the host has */
        VbTristate relabel;
        char *label, *image_label, *base_label;
} VbSeclabel;
