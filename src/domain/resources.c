/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From https://libvirt.org/formatdomain.html#cpu-tuning and its neighbours to systemd.resource-control(5). */
#include "domain/resources.h"

#include <string.h>
#include <unistd.h>

#include "conf/cpuset.h"
#include "conf/hostdev.h"
#include "conf/memory-backing.h"
#include "conf/tuning.h"

/* The weights of control groups, version 2. The format's numbers are taken as they are; greater ones come
 * from hosts with version 1. */
#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000

/* The kernel's, where a definition has a quota and no period. */
#define PERIOD_USEC 100000

/* Of devices, mapped beside the memory. */
#define REGISTERS (1ULL << 30)

#define USER_SLICE "virtbus-user-%u.slice"
#define SLICE "virtbus.slice"

static void add(GPtrArray *list, const char *name, uint64_t value)
{
        g_ptr_array_add(list, vb_scope_property_new(name, value));
}

static void add_weight(GPtrArray *list, const char *name, const VbNumber *weight)
{
        if (weight->given)
                add(list, name, CLAMP(weight->value, WEIGHT_MIN, WEIGHT_MAX));
}

static void add_set(GPtrArray *list, const char *name, const VbCpuset *set)
{
        gsize size = vb_cpuset_last(set) / 8 + 1;
        guint8 *bits = g_malloc0(size);
        VbScopeProperty *property = vb_scope_property_new(name, 0);

        for (gsize i = 0; i < size; i++)
                bits[i] = (guint8) (set->words[i / 8] >> (i % 8 * 8));
        property->bits = g_bytes_new_take(bits, size);
        g_ptr_array_add(list, property);
}

/* Microseconds of processor time in each second; UINT64_MAX: as many as there are. */
static uint64_t rate(const VbNumber *quota, const VbNumber *period, uint64_t times)
{
        uint64_t usec = period->given ? period->value : PERIOD_USEC;

        if (!quota->given || (int64_t) quota->value <= 0 || usec == 0)
                return UINT64_MAX;
        return quota->value / usec * times * G_USEC_PER_SEC +
               quota->value % usec * times * G_USEC_PER_SEC / usec;
}

/* A quota of each processor is one of all of them, since they are in one control group. */
static void add_quota(GPtrArray *list, const VbDomainDef *def)
{
        const VbCpuTune *tune = def->cputune;
        uint64_t own = rate(&tune->quota, &tune->period, def->vcpus);
        uint64_t global = rate(&tune->global_quota, &tune->global_period, 1);
        const VbNumber *period = global <= own ? &tune->global_period : &tune->period;

        if (MIN(own, global) == UINT64_MAX)
                return;
        add(list, "CPUQuotaPerSecUSec", MIN(own, global));
        if (period->given)
                add(list, "CPUQuotaPeriodUSec", period->value);
}

static void unite(VbCpuset *set, const char *text)
{
        VbCpuset more;

        if (text && vb_cpuset_parse(text, &more))
                for (gsize i = 0; i < G_N_ELEMENTS(set->words); i++)
                        set->words[i] |= more.words[i];
}

/* Where <vcpu cpuset=''> says where the guest is, it is nowhere but there and where a thread is pinned. */
static void add_cpus(GPtrArray *list, const VbDomainDef *def)
{
        const VbCpuTune *tune = def->cputune;
        VbCpuset set;

        if (!def->vcpu_cpuset || !vb_cpuset_parse(def->vcpu_cpuset, &set))
                return;
        for (guint i = 0; tune && i < vb_list_length(tune->vcpu_pins); i++)
                unite(&set, ((VbVcpuPin *) tune->vcpu_pins->pdata[i])->cpuset);
        for (guint i = 0; tune && i < vb_list_length(tune->iothread_pins); i++)
                unite(&set, ((VbIothreadPin *) tune->iothread_pins->pdata[i])->cpuset);
        if (tune && tune->emulator_pin)
                unite(&set, tune->emulator_pin->cpuset);
        add_set(list, "AllowedCPUs", &set);
}

static void add_nodes(GPtrArray *list, const VbNumaTune *tune)
{
        const VbNumaBinding *memory = tune ? tune->memory : NULL;
        VbCpuset set;

        if (!memory || !memory->nodeset || !vb_cpuset_parse(memory->nodeset, &set) ||
            (memory->mode != VB_NUMA_STRICT && memory->mode != VB_NUMA_RESTRICTIVE))
                return;
        for (guint i = 0; i < vb_list_length(tune->nodes); i++)
                unite(&set, ((VbNumaBinding *) tune->nodes->pdata[i])->nodeset);
        add_set(list, "AllowedMemoryNodes", &set);
}

