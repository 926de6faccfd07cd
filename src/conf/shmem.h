/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "util/tristate.h"

typedef enum {
        VB_SHMEM_IVSHMEM_PLAIN,
        VB_SHMEM_IVSHMEM_DOORBELL, /* with interrupts, by way of a server */
        _VB_SHMEM_MODEL_MAX
} VbShmemModel;

typedef enum { VB_SHMEM_ROLE_UNSET, VB_SHMEM_MASTER, VB_SHMEM_PEER, _VB_SHMEM_ROLE_MAX } VbShmemRole;

/* <shmem>: memory that guests share. */
typedef struct {
        VbDevice base;
        char *name;
        VbShmemModel model;
        VbShmemRole role;
        uint64_t size;    /* bytes; plain only */
        char *server;     /* the socket of a doorbell's server */
        uint32_t vectors; /* 0: not given */
        VbTristate ioeventfd;
} VbShmem;

extern const VbDeviceClass vb_shmem_class;
