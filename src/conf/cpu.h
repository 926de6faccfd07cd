/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <cpu>. https://libvirt.org/formatdomain.html#cpu-model-and-topology */

typedef enum {
        VB_CPU_CUSTOM = 1,
        VB_CPU_HOST_MODEL,
        VB_CPU_HOST_PASSTHROUGH,
        VB_CPU_MAXIMUM,
} VbCpuMode;
typedef enum { VB_CPU_MATCH_MINIMUM = 1, VB_CPU_MATCH_EXACT, VB_CPU_MATCH_STRICT } VbCpuMatch;
typedef enum { VB_CPU_CHECK_NONE = 1, VB_CPU_CHECK_PARTIAL, VB_CPU_CHECK_FULL } VbCpuCheck;
typedef enum { VB_CPU_FALLBACK_ALLOW = 1, VB_CPU_FALLBACK_FORBID } VbCpuFallback;
typedef enum {
        VB_CPU_POLICY_FORCE = 1,
        VB_CPU_POLICY_REQUIRE,
        VB_CPU_POLICY_OPTIONAL,
        VB_CPU_POLICY_DISABLE,
        VB_CPU_POLICY_FORBID,
} VbCpuPolicy;
typedef enum { VB_CPU_CACHE_EMULATE = 1, VB_CPU_CACHE_PASSTHROUGH, VB_CPU_CACHE_DISABLE } VbCpuCacheMode;

typedef struct {
        int line;
        int fallback;
        char *vendor_id;
        char *name;
} VbCpuModelName;

typedef struct {
        int line;
        VbNumber sockets, dies, clusters, cores, threads;
} VbCpuTopology;

typedef struct {
        int line;
        VbNumber level;
        int mode;
} VbCpuCache;

typedef struct {
        int line;
        int mode; /* VbCpuCacheMode: emulate or passthrough */
        VbNumber bits, limit;
} VbCpuPhysicalBits;

typedef struct {
        int line;
        int policy;
        char *name;
} VbCpuFeature;

typedef struct VbNuma VbNuma; /* numa.h */

typedef struct {
        int line;
        int mode, match, check;
        VbTristate migratable;
        VbCpuModelName *model;
        char *vendor;
        VbCpuTopology *topology;
        VbCpuCache *cache;
        VbCpuPhysicalBits *physical_bits;
        GPtrArray *features;
        VbNuma *numa;
} VbCpu;
