/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one table of what the code needs to know about an emulator beyond which devices it has, and where that
 * is looked for. */
#include "conf/capabilities.h"

#include <string.h>

#include "util/error.h"

/* Not a set of words, but a path into the schema of the monitor protocol. */
#define SCHEMA _VB_FACT_MAX

/* clang-format off */
static const struct {
        const char *name;
        VbFactKind kind;  /* or SCHEMA */
        const char *word; /* of that kind; see vb_qmp_schema_has() */
} rows[] = {
        [VB_CAP_BLOCKDEV_CURL] =               { "blockdev-curl", SCHEMA, "blockdev-add.driver=https" },
        [VB_CAP_BLOCKDEV_GLUSTER] =            { "blockdev-gluster", SCHEMA, "blockdev-add.driver=gluster" },
        [VB_CAP_BLOCKDEV_IO_URING] =           { "blockdev-io-uring", SCHEMA, "blockdev-add:file.aio=io_uring" },
        [VB_CAP_BLOCKDEV_ISCSI] =              { "blockdev-iscsi", SCHEMA, "blockdev-add.driver=iscsi" },
        [VB_CAP_BLOCKDEV_NFS] =                { "blockdev-nfs", SCHEMA, "blockdev-add.driver=nfs" },
        [VB_CAP_BLOCKDEV_NVME] =               { "blockdev-nvme", SCHEMA, "blockdev-add.driver=nvme" },
        [VB_CAP_BLOCKDEV_RBD] =                { "blockdev-rbd", SCHEMA, "blockdev-add.driver=rbd" },
        [VB_CAP_BLOCKDEV_SSH] =                { "blockdev-ssh", SCHEMA, "blockdev-add.driver=ssh" },
        [VB_CAP_CHARDEV_DBUS] =                { "chardev-dbus", VB_FACT_CHARDEV, "chardev-dbus" },
        [VB_CAP_CHARDEV_SPICEPORT] =           { "chardev-spiceport", VB_FACT_CHARDEV, "chardev-spiceport" },
        [VB_CAP_CHARDEV_SPICEVMC] =            { "chardev-spicevmc", VB_FACT_CHARDEV, "chardev-spicevmc" },
        [VB_CAP_CHARDEV_VDAGENT] =             { "chardev-vdagent", VB_FACT_CHARDEV, "chardev-qemu-vdagent" },
        [VB_CAP_CPU_DUMP_SKEYS] =              { "cpu-dump-skeys", SCHEMA, "dump-skeys" },
        [VB_CAP_DISPLAY_DBUS] =                { "display-dbus", VB_FACT_OBJECT, "dbus-display" },
        [VB_CAP_DISPLAY_EGL_HEADLESS] =        { "display-egl-headless", SCHEMA, "query-display-options>type=egl-headless" },
        [VB_CAP_DISPLAY_SDL] =                 { "display-sdl", SCHEMA, "query-display-options>type=sdl" },
        [VB_CAP_DISPLAY_SPICE] =               { "display-spice", VB_FACT_OPTION, "spice" },
        [VB_CAP_DISPLAY_SPICE_GL] =            { "display-spice-gl", VB_FACT_OPTION, "spice.gl" },
        [VB_CAP_DISPLAY_VNC] =                 { "display-vnc", VB_FACT_OPTION, "vnc" },
        [VB_CAP_FSDEV] =                       { "fsdev", VB_FACT_OPTION, "fsdev" },
        [VB_CAP_GIC_V2] =                      { "gic-v2", VB_FACT_GIC_EMULATED, "2" },
        [VB_CAP_GIC_V3] =                      { "gic-v3", VB_FACT_GIC_EMULATED, "3" },
        [VB_CAP_INPUT_EVDEV] =                 { "input-evdev", VB_FACT_OBJECT, "input-linux" },
        [VB_CAP_INTEL_IOMMU_DMA_TRANSLATION] = { "intel-iommu-dma-translation", VB_FACT_DEVICE_PROPERTY, "intel-iommu.dma-translation" },
        [VB_CAP_IOTHREAD_POOL] =               { "iothread-pool", VB_FACT_OBJECT_PROPERTY, "iothread.thread-pool-max" },
        [VB_CAP_MEMORY_FILE_PMEM] =            { "memory-file-pmem", VB_FACT_OBJECT_PROPERTY, "memory-backend-file.pmem" },
        [VB_CAP_MEMORY_FILE_READ_ONLY] =       { "memory-file-read-only", VB_FACT_OBJECT_PROPERTY, "memory-backend-file.readonly" },
        [VB_CAP_MEMORY_MEMFD] =                { "memory-memfd", VB_FACT_OBJECT, "memory-backend-memfd" },
        [VB_CAP_MEMORY_PREALLOC_THREADS] =     { "memory-prealloc-threads", VB_FACT_OBJECT_PROPERTY, "memory-backend-ram.prealloc-threads" },
        [VB_CAP_MEMORY_RESERVE] =              { "memory-reserve", VB_FACT_OBJECT_PROPERTY, "memory-backend-ram.reserve" },
        [VB_CAP_MIGRATE_POSTCOPY_PREEMPT] =    { "migrate-postcopy-preempt", VB_FACT_MIGRATION_CAPABILITY, "postcopy-preempt" },
        [VB_CAP_MIGRATE_ZERO_COPY] =           { "migrate-zero-copy", VB_FACT_MIGRATION_CAPABILITY, "zero-copy-send" },
        [VB_CAP_NETDEV_DGRAM] =                { "netdev-dgram", SCHEMA, "netdev_add.type=dgram" },
        [VB_CAP_NETDEV_STREAM] =               { "netdev-stream", SCHEMA, "netdev_add.type=stream" },
        [VB_CAP_NETDEV_USER] =                 { "netdev-user", SCHEMA, "netdev_add.type=user" },
        [VB_CAP_NETDEV_VHOST_USER] =           { "netdev-vhost-user", SCHEMA, "netdev_add.type=vhost-user" },
        [VB_CAP_NETDEV_VHOST_VDPA] =           { "netdev-vhost-vdpa", SCHEMA, "netdev_add.type=vhost-vdpa" },
        [VB_CAP_NETDEV_VHOST_VDPA_FD] =        { "netdev-vhost-vdpa-fd", SCHEMA, "netdev_add:vhost-vdpa.vhostfd" },
        [VB_CAP_RNG_BUILTIN] =                 { "rng-builtin", VB_FACT_OBJECT, "rng-builtin" },
        [VB_CAP_SCREENSHOT_PNG] =              { "screenshot-png", SCHEMA, "screendump.format=png" },
        [VB_CAP_SEV] =                         { "sev", VB_FACT_OBJECT, "sev-guest" },
        [VB_CAP_TPM_EMULATOR] =                { "tpm-emulator", VB_FACT_TPM_BACKEND, "emulator" },
        [VB_CAP_TPM_PASSTHROUGH] =             { "tpm-passthrough", VB_FACT_TPM_BACKEND, "passthrough" },
        [VB_CAP_VIRTIO_BLK_IOTHREAD_MAPPING] = { "virtio-blk-iothread-mapping", VB_FACT_DEVICE_PROPERTY, "virtio-blk-pci.iothread-vq-mapping" },
        [VB_CAP_VIRTIO_GPU_BLOB] =             { "virtio-gpu-blob", VB_FACT_DEVICE_PROPERTY, "virtio-gpu-pci.blob" },
        [VB_CAP_VIRTIO_MEM_PREALLOC] =         { "virtio-mem-prealloc", VB_FACT_DEVICE_PROPERTY, "virtio-mem-pci.prealloc" },
        [VB_CAP_VIRTIO_NET_RSS] =              { "virtio-net-rss", VB_FACT_DEVICE_PROPERTY, "virtio-net-pci.rss" },
};
/* clang-format on */
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == _VB_CAP_MAX);

