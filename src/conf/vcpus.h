/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/tuning.h"

/* <vcpus>: each processor by itself. https://libvirt.org/formatdomain.html#cpu-allocation */
typedef struct {
        int line;
        VbNumber id;
        VbTristate enabled, hotpluggable;
        VbNumber order;
} VbVcpu;

typedef struct VbVcpus {
        int line;
        GPtrArray *vcpus; /* VbVcpu, after reading all of them, ascending */
} VbVcpus;

/* NULL where it is not listed, or nothing is. The result is the list's. */
VbVcpu *vb_vcpus_find(const VbVcpus *list, uint64_t id);

/* How many of them the machine is built without, and are plugged in before it runs, so that they can be taken
 * out again: those that are on and hotpluggable, but for the first. */
uint32_t vb_vcpus_pluggable(const VbVcpus *list);
