/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -m, the backends of the guest's memory, and -numa. */
#include <string.h>

#include "conf/domain-def.h"
#include "qemu/argv-parts.h"
#include "util/error.h"

/* The backend has the id that the machine type would give its memory itself: it is in every migration stream.
 */
const char *vb_argv_ram_id(const VbArgv *argv)
{
        const VbMachineInfo *info =
                vb_emulator_facts_find_machine(argv->context->emulator, argv->context->machine->name);

        if (argv->def->cpu && argv->def->cpu->numa)
                return NULL;
        return info ? info->default_ram_id : NULL;
}

/* What one piece of the guest's memory is made of. */
static void add_backend(VbArgv *argv, const char *id, uint64_t size, const VbNumaCell *cell)
{
        bool shared = cell && cell->access == VB_MEMORY_SHARED;
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "qom-type", shared ? "memory-backend-memfd" : "memory-backend-ram");
        vb_json_set_string(object, "id", id);
        if (shared)
                vb_json_set_bool(object, "share", true);
        vb_json_set_uint(object, "size", size);
        vb_argv_add_json(argv, "-object", object);
}

/* "0-1,3" as QEMU's "cpus=0-1,cpus=3". */
static void add_cpus(GString *value, const char *cpus)
{
        g_auto(GStrv) ranges = g_strsplit(cpus, ",", -1);

        for (char **range = ranges; *range; range++)
                g_string_append_printf(value, ",cpus=%s", *range);
}

/* Whose processors are nearest to a node: its own, else those with the least latency, else with the greatest
 * bandwidth. */
static guint initiator_of(const VbNuma *numa, guint target)
{
        const GPtrArray *lists[] = { numa->interconnects ? numa->interconnects->latencies : NULL,
                                     numa->interconnects ? numa->interconnects->bandwidths : NULL };
        guint first = 0;

        if (((const VbNumaCell *) numa->cells->pdata[target])->cpus)
                return target;
        for (gsize l = 0; l < G_N_ELEMENTS(lists); l++) {
                const VbNumaInterconnect *best = NULL;

                for (guint i = 0; i < vb_list_length(lists[l]); i++) {
                        const VbNumaInterconnect *one = g_ptr_array_index(lists[l], i);

                        if (one->target.value != target || one->cache.given)
                                continue;
                        if (!best || (l == 0 ? one->value.value < best->value.value
                                             : vb_numa_bandwidth(one) > vb_numa_bandwidth(best)))
                                best = one;
                }
                if (best)
                        return (guint) best->initiator.value;
        }
        while (!((const VbNumaCell *) numa->cells->pdata[first])->cpus)
                first++;
        return first;
}

static void add_node(VbArgv *argv, const VbNuma *numa, guint i)
{
        const VbNumaCell *cell = g_ptr_array_index(numa->cells, i);
        g_autofree char *id = g_strdup_printf("ram-node%u", i);
        g_autoptr(GString) value = g_string_new(NULL);

        g_string_printf(value, "node,nodeid=%u", i);
        if (cell->cpus)
                add_cpus(value, cell->cpus);
        if (vb_numa_has_attributes(numa))
                g_string_append_printf(value, ",initiator=%u", initiator_of(numa, i));
        add_backend(argv, id, cell->memory, cell);
        g_string_append_printf(value, ",memdev=%s", id);
        vb_argv_add(argv, "-numa", value->str);
}

static void add_distances(VbArgv *argv, const VbNuma *numa)
{
        for (guint i = 0; i < numa->cells->len; i++)
                for (guint j = 0; j < numa->cells->len; j++) {
                        g_autofree char *value = g_strdup_printf("dist,src=%u,dst=%u,val=%u", i, j,
                                                                 vb_numa_distance(numa, i, j));

                        vb_argv_add(argv, "-numa", value);
                }
}

/* QEMU's words for the level of memory that is told about, and for what is told. */
static void add_interconnect(VbArgv *argv, const VbNumaInterconnect *one, const char *what, const char *unit,
                             uint64_t value)
{
        static const char *const levels[] = { "memory", "first-level", "second-level", "third-level" };
        g_autofree char *text = g_strdup_printf(
                "hmat-lb,initiator=%u,target=%u,hierarchy=%s,data-type=%s-%s,%s=%" G_GUINT64_FORMAT "%s",
                (guint) one->initiator.value, (guint) one->target.value,
                levels[one->cache.given ? one->cache.value : 0], vb_numa_access_words[one->type], what, what,
                value, unit);

        vb_argv_add(argv, "-numa", text);
}

static void add_interconnects(VbArgv *argv, const VbNumaInterconnects *interconnects)
{
        for (guint i = 0; i < vb_list_length(interconnects->latencies); i++) {
                const VbNumaInterconnect *one = g_ptr_array_index(interconnects->latencies, i);

                add_interconnect(argv, one, "latency", "", one->value.value);
        }
        for (guint i = 0; i < vb_list_length(interconnects->bandwidths); i++) {
                const VbNumaInterconnect *one = g_ptr_array_index(interconnects->bandwidths, i);

                add_interconnect(argv, one, "bandwidth", "K", vb_numa_bandwidth(one) / 1024);
        }
}

/* QEMU's words for the format's. */
static const char *const associativities[] = { NULL, "none", "direct", "complex" };
static const char *const policies[] = { NULL, "none", "write-back", "write-through" };

static void add_caches(VbArgv *argv, const VbNuma *numa)
{
        for (guint i = 0; i < numa->cells->len; i++) {
                const VbNumaCell *cell = g_ptr_array_index(numa->cells, i);

                for (guint c = 0; c < vb_list_length(cell->caches); c++) {
                        const VbNumaCache *cache = g_ptr_array_index(cell->caches, c);
                        g_autofree char *text = g_strdup_printf(
                                "hmat-cache,node-id=%u,size=%" G_GUINT64_FORMAT
                                "K,level=%u,associativity=%s,policy=%s,line=%" G_GUINT64_FORMAT,
                                i, vb_numa_cache_bytes(cache->size) / 1024, (guint) cache->level.value,
                                associativities[cache->associativity], policies[cache->policy],
                                vb_numa_cache_bytes(cache->line_size));

                        vb_argv_add(argv, "-numa", text);
                }
        }
}

static void add_numa(VbArgv *argv, const VbNuma *numa)
{
        for (guint i = 0; i < numa->cells->len; i++)
                add_node(argv, numa, i);
        if (vb_numa_has_distances(numa))
                add_distances(argv, numa);
        if (numa->interconnects)
                add_interconnects(argv, numa->interconnects);
        add_caches(argv, numa);
}

bool vb_argv_add_memory(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        g_autofree char *size = g_strdup_printf("size=%" G_GUINT64_FORMAT "k", def->memory >> 10);
        const char *id = vb_argv_ram_id(argv);

        vb_argv_add(argv, "-m", size);
        if (id)
                add_backend(argv, id, def->memory, NULL);
        vb_argv_add(argv, "-overcommit", "mem-lock=off");
        return true;
}

bool vb_argv_add_numa(VbArgv *argv, GError **error)
{
        if (argv->def->cpu && argv->def->cpu->numa)
                add_numa(argv, argv->def->cpu->numa);
        return true;
}