const char *vb_capability_name(VbCapability capability)
{
        return rows[capability].name;
}

char *vb_capability_describe(VbCapability capability)
{
        return g_strdup_printf("the %s %s",
                               rows[capability].kind == SCHEMA
                                       ? "QMP element"
                                       : vb_fact_kind_to_string(rows[capability].kind),
                               rows[capability].word);
}

bool vb_emulator_facts_has(const VbEmulatorFacts *facts, VbCapability capability)
{
        if (rows[capability].kind >= VB_FACT_DETAIL && !facts->has_detail)
                return true;
        if (rows[capability].kind == SCHEMA)
                return facts->schema && vb_qmp_schema_has(facts->schema, rows[capability].word);
        return vb_emulator_facts_has_word(facts, rows[capability].kind, rows[capability].word);
}

bool vb_emulator_facts_check(const VbEmulatorFacts *facts, VbCapability capability, const char *what,
                             int line, GError **error)
{
        g_autofree char *description = NULL;

        if (vb_emulator_facts_has(facts, capability))
                return true;
        description = vb_capability_describe(capability);
        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, line, "%s needs %s, but %s does not have %s",
                               what, rows[capability].name, facts->path, description);
}

GPtrArray *vb_capability_types(VbFactKind kind)
{
        GPtrArray *types = g_ptr_array_new_with_free_func(g_free);

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *type = NULL;

                if (rows[i].kind != kind)
                        continue;
                type = g_strndup(rows[i].word, strcspn(rows[i].word, "."));
                if (!g_ptr_array_find_with_equal_func(types, type, g_str_equal, NULL))
                        g_ptr_array_add(types, g_steal_pointer(&type));
        }
        return types;
}

guint vb_capabilities_digest(void)
{
        guint digest = 5381;

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
                digest = digest * 33 + g_str_hash(rows[i].word) + (guint) rows[i].kind;
        return digest;
}
