/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"

/* <redirdev>: https://libvirt.org/formatdomain.html#redirected-devices */
typedef struct {
        VbDevice base;
        VbChardev source;
} VbRedirdev;

/* One rule of <redirfilter>; -1: any. */
typedef struct {
        int class_code, vendor, product;
        int version; /* binary coded decimal, as USB has it: 0x0210 is 2.10 */
        bool allow;
} VbRedirRule;

/* <redirfilter>: what may be plugged into the redirdevs. No device of its own. */
typedef struct {
        VbDevice base;
        GArray *rules; /* VbRedirRule */
} VbRedirfilter;

extern const VbDeviceClass vb_redirdev_class;
extern const VbDeviceClass vb_redirfilter_class;
