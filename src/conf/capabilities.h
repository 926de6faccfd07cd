/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/emulator-facts.h"

/* What an emulator can or cannot do that more than one part of the code, or a builder, has to know: each a
 * named question to its facts, never to its version. That -device takes a driver at all needs no row: see
 * vb_emulator_facts_has_device(). To add one, add a word here and a row to the table in capabilities.c; the
 * probe asks for what the row looks for. */
typedef enum {
        VB_CAP_BLOCKDEV_CURL,
        VB_CAP_BLOCKDEV_GLUSTER,
        VB_CAP_BLOCKDEV_IO_URING,
        VB_CAP_BLOCKDEV_ISCSI,
        VB_CAP_BLOCKDEV_NFS,
        VB_CAP_BLOCKDEV_NVME,
        VB_CAP_BLOCKDEV_RBD,
        VB_CAP_BLOCKDEV_SSH,
        VB_CAP_CHARDEV_DBUS,
        VB_CAP_CHARDEV_SPICEPORT,
        VB_CAP_CHARDEV_SPICEVMC,
        VB_CAP_CHARDEV_VDAGENT,
        VB_CAP_CPU_DUMP_SKEYS,
        VB_CAP_DISPLAY_DBUS,
        VB_CAP_DISPLAY_EGL_HEADLESS,
        VB_CAP_DISPLAY_SDL,
        VB_CAP_DISPLAY_SPICE,
        VB_CAP_DISPLAY_SPICE_GL,
        VB_CAP_DISPLAY_VNC,
        VB_CAP_FSDEV,
        VB_CAP_GIC_V2,
        VB_CAP_GIC_V3,
        VB_CAP_INPUT_EVDEV,
        VB_CAP_INTEL_IOMMU_DMA_TRANSLATION,
        VB_CAP_IOTHREAD_POOL,
        VB_CAP_MEMORY_FILE_PMEM,
        VB_CAP_MEMORY_FILE_READ_ONLY,
        VB_CAP_MEMORY_MEMFD,
        VB_CAP_MEMORY_PREALLOC_THREADS,
        VB_CAP_MEMORY_RESERVE,
        VB_CAP_MIGRATE_POSTCOPY_PREEMPT,
        VB_CAP_MIGRATE_ZERO_COPY,
        VB_CAP_NETDEV_DGRAM,
        VB_CAP_NETDEV_STREAM,
        VB_CAP_NETDEV_USER,
        VB_CAP_NETDEV_VHOST_USER,
        VB_CAP_NETDEV_VHOST_VDPA,
        VB_CAP_NETDEV_VHOST_VDPA_FD,
        VB_CAP_RNG_BUILTIN,
        VB_CAP_SCREENSHOT_PNG,
        VB_CAP_SEV,
        VB_CAP_TPM_EMULATOR,
        VB_CAP_TPM_PASSTHROUGH,
        VB_CAP_VIRTIO_BLK_IOTHREAD_MAPPING,
        VB_CAP_VIRTIO_GPU_BLOB,
        VB_CAP_VIRTIO_MEM_PREALLOC,
        VB_CAP_VIRTIO_NET_RSS,
        _VB_CAP_MAX,
} VbCapability;

/* "netdev-stream" */
const char *vb_capability_name(VbCapability capability);
/* What it looks for, in words for an error message: "the device property virtio-mem-pci.prealloc". Caller
 * frees. */
char *vb_capability_describe(VbCapability capability);

/* Of facts without detail, true where the question is about that: a definition is not refused for what is not known,
 * and who builds a command line has the detail. */
bool vb_emulator_facts_has(const VbEmulatorFacts *facts, VbCapability capability);

/* The same as a check: UNSUPPORTED at @line, "@what needs NAME, which PATH does not have: DESCRIPTION". */
bool vb_emulator_facts_check(const VbEmulatorFacts *facts, VbCapability capability, const char *what,
                             int line, GError **error);

/* The types of @kind, DEVICE_PROPERTY or OBJECT_PROPERTY, whose properties the table looks for, each once.
 * Caller frees the array, of char *. */
GPtrArray *vb_capability_types(VbFactKind kind);

/* A number that changes with the table, so that what was remembered for another one is not believed. */
guint vb_capabilities_digest(void);
