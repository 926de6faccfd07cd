/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <numa> in <cpu>: the nodes that the guest sees. https://libvirt.org/formatdomain.html#numa-topology */

typedef enum { VB_MEMORY_SHARED = 1, VB_MEMORY_PRIVATE } VbMemoryAccess;

typedef struct {
        int line;
        VbNumber id, value;
} VbNumaSibling;

typedef struct {
        int line;
        GPtrArray *siblings;
} VbNumaDistances;

typedef struct {
        int line;
        VbNumber value;
        char *unit;
} VbNumaCacheSize;

typedef struct {
        int line;
        VbNumber level;
        int associativity, policy;
        VbNumaCacheSize *size, *line_size;
} VbNumaCache;

typedef struct {
        int line;
        VbNumber id;
        char *cpus; /* NULL: none */
        uint64_t memory;
        int access; /* VbMemoryAccess */
        VbTristate discard;
        VbNumaDistances *distances;
        GPtrArray *caches;
} VbNumaCell;

/* How fast an initiator reaches a target's memory, or one of its caches. */
typedef struct {
        int line;
        VbNumber initiator, target, cache;
        int type;
        VbNumber value;
        char *unit; /* of a bandwidth; KiB where there is none */
} VbNumaInterconnect;

typedef struct {
        int line;
        GPtrArray *latencies, *bandwidths;
} VbNumaInterconnects;

typedef struct VbNuma {
        int line;
        GPtrArray *cells; /* in the order of their numbers */
        VbNumaInterconnects *interconnects;
} VbNuma;

extern const char *const vb_numa_associativity_words[];
extern const char *const vb_numa_policy_words[];
extern const char *const vb_numa_access_words[]; /* "access", "read", "write" */

extern const VbXmlRecord vb_numa_record;

/* The distance from one node to another: what is given for it, or for the other direction, or 10 for itself
 * and 20 for any other. */
uint32_t vb_numa_distance(const VbNuma *numa, guint from, guint to);
/* Whether any distance is other than that. */
bool vb_numa_has_distances(const VbNuma *numa);
/* Whether caches or interconnects are told. */
bool vb_numa_has_attributes(const VbNuma *numa);
/* In bytes. */
uint64_t vb_numa_cache_bytes(const VbNumaCacheSize *size);
/* In bytes per second. */
uint64_t vb_numa_bandwidth(const VbNumaInterconnect *interconnect);
