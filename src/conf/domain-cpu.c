/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <cpu>: which processors the guest has, and how they sit together. */
#include <string.h>

#include "conf/cpu-check.h"
#include "conf/cpu.h"
#include "conf/cpuset.h"
#include "conf/domain-values.h"
#include "conf/numa.h"
#include "conf/section.h"
#include "util/error.h"

/* What the vendor's name in CPUID has room for. */
#define VENDOR_ID_LENGTH 12

static const char *const modes[] = {
        NULL, "custom", "host-model", "host-passthrough", "maximum", NULL,
};
static const char *const matches[] = { NULL, "minimum", "exact", "strict", NULL };
static const char *const checks[] = { NULL, "none", "partial", "full", NULL };
static const char *const fallbacks[] = { NULL, "allow", "forbid", NULL };
static const char *const policies[] = { NULL, "force", "require", "optional", "disable", "forbid", NULL };
static const char *const cache_modes[] = { NULL, "emulate", "passthrough", "disable", NULL };
static const char *const bits_modes[] = { NULL, "emulate", "passthrough", NULL };

static bool check_model(void *record, VbXmlNode *node, GError **error)
{
        VbCpuModelName *model = record;

        if (model->vendor_id &&
            (strlen(model->vendor_id) != VENDOR_ID_LENGTH || strchr(model->vendor_id, ',')))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "vendor_id='%s' is not %d characters without a comma", model->vendor_id,
                                    VENDOR_ID_LENGTH);
        if (model->name)
                g_strstrip(model->name);
        if (model->name && !vb_xml_is_identifier(model->name))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is no name of a processor",
                                    model->name);
        return true;
}

static bool check_topology(void *record, VbXmlNode *node, GError **error)
{
        VbCpuTopology *topology = record;

        if (!topology->dies.given)
                topology->dies = (VbNumber){ .value = 1, .given = true };
        return true;
}

static bool check_cache(void *record, VbXmlNode *node, GError **error)
{
        const VbCpuCache *cache = record;

        if (cache->mode == VB_CPU_CACHE_EMULATE && !(cache->level.given && cache->level.value == 3))
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "mode='emulate' needs level='3', which is all that can be emulated");
        if (cache->mode != VB_CPU_CACHE_EMULATE && cache->level.given)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "level='' is for mode='emulate' only");
        return true;
}

static bool check_bits(void *record, VbXmlNode *node, GError **error)
{
        const VbCpuPhysicalBits *bits = record;

        if (bits->mode == VB_CPU_CACHE_EMULATE && !bits->bits.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'bits' is missing");
        if (bits->mode == VB_CPU_CACHE_PASSTHROUGH && bits->bits.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "bits='' is for mode='emulate' only");
        if (bits->mode == VB_CPU_CACHE_EMULATE && bits->limit.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "limit='' is for mode='passthrough' only");
        return true;
}

static bool check_feature(void *record, VbXmlNode *node, GError **error)
{
        VbCpuFeature *feature = record;

        if (feature->policy == 0)
                feature->policy = VB_CPU_POLICY_REQUIRE;
        return vb_xml_is_identifier(feature->name) ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "name='%s' is no name of a feature",
                            feature->name);
}

/* clang-format off */
static const VbXmlField model_fields[] = {
        VB_XML_WITH("fallback", ATTRIBUTE, WORD, VbCpuModelName, fallback, .words = fallbacks),
        VB_XML("vendor_id", ATTRIBUTE, STRING, VbCpuModelName, vendor_id),
        VB_XML("", TEXT, STRING, VbCpuModelName, name),
        { 0 },
};
static const VbXmlRecord model_record = { .size = sizeof(VbCpuModelName), .fields = model_fields, .check = check_model };

#define TOPOLOGY(name, needed)                                                                               \
        VB_XML_WITH(#name, ATTRIBUTE, NUMBER, VbCpuTopology, name, .required = needed, .min = 1, .max = 65536)
static const VbXmlField topology_fields[] = {
        TOPOLOGY(sockets, true),
        TOPOLOGY(dies, false),
        TOPOLOGY(clusters, false),
        TOPOLOGY(cores, true),
        TOPOLOGY(threads, true),
        { 0 },
};
static const VbXmlRecord topology_record = { .size = sizeof(VbCpuTopology), .fields = topology_fields, .check = check_topology };

static const VbXmlField cache_fields[] = {
        VB_XML_WITH("level", ATTRIBUTE, NUMBER, VbCpuCache, level, .min = 1, .max = 3),
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbCpuCache, mode, .words = cache_modes, .required = true),
        { 0 },
};
static const VbXmlRecord cache_record = { .size = sizeof(VbCpuCache), .fields = cache_fields, .check = check_cache };

