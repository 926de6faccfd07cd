/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"

typedef enum {
        VB_CHANNEL_TARGET_UNSET,
        VB_CHANNEL_TARGET_VIRTIO,
        VB_CHANNEL_TARGET_GUESTFWD, /* a TCP address on the guest's own user-mode network */
        _VB_CHANNEL_TARGET_MAX,
} VbChannelTarget;

/* <channel>: https://libvirt.org/formatdomain.html#channel */
typedef struct {
        VbDevice base;
        VbChardev source;
        VbChannelTarget target;
        char *name;    /* virtio: what the guest knows the port by; NULL: it has no name */
        char *address; /* guestfwd */
        uint32_t port;
} VbChannel;

extern const VbDeviceClass vb_channel_class;
