/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits that can be changed by their names, and where each is in a definition. The rules are those of the format:
 * what a definition with the new limits would be refused for is refused here. */
#include <string.h>

#include "conf/cpuset.h"
#include "conf/tuning.h"
#include "domain/tune.h"
#include "util/error.h"

#define KIB 1024

static void *cputune_of(VbDomainDef *def)
{
        if (!def->cputune)
                def->cputune = g_new0(VbCpuTune, 1);
        return def->cputune;
}

static void *memtune_of(VbDomainDef *def)
{
        if (!def->memtune)
                def->memtune = g_new0(VbMemTune, 1);
        return def->memtune;
}

static void *blkiotune_of(VbDomainDef *def)
{
        if (!def->blkiotune)
                def->blkiotune = g_new0(VbBlockTune, 1);
        return def->blkiotune;
}

typedef struct Row Row;
struct Row {
        const char *name;
        bool (*set)(VbDomainDef *def, const Row *row, const VbTuningValue *value, GError **error);
        void *(*section)(VbDomainDef *def); /* NULL: of sets */
        size_t offset;
};

static bool set_number(VbDomainDef *def, const Row *row, const VbTuningValue *value, GError **error)
{
        VbNumber *number = (VbNumber *) (void *) ((char *) row->section(def) + row->offset);

        if (value->number > INT64_MAX)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: %" G_GUINT64_FORMAT " is too large",
                                    row->name, value->number);
        *number = (VbNumber){ .value = value->number, .given = value->number > 0 };
        return true;
}

/* The format counts in KiB. */
static bool set_size(VbDomainDef *def, const Row *row, const VbTuningValue *value, GError **error)
{
        uint64_t *size = (uint64_t *) (void *) ((char *) row->section(def) + row->offset);

        if (value->number > INT64_MAX)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "%s: %" G_GUINT64_FORMAT " is too large; 0 is no limit", row->name,
                                    value->number);
        *size = (value->number + KIB - 1) / KIB * KIB;
        return true;
}

static bool read_set(const Row *row, const VbTuningValue *value, char **ret, GError **error)
{
        *ret = *value->text ? vb_cpuset_canonical(value->text) : NULL;
        return *ret || !*value->text ||
               vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: '%s' is no list of numbers, as in 0-3,^2,8",
                            row->name, value->text);
}

static bool set_cpus(VbDomainDef *def, const Row *row, const VbTuningValue *value, GError **error)
{
        char *set;

        if (!read_set(row, value, &set, error))
                return false;
        g_free(def->vcpu_cpuset);
        def->vcpu_cpuset = set;
        return true;
}

/* Where the definition says nothing yet, only the control group does, and nothing of it is in the emulator. */
static bool set_nodes(VbDomainDef *def, const Row *row, const VbTuningValue *value, GError **error)
{
        VbNumaBinding *memory = def->numatune ? def->numatune->memory : NULL;
        char *set;

        if (memory && memory->mode != VB_NUMA_STRICT && memory->mode != VB_NUMA_RESTRICTIVE)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "%s: <numatune> only prefers nodes, which is said to the emulator when it is "
                                    "started; define the domain anew",
                                    row->name);
        if (!read_set(row, value, &set, error))
                return false;
        if (!set) {
                if (memory)
                        g_free(memory->nodeset);
                if (def->numatune)
                        g_clear_pointer(&def->numatune->memory, g_free);
                return true;
        }
        if (!def->numatune)
                def->numatune = g_new0(VbNumaTune, 1);
        if (!memory) {
                memory = def->numatune->memory = g_new0(VbNumaBinding, 1);
                memory->mode = VB_NUMA_RESTRICTIVE;
        }
        g_free(memory->nodeset);
        memory->nodeset = set;
        memory->placement = 0;
        return true;
}

/* clang-format off */
#define CPU(name, member) { name, set_number, cputune_of, offsetof(VbCpuTune, member) }
#define MEMORY(name, member) { name, set_size, memtune_of, offsetof(VbMemTune, member) }
static const Row rows[_VB_TUNING_MAX] = {
        [VB_TUNING_CPU_SHARES]           = CPU("cpu-shares", shares),
        [VB_TUNING_CPU_PERIOD]           = CPU("cpu-period-usec", period),
        [VB_TUNING_CPU_QUOTA]            = CPU("cpu-quota-usec", quota),
        [VB_TUNING_CPU_GLOBAL_PERIOD]    = CPU("cpu-global-period-usec", global_period),
        [VB_TUNING_CPU_GLOBAL_QUOTA]     = CPU("cpu-global-quota-usec", global_quota),
        [VB_TUNING_MEMORY_HARD_LIMIT]    = MEMORY("memory-hard-limit", hard_limit),
        [VB_TUNING_MEMORY_SOFT_LIMIT]    = MEMORY("memory-soft-limit", soft_limit),
        [VB_TUNING_SWAP_HARD_LIMIT]      = MEMORY("swap-hard-limit", swap_hard_limit),
        [VB_TUNING_IO_WEIGHT]            = { "io-weight", set_number, blkiotune_of, offsetof(VbBlockTune, weight) },
        [VB_TUNING_ALLOWED_CPUS]         = { "allowed-cpus", set_cpus, NULL, 0 },
        [VB_TUNING_ALLOWED_MEMORY_NODES] = { "allowed-memory-nodes", set_nodes, NULL, 0 },
};
/* clang-format on */

const char *vb_tuning_name(VbTuning tuning)
{
        return rows[tuning].name;
}

bool vb_tuning_is_set(VbTuning tuning)
{
        return !rows[tuning].section;
}

/* By reading it again. */
static bool check(const VbDomainDef *def, GError **error)
{
        g_autofree char *xml = vb_domain_def_format(def);
        g_autoptr(GError) refused = NULL;
        g_autoptr(VbDomainDef) read = vb_domain_def_parse(xml, strlen(xml), &refused);

        if (read)
                return true;
        return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the definition cannot have these limits: %s",
                            refused->message);
}

bool vb_tuning_apply(VbDomainDef *def, const VbTuningValue *values, GError **error)
{
        const VbMemTune *memory;

        for (int i = 0; i < _VB_TUNING_MAX; i++)
                if (values[i].given && !rows[i].set(def, &rows[i], &values[i], error))
                        return false;
        memory = def->memtune;
        if (memory && memory->swap_hard_limit > 0 && memory->swap_hard_limit < memory->hard_limit)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "swap-hard-limit counts memory and swap together, and cannot be less than "
                                    "memory-hard-limit");
        return check(def, error);
}