static void add_memory(GPtrArray *list, const VbMemTune *tune)
{
        if (tune->hard_limit > 0)
                add(list, "MemoryMax", tune->hard_limit);
        if (tune->soft_limit > 0)
                add(list, "MemoryHigh", tune->soft_limit);
        /* The format counts memory and swap together. */
        if (tune->swap_hard_limit > 0)
                add(list, "MemorySwapMax",
                    tune->swap_hard_limit - MIN(tune->swap_hard_limit, tune->hard_limit));
}

static void add_device(GPtrArray *list, const char *name, const char *device, const VbNumber *value)
{
        VbScopeProperty *property;

        if (!value->given || value->value == 0)
                return;
        property = vb_scope_property_new(name, value->value);
        property->device = g_strdup(device);
        g_ptr_array_add(list, property);
}

static void add_disks(GPtrArray *list, const VbBlockTune *tune)
{
        add_weight(list, "IOWeight", &tune->weight);
        for (guint i = 0; i < vb_list_length(tune->devices); i++) {
                const VbBlockTuneDevice *device = tune->devices->pdata[i];
                VbNumber weight = device->weight;

                weight.value = MIN(weight.value, WEIGHT_MAX);
                add_device(list, "IODeviceWeight", device->path, &weight);
                add_device(list, "IOReadIOPSMax", device->path, &device->read_iops);
                add_device(list, "IOWriteIOPSMax", device->path, &device->write_iops);
                add_device(list, "IOReadBandwidthMax", device->path, &device->read_bytes);
                add_device(list, "IOWriteBandwidthMax", device->path, &device->write_bytes);
        }
}

GPtrArray *vb_resources_properties(const VbDomainDef *def)
{
        GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify) vb_scope_property_free);

        if (def->cputune) {
                add_weight(list, "CPUWeight", &def->cputune->shares);
                add_quota(list, def);
        }
        add_cpus(list, def);
        add_nodes(list, def->numatune);
        if (def->memtune)
                add_memory(list, def->memtune);
        if (def->blkiotune)
                add_disks(list, def->blkiotune);
        return list;
}

static bool has_open_device(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbHostdev *hostdev = def->devices->pdata[i];

                if (hostdev->base.kind == VB_DEVICE_HOSTDEV &&
                    (hostdev->type == VB_HOSTDEV_PCI || hostdev->type == VB_HOSTDEV_MDEV))
                        return true;
        }
        return false;
}

rlim_t vb_resources_locked(const VbDomainDef *def)
{
        bool locked = def->memory_backing && def->memory_backing->locked, open = has_open_device(def);

        if (!locked && !open)
                return 0;
        if (def->memtune && def->memtune->hard_limit > 0)
                return def->memtune->hard_limit;
        return locked ? RLIM_INFINITY : def->memory + REGISTERS;
}

/* As systemd-escape(1) does, "-" too, which stands for a step down. */
static void append_escaped(GString *text, const char *part, gsize length)
{
        for (gsize i = 0; i < length; i++)
                if (g_ascii_isalnum(part[i]) || part[i] == ':' || part[i] == '_' || (part[i] == '.' && i > 0))
                        g_string_append_c(text, part[i]);
                else
                        g_string_append_printf(text, "\\x%02x", (unsigned char) part[i]);
}

/* "/machine/web" is machine-web.slice, and so is "/machine.slice/web.slice". */
static char *partition_slice(const char *partition)
{
        g_auto(GStrv) parts = g_strsplit(partition, "/", -1);
        g_autoptr(GString) name = g_string_new(NULL);

        for (char **part = parts; *part; part++) {
                gsize length = strlen(*part) - (g_str_has_suffix(*part, ".slice") ? strlen(".slice") : 0);

                if (length == 0)
                        continue;
                if (name->len > 0)
                        g_string_append_c(name, '-');
                append_escaped(name, *part, length);
        }
        if (name->len == 0)
                g_string_append_c(name, '-');
        g_string_append(name, ".slice");
        return g_string_free(g_steal_pointer(&name), FALSE);
}

char *vb_resources_slice(const VbDomainDef *def, uid_t owner)
{
        if (def->resource && def->resource->partition)
                return partition_slice(def->resource->partition);
        return owner == 0 || owner == geteuid() ? g_strdup(SLICE)
                                                : g_strdup_printf(USER_SLICE, (unsigned) owner);
}