static const VbXmlField bits_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbCpuPhysicalBits, mode, .words = bits_modes, .required = true),
        VB_XML_WITH("bits", ATTRIBUTE, NUMBER, VbCpuPhysicalBits, bits, .min = 1, .max = 64),
        VB_XML_WITH("limit", ATTRIBUTE, NUMBER, VbCpuPhysicalBits, limit, .min = 1, .max = 64),
        { 0 },
};
static const VbXmlRecord bits_record = { .size = sizeof(VbCpuPhysicalBits), .fields = bits_fields, .check = check_bits };

static const VbXmlField feature_fields[] = {
        VB_XML_WITH("policy", ATTRIBUTE, WORD, VbCpuFeature, policy, .words = policies),
        VB_XML_WITH("name", ATTRIBUTE, STRING, VbCpuFeature, name, .required = true),
        { 0 },
};
static const VbXmlRecord feature_record = { .size = sizeof(VbCpuFeature), .fields = feature_fields, .check = check_feature };

static const VbXmlField cpu_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbCpu, mode, .words = modes),
        VB_XML_WITH("match", ATTRIBUTE, WORD, VbCpu, match, .words = matches),
        VB_XML_WITH("check", ATTRIBUTE, WORD, VbCpu, check, .words = checks),
        VB_XML("migratable", ATTRIBUTE, SWITCH, VbCpu, migratable),
        VB_XML_WITH("model", CHILD, RECORD, VbCpu, model, .record = &model_record),
        VB_XML("vendor", CHILD, STRING, VbCpu, vendor),
        VB_XML_WITH("topology", CHILD, RECORD, VbCpu, topology, .record = &topology_record),
        VB_XML_WITH("cache", CHILD, RECORD, VbCpu, cache, .record = &cache_record),
        VB_XML_WITH("maxphysaddr", CHILD, RECORD, VbCpu, physical_bits, .record = &bits_record),
        VB_XML_WITH("feature", CHILD, LIST, VbCpu, features, .record = &feature_record),
        VB_XML_WITH("numa", CHILD, RECORD, VbCpu, numa, .record = &vb_numa_record),
        { 0 },
};
/* clang-format on */

static bool check_features(const VbCpu *cpu, GError **error)
{
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < vb_list_length(cpu->features); i++) {
                const VbCpuFeature *feature = g_ptr_array_index(cpu->features, i);

                if (!g_hash_table_add(seen, feature->name))
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, feature->line,
                                               "<feature>: name='%s' is given twice in <cpu>", feature->name);
        }
        return true;
}

static bool check_cpu(void *record, VbXmlNode *node, GError **error)
{
        VbCpu *cpu = record;
        bool named = cpu->model && cpu->model->name;

        if (cpu->mode == 0)
                cpu->mode = VB_CPU_CUSTOM;
        if (cpu->match != 0 && cpu->mode != VB_CPU_CUSTOM)
                cpu->match = 0;
        if (cpu->migratable != VB_TRISTATE_UNSET && cpu->mode != VB_CPU_HOST_PASSTHROUGH &&
            cpu->mode != VB_CPU_MAXIMUM)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "migratable='' is for mode='host-passthrough' and mode='maximum' only");
        if (cpu->mode == VB_CPU_CUSTOM && !named && cpu->vendor)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<vendor> needs a <model>");
        if (cpu->mode == VB_CPU_CUSTOM && !named && vb_list_length(cpu->features) > 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<feature> needs a <model>");
        /* A host's own processor has its own name. */
        if (cpu->mode != VB_CPU_CUSTOM && cpu->model)
                g_clear_pointer(&cpu->model->name, g_free);
        if ((cpu->mode == VB_CPU_HOST_PASSTHROUGH || cpu->mode == VB_CPU_MAXIMUM) && cpu->model) {
                vb_xml_record_free(&model_record, cpu->model);
                cpu->model = NULL;
        }
        if (cpu->cache && cpu->cache->mode == VB_CPU_CACHE_PASSTHROUGH &&
            cpu->mode != VB_CPU_HOST_PASSTHROUGH && cpu->mode != VB_CPU_MAXIMUM)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "<cache mode='passthrough'/> is for mode='host-passthrough' and "
                                    "mode='maximum' only");
        return check_features(cpu, error);
}

static const VbXmlRecord cpu_record = { .size = sizeof(VbCpu), .fields = cpu_fields, .check = check_cpu };

/* clang-format off */
static const VbXmlField section_fields[] = {
        VB_XML_WITH("cpu", CHILD, RECORD, VbDomainDef, cpu, .record = &cpu_record),
        { 0 },
};
/* clang-format on */

/* "-x86_64-cpu" of "qemu64-x86_64-cpu": what the QOM types of an emulator's processors end with. */
static const char *type_suffix(const char *type)
{
        const char *end = g_str_has_suffix(type, "-cpu") ? type + strlen(type) - strlen("-cpu") : NULL;

        while (end && end > type && end[-1] != '-')
                end--;
        return end && end > type ? end - 1 : NULL;
}

