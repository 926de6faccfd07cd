/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* What a guest gets of its host: processors, memory, disks. The guest sees none of it.
 * https://libvirt.org/formatdomain.html#resource-partitioning */

typedef struct {
        int line;
        VbNumber vcpu;
        char *cpuset;
} VbVcpuPin;

typedef struct {
        int line;
        VbNumber iothread;
        char *cpuset;
} VbIothreadPin;

typedef struct {
        int line;
        char *cpuset;
} VbEmulatorPin;

typedef enum { VB_SCHEDULER_FIFO = 1, VB_SCHEDULER_RR, VB_SCHEDULER_BATCH, VB_SCHEDULER_IDLE } VbScheduler;

typedef struct {
        int line;
        char *ids; /* processors or I/O threads; NULL: the emulator's own threads */
        int scheduler;
        VbNumber priority;
} VbSchedule;

typedef struct {
        int line;
        VbNumber id, level;
        int type;
        uint64_t size;
} VbCacheShare;

typedef struct {
        int line;
        VbNumber level;
        char *vcpus;
} VbCacheMonitor;

typedef struct {
        int line;
        char *vcpus, *id;
        GPtrArray *caches, *monitors;
} VbCacheTune;

typedef struct {
        int line;
        VbNumber id, bandwidth;
} VbBandwidthShare;

typedef struct {
        int line;
        char *vcpus;
        GPtrArray *nodes, *monitors;
} VbMemoryBandwidthTune;

typedef struct VbCpuTune {
        int line;
        VbNumber shares, period, quota, global_period, global_quota, emulator_period, emulator_quota,
                iothread_period, iothread_quota;
        GPtrArray *vcpu_pins, *iothread_pins;
        VbEmulatorPin *emulator_pin;
        GPtrArray *vcpu_schedules, *iothread_schedules;
        VbSchedule *emulator_schedule;
        GPtrArray *caches, *memory;
} VbCpuTune;

typedef struct VbMemTune {
        int line;
        uint64_t hard_limit, soft_limit, swap_hard_limit;
} VbMemTune;

typedef struct {
        int line;
        char *path;
        VbNumber weight, read_iops, write_iops, read_bytes, write_bytes;
} VbBlockTuneDevice;

typedef struct VbBlockTune {
        int line;
        VbNumber weight;
        GPtrArray *devices;
} VbBlockTune;

typedef enum { VB_NUMA_STRICT = 1, VB_NUMA_PREFERRED, VB_NUMA_INTERLEAVE, VB_NUMA_RESTRICTIVE } VbNumaMode;
typedef enum { VB_PLACEMENT_STATIC = 1, VB_PLACEMENT_AUTO } VbPlacement;

typedef struct {
        int line;
        VbNumber cell; /* not of the memory as a whole */
        int mode, placement;
        char *nodeset;
} VbNumaBinding;

typedef struct VbNumaTune {
        int line;
        VbNumaBinding *memory;
        GPtrArray *nodes;
} VbNumaTune;

typedef struct {
        int line;
        char *appid;
} VbFibreChannel;

typedef struct VbResource {
        int line;
        char *partition;
        VbFibreChannel *fibrechannel;
} VbResource;

typedef struct {
        int line;
        int name;
        VbTristate enabled;
} VbPerfEvent;

typedef struct VbPerf {
        int line;
        GPtrArray *events;
} VbPerf;

/* The host nodes that the memory of a cell comes from, where there are cells, or all of it; NULL: any. */
const VbNumaBinding *vb_numa_tune_binding(const VbNumaTune *tune, guint cell);
