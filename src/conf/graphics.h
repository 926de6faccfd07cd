/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum { VB_GRAPHICS_VNC, _VB_GRAPHICS_MAX } VbGraphicsType;

/* <graphics>: so far VNC on a unix socket. */
typedef struct {
        VbDevice base;
        VbGraphicsType type;
        char *socket; /* NULL: a socket of ours in the domain's directory */
} VbGraphics;

extern const VbDeviceClass vb_graphics_class;
