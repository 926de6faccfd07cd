/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/virtio.h"

/* <vsock>: https://libvirt.org/formatdomain.html#vsock */
typedef struct {
        VbDevice base;
        VbVirtioModel model;
        VbVirtioOptions options;
        bool auto_cid; /* the guest's number is chosen when it starts */
        uint32_t cid;  /* 0: not given */
} VbVsock;

extern const VbDeviceClass vb_vsock_class;
