/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/virtio.h"
#include "util/tristate.h"

typedef enum {
        VB_MEMORY_DIMM,
        VB_MEMORY_NVDIMM,
        VB_MEMORY_VIRTIO_MEM,
        VB_MEMORY_VIRTIO_PMEM,
        _VB_MEMORY_MODEL_MAX
} VbMemoryModel;

/* <memory> below <devices>. Sizes are bytes, 0: not given. */
typedef struct {
        VbDevice base;
        VbMemoryModel model;
        int access; /* VbMemoryAccess, 0: not given */
        VbTristate discard;
        char uuid[37]; /* of an nvdimm of Power's, "" where there is none */
        /* The host's side. */
        char *nodemask, *path;
        uint64_t page_size, align_size;
        bool pmem;
        /* The guest's. */
        uint64_t size, label_size, block_size, requested_size, guest_address;
        int node; /* -1: not given */
        bool readonly;
        bool is_power;
} VbMemoryDevice;

/* Whether it sits in a slot for memory. */
bool vb_memory_is_dimm(const VbMemoryDevice *memory);
/* What its aliases begin with: each model is counted for itself. */
const char *vb_memory_alias_prefix(const VbMemoryDevice *memory);

/* Forgets where the guest sees those modules of @def of which @other does not say it: what the emulator chose
 * is no difference between the two. */
void vb_memory_forget_places(VbDomainDef *def, const VbDomainDef *other);

extern const VbDeviceClass vb_memory_device_class;
