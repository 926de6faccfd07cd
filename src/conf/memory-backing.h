/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/xml-record.h"

/* <memoryBacking>: what the host keeps the guest's memory in.
 * https://libvirt.org/formatdomain.html#memory-backing */

typedef enum { VB_BACKING_FILE = 1, VB_BACKING_ANONYMOUS, VB_BACKING_MEMFD } VbBackingSource;
typedef enum { VB_ALLOCATION_IMMEDIATE = 1, VB_ALLOCATION_ONDEMAND } VbAllocationMode;

typedef struct {
        int line;
        uint64_t size;
        char *nodeset; /* of the guest's cells; NULL: all that no other page names */
} VbHugepage;

typedef struct {
        int line;
        GPtrArray *pages; /* NULL: those that the host has by default */
} VbHugepages;

typedef struct {
        int line;
        int value;
} VbBackingChoice;

typedef struct {
        int line;
        int mode;
        VbNumber threads;
} VbAllocation;

typedef struct VbMemoryBacking {
        int line;
        VbHugepages *hugepages;
        bool no_share_pages, locked, discard;
        VbBackingChoice *source, *access; /* VbBackingSource, VbMemoryAccess */
        VbAllocation *allocation;
} VbMemoryBacking;

/* The size of the pages that a cell (0 where there are none) is made of: 0 for the host's usual ones, 1 for
 * its usual huge ones. */
uint64_t vb_memory_backing_page(const VbMemoryBacking *backing, guint cell);

/* Whether a piece of memory is shared (VbMemoryAccess), and whether the host may forget what is in it: as it
 * tells itself (@own), else as its node @cell does (-1: it has none), else as <memoryBacking>; 0 and UNSET
 * where nobody does. */
int vb_memory_access(const VbDomainDef *def, int cell, int own);
VbTristate vb_memory_discard(const VbDomainDef *def, int cell, VbTristate own);

/* Whether other processes, which serve a vhost-user device, can be given all of the guest's memory. */
bool vb_memory_is_shared(const VbDomainDef *def);
