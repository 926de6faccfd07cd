/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/virtio.h"

/* The lowest number that a guest may have: those below are the host and the hypervisor, see vsock(7). */
#define VB_VSOCK_CID_MIN 3

/* <vsock>: https://libvirt.org/formatdomain.html#vsock */
typedef struct {
        VbDevice base;
        VbVirtioModel model;
        VbVirtioOptions options;
        bool auto_cid; /* the guest's number is chosen when it starts */
        uint32_t cid;  /* 0: not given */
} VbVsock;

extern const VbDeviceClass vb_vsock_class;
