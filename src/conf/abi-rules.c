/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which fields of a definition a guest sees: one row for the domain and one for each class of device. A guest
 * sees what QEMU models of a device and where it is; it does not see what is behind it on the host. What may
 * change while a guest runs (a tray, a medium, a link, the balloon's size) is state, not hardware. */
#include "conf/abi-rules.h"

#include "conf/fields.h"

#define ALL VB_FIELDS_ALL
#define VIRTIO_OPTIONS " driver@iommu driver@ats driver@packed driver@page_per_vq"
/* Of every device. */
#define COMMON "address boot@order acpi@index rom" ALL
#define CHARACTER_BACKEND "@type source" ALL " protocol" ALL " log" ALL

static const VbAbiRule rules[] = {
        {
                .element = "domain",
                .seen = "@type uuid memory maxMemory maxMemory@slots vcpu vcpu@current vcpus" ALL
                        " genid pm" ALL " os@firmware os/type os/type@arch os/type@machine os/firmware" ALL
                        " os/loader@type"
                        " os/loader@secure os/loader@readonly os/loader@stateless os/cmdline os/boot@dev"
                        " os/bootmenu" ALL " os/bios" ALL " os/smbios" ALL " features" ALL " cpu" ALL
                        " clock" ALL " sysinfo" ALL " launchSecurity" ALL " keywrap" ALL
                        " commandline/arg" ALL,
                .unseen = "name title description metadata" ALL " currentMemory memoryBacking" ALL
                          " memory@dumpCore vcpu@placement vcpu@cpuset iothreads iothreadids" ALL
                          " defaultiothread" ALL " cputune" ALL " numatune" ALL " blkiotune" ALL
                          " memtune" ALL " resource" ALL
                          " on_poweroff on_reboot on_crash on_lockfailure perf" ALL " seclabel" ALL
                          " os/loader os/loader@format os/nvram" ALL " os/kernel os/initrd os/dtb os/acpi" ALL
                          " cpu@check cpu/model@fallback cpu/numa/cell@memAccess cpu/numa/cell@discard"
                          " clock@adjustment clock@basis clock@start clock/timer@tickpolicy clock/timer@track"
                          " clock/timer@mode clock/timer/catchup" ALL " commandline/env" ALL
                          /* Switches of other hypervisors, and of how the emulator does its work. */
                          " features/pae" ALL " features/hap" ALL " features/viridian" ALL
                          " features/privnet" ALL " features/tcg" ALL " features/kvm/dirty-ring" ALL
                          " features/async-teardown" ALL " cpu/vendor vcpus/vcpu@order",
        },
        {
                .element = "disk",
                .seen = "@type @device @model alias target@bus target@removable target@rotation_rate "
                        "readonly "
                        "serial wwn vendor"
                        " product geometry" ALL " blockio" ALL
                        " driver@cache driver@queues driver@queue_size driver@event_idx" VIRTIO_OPTIONS,
                .unseen = "@snapshot @rawio @sgio source" ALL " backingStore" ALL " mirror" ALL " auth" ALL
                          " encryption" ALL " iotune" ALL " shareable transient" ALL " target@dev target@tray"
                          " driver@name driver@type driver@io driver@discard driver@detect_zeroes"
                          " driver@error_policy driver@rerror_policy driver@copy_on_read driver@ioeventfd"
                          " driver@iothread driver@discard_no_unref driver/metadata_cache" ALL
                          " driver/iothreads" ALL,
        },
        {
                .element = "controller",
                .seen = "@type @index @model @ports @vectors @maxGrantFrames @maxEventChannels model@name "
                        "master@startport"
                        " target" ALL
                        " pcihole64 driver@queues driver@cmd_per_lun driver@max_sectors" VIRTIO_OPTIONS,
                .unseen = "driver@ioeventfd driver@iothread",
        },
        {
                .element = "interface",
                .seen = "@type mac@address model@type mtu@size teaming" ALL
                        " driver@queues driver@rx_queue_size driver@tx_queue_size driver@event_idx driver@rss"
                        " driver@rss_hash_report driver/host" ALL " driver/guest" ALL VIRTIO_OPTIONS,
                .unseen = "@managed @trustGuestRxFilters source" ALL " target" ALL " script" ALL
                          " downscript" ALL " backend" ALL " bandwidth" ALL " vlan" ALL " virtualport" ALL
                          " filterref" ALL " portForward" ALL " ip" ALL " route" ALL " guest" ALL " link" ALL
                          " coalesce" ALL " tune" ALL " port" ALL
                          " mac@type mac@check driver@name driver@txmode driver@ioeventfd",
        },
        { .element = "serial", .seen = "target" ALL, .unseen = CHARACTER_BACKEND " target@state" },
        { .element = "parallel", .seen = "target" ALL, .unseen = CHARACTER_BACKEND },
        {
                .element = "console",
                .seen = "target" ALL,
                .unseen = CHARACTER_BACKEND " @tty",
                /* The first serial port once more, for those who look for consoles only. */
                .absent_path = "target@type",
                .absent_value = "serial",
        },
        { .element = "channel", .seen = "target" ALL, .unseen = CHARACTER_BACKEND " target@state" },
        {
                .element = "input",
                .seen = "@type @bus @model" VIRTIO_OPTIONS,
                .unseen = "source" ALL,
                /* Feeds the devices that there are. */
                .absent_path = "@type",
                .absent_value = "evdev",
        },
        { .element = "graphics" },
        { .element = "audio" },
        { .element = "lease" },
        {
                .element = "video",
                .seen = "model" ALL " driver@name driver@vgaconf" VIRTIO_OPTIONS,
                .unseen = "model/acceleration@rendernode model/acceleration@accel2d",
        },
        { .element = "sound",
          .seen = "@model @multichannel @streams codec" ALL VIRTIO_OPTIONS,
          .unseen = "audio" ALL },
        {
                .element = "hostdev",
                .seen = "@mode @type @model @display @ramfb teaming" ALL VIRTIO_OPTIONS,
                .unseen = "@managed @sgio @rawio source" ALL " driver@name readonly shareable",
        },
        { .element = "redirdev", .seen = "@bus", .unseen = "@type source" ALL " protocol" ALL },
        { .element = "redirfilter" },
        {
                .element = "smartcard",
                .seen = "@mode",
                .unseen = CHARACTER_BACKEND " certificate database",
        },
        { .element = "hub", .seen = "@type" },
        {
                .element = "filesystem",
                .seen = "@model target@dir readonly driver@type driver@queue" VIRTIO_OPTIONS,
                .unseen = "@type @accessmode @fmode @dmode @multidevs source" ALL " binary" ALL " idmap" ALL
                          " driver@name driver@format driver@wrpolicy space_hard_limit space_soft_limit",
        },
        {
                .element = "memballoon",
                .seen = "@model @autodeflate @freePageReporting" VIRTIO_OPTIONS,
                .unseen = "stats" ALL,
        },
        {
                .element = "rng",
                .seen = "@model" VIRTIO_OPTIONS,
                .unseen = "backend" ALL " rate" ALL,
        },
        {
                .element = "tpm",
                .seen = "@model backend@version backend/active_pcr_banks" ALL,
                .unseen = "backend@type backend@persistent_state backend@debug backend/device" ALL
                          " backend/source" ALL " backend/encryption" ALL " backend/profile" ALL,
        },
        { .element = "watchdog", .seen = "@model", .unseen = "@action" },
        { .element = "panic", .seen = "@model" },
        {
                .element = "shmem",
                .seen = "@role model@type size msi@enabled msi@vectors" VIRTIO_OPTIONS,
                .unseen = "@name server" ALL " msi@ioeventfd",
        },
        { .element = "iommu", .seen = "@model driver" ALL },
        { .element = "vsock", .seen = "@model cid@address" VIRTIO_OPTIONS, .unseen = "cid@auto" },
        {
                .element = "memory",
                .seen = "@model uuid target" ALL,
                .unseen = "@access @discard source" ALL " target/requested target/current",
        },
        { .element = "nvram", .seen = "address" },
        { .element = "crypto",
          .seen = "@model @type backend@queues" VIRTIO_OPTIONS,
          .unseen = "backend@model" },
        { .element = "pstore", .seen = "@backend size", .unseen = "path" },
};

const VbAbiRule *vb_abi_rule(const char *element)
{
        for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
                if (g_str_equal(rules[i].element, element))
                        return &rules[i];
        return NULL;
}

VbAbiSight vb_abi_rule_find(const VbAbiRule *rule, const char *path)
{
        gsize seen = vb_fields_match(rule->seen, path), unseen = vb_fields_match(rule->unseen, path);

        seen = MAX(seen, vb_fields_match(COMMON, path));
        if (seen == 0 && unseen == 0)
                return VB_ABI_UNKNOWN;
        return seen > unseen ? VB_ABI_SEEN : VB_ABI_UNSEEN;
}

/* A disk whose writes are through to the medium says so to its guest. */
static bool same_cache(const char *a, const char *b)
{
        static const char *const through[] = { "writethrough", "directsync", NULL };

        return (a && g_strv_contains(through, a)) == (b && g_strv_contains(through, b));
}

/* Another device, not another backend. */
static bool same_hostdev(const char *a, const char *b)
{
        return (g_strcmp0(a, "hostdev") == 0) == (g_strcmp0(b, "hostdev") == 0);
}

static bool same_vhostuser(const char *a, const char *b)
{
        return (g_strcmp0(a, "vhostuser") == 0) == (g_strcmp0(b, "vhostuser") == 0);
}

static const struct {
        const char *element, *path;
        bool (*same)(const char *a, const char *b);
} values[] = {
        { "disk", "driver@cache", same_cache },
        { "disk", "@type", same_vhostuser },
        { "interface", "@type", same_hostdev },
};

bool vb_abi_same_value(const char *element, const char *path, const char *a, const char *b)
{
        for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
                if (g_str_equal(values[i].element, element) && g_str_equal(values[i].path, path))
                        return values[i].same(a, b);
        return g_strcmp0(a, b) == 0;
}