/* The name that -cpu has for a machine's usual processor; NULL where QEMU does not tell, or it has none. */
static char *default_model(const VbCompletion *completion)
{
        const VbMachineInfo *info =
                vb_emulator_facts_find_machine(completion->emulator, completion->machine->name);
        const char *type = info ? info->default_cpu_type : NULL;
        const char *suffix = type ? type_suffix(type) : NULL;

        return suffix ? g_strndup(type, (gsize) (suffix - type)) : NULL;
}

static bool set_default_model(VbCompletion *completion, VbCpu *cpu)
{
        g_autofree char *name = default_model(completion);

        if (!name)
                return false;
        if (!cpu->model)
                cpu->model = vb_xml_record_new(&model_record);
        cpu->model->fallback = VB_CPU_FALLBACK_FORBID;
        cpu->model->name = g_steal_pointer(&name);
        return true;
}

static bool check_completed_topology(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;
        const VbCpuTopology *topology = def->cpu->topology;
        uint64_t product;

        if (!topology)
                return true;
        product = topology->sockets.value * topology->dies.value * topology->cores.value *
                  topology->threads.value * (topology->clusters.given ? topology->clusters.value : 1);
        if (product != def->vcpus_max)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, topology->line,
                                       "<topology>: it has %" G_GUINT64_FORMAT
                                       " places for the %u processors of <vcpu>",
                                       product, def->vcpus_max);
        return true;
}

/* Cells need places for all processors: those that no cell names are in the first. */
static bool complete_cells(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;
        const VbNuma *numa = def->cpu->numa;
        VbCpuset all = { 0 };
        VbNumaCell *first;

        if (!numa)
                return true;
        if (!completion->machine->has_numa)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, numa->line,
                                       "<numa>: the machine type %s has no nodes", completion->machine->name);
        for (guint i = 0; i < numa->cells->len; i++) {
                const VbNumaCell *cell = numa->cells->pdata[i];
                VbCpuset cpus;

                if (!cell->cpus || !vb_cpuset_parse(cell->cpus, &cpus))
                        continue;
                if (vb_cpuset_last(&cpus) >= def->vcpus_max)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, cell->line,
                                               "<cell>: cpus='%s' has more than the %u processors of <vcpu>",
                                               cell->cpus, def->vcpus_max);
                for (gsize w = 0; w < G_N_ELEMENTS(all.words); w++)
                        all.words[w] |= cpus.words[w];
        }
        if (vb_cpuset_count(&all) == def->vcpus_max)
                return true;
        first = numa->cells->pdata[0];
        for (guint cpu = 0; cpu < def->vcpus_max; cpu++)
                if (!vb_cpuset_has(&all, cpu)) {
                        g_autofree char *cpus = first->cpus ? g_strdup_printf("%s,%u", first->cpus, cpu)
                                                            : g_strdup_printf("%u", cpu);

                        g_free(first->cpus);
                        first->cpus = vb_cpuset_canonical(cpus);
                }
        return true;
}

/* The processor is hardware, so the usual one is written out. */
static bool complete_cpu(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        bool kvm = def->virt_type == VB_VIRT_KVM;
        VbCpu *cpu;

        if (!def->cpu) {
                def->cpu = vb_xml_record_new(&cpu_record);
                def->cpu->mode = VB_CPU_CUSTOM;
        }
        cpu = def->cpu;
        if (cpu->mode == VB_CPU_CUSTOM && !(cpu->model && cpu->model->name)) {
                if (set_default_model(completion, cpu)) {
                        cpu->check = VB_CPU_CHECK_NONE;
                } else if (!cpu->topology && !cpu->numa) {
                        vb_xml_record_free(&cpu_record, cpu);
                        def->cpu = NULL;
                        return true;
                }
        }
        if (cpu->mode == VB_CPU_HOST_PASSTHROUGH && !kvm)
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, cpu->line,
                                       "<cpu mode='host-passthrough'> needs KVM; mode='maximum' gives all "
                                       "that %s emulates",
                                       completion->emulator->path);
        if (cpu->mode == VB_CPU_CUSTOM && cpu->match == 0)
                cpu->match = VB_CPU_MATCH_EXACT;
        if (cpu->check == 0)
                cpu->check = kvm && (cpu->mode == VB_CPU_CUSTOM || cpu->mode == VB_CPU_HOST_MODEL)
                                     ? VB_CPU_CHECK_PARTIAL
                                     : VB_CPU_CHECK_NONE;
        if (cpu->model && cpu->model->fallback == 0)
                cpu->model->fallback = VB_CPU_FALLBACK_ALLOW;
        return vb_cpu_check(cpu, completion->emulator, error) &&
               check_completed_topology(completion, error) && complete_cells(completion, error);
}

const VbSection vb_section_cpu = {
        .fields = section_fields,
        .complete = complete_cpu,
};
