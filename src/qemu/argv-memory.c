/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -m, the backends of the guest's memory, and -numa. */
#include <string.h>
#include <unistd.h>

#include "conf/cpuset.h"
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

/* Where the huge pages of a size are; 1 for the host's usual ones. */
static const char *hugepages_dir(uint64_t page)
{
        return page >= 1ULL << 30 ? "/dev/hugepages1G" : "/dev/hugepages";
}

/* A file for memory that is to be in files: below what the domain keeps, and gone with the guest. */
static char *file_dir(const VbArgv *argv)
{
        return g_build_filename(argv->context->private_dir ? argv->context->private_dir : "/private", "ram",
                                NULL);
}

/* Has the memory be where @nodeset says, or the domain for the node. */
static void set_binding(json_object *object, const VbNumaBinding *binding, const char *nodeset)
{
        static const char *const policies[] = {
                [VB_NUMA_STRICT] = "bind",
                [VB_NUMA_PREFERRED] = "preferred",
                [VB_NUMA_INTERLEAVE] = "interleave",
        };
        int mode = binding ? binding->mode : VB_NUMA_STRICT;
        json_object *nodes = NULL;
        VbCpuset set;

        if (!nodeset && binding)
                nodeset = binding->nodeset;
        /* A restrictive binding is the host's affair alone. */
        if (mode == VB_NUMA_RESTRICTIVE || !nodeset || !vb_cpuset_parse(nodeset, &set))
                return;
        nodes = json_object_new_array();
        for (guint i = 0; i <= vb_cpuset_last(&set); i++)
                if (vb_cpuset_has(&set, i))
                        json_object_array_add(nodes, json_object_new_uint64(i));
        json_object_object_add(object, "host-nodes", nodes);
        vb_json_set_string(object, "policy", policies[mode]);
}

/* The size of the pages, 1: the host's usual huge ones; 0: its usual ones, also where they are asked for by
 * their size. */
static uint64_t page_of(const VbArgv *argv, const VbArgvMemory *memory)
{
        uint64_t page = memory->page;

        if (memory->path)
                return 0;
        if (page == 0)
                page = vb_memory_backing_page(argv->def->memory_backing, (guint) MAX(memory->node, 0));
        return page == (uint64_t) sysconf(_SC_PAGESIZE) ? 0 : page;
}

bool vb_argv_memory_is_immediate(const VbArgv *argv, const VbArgvMemory *memory)
{
        const VbMemoryBacking *backing = argv->def->memory_backing;

        return page_of(argv, memory) > 0 ||
               (backing && backing->allocation && backing->allocation->mode == VB_ALLOCATION_IMMEDIATE);
}

/* Members by what the memory is kept in. */
static void set_source(json_object *object, const VbArgv *argv, const VbArgvMemory *memory, int access)
{
        const VbMemoryBacking *backing = argv->def->memory_backing;
        int source = backing && backing->source ? backing->source->value : 0;
        uint64_t page = page_of(argv, memory);
        bool in_file = memory->path || source == VB_BACKING_FILE || (page > 0 && source != VB_BACKING_MEMFD);
        bool in_memfd = !in_file && (source == VB_BACKING_MEMFD || access != 0);

        vb_json_set_string(object, "qom-type",
                           in_file    ? "memory-backend-file"
                           : in_memfd ? "memory-backend-memfd"
                                      : "memory-backend-ram");
        vb_json_set_string(object, "id", memory->id);
        if (memory->path) {
                vb_json_set_string(object, "mem-path", memory->path);
        } else if (in_file) {
                g_autofree char *dir = page > 0 ? g_strdup(hugepages_dir(page)) : file_dir(argv);

                vb_json_set_string(object, "mem-path", dir);
                vb_json_set_tristate_if(object, "discard-data",
                                        vb_memory_discard(argv->def, memory->node, memory->discard));
        } else if (in_memfd && page > 0) {
                vb_json_set_bool(object, "hugetlb", true);
                if (page > 1)
                        vb_json_set_uint(object, "hugetlbsize", page);
        }
        if (access != 0)
                vb_json_set_bool(object, "share", access == VB_MEMORY_SHARED);
        /* The machine's own memory is called after the backend in a stream, as it is without one. */
        if ((in_file || in_memfd) && memory->is_ram)
                vb_json_set_bool(object, "x-use-canonical-path-for-ramblock-id", false);
}

json_object *vb_argv_memory_backend(const VbArgv *argv, const VbArgvMemory *memory)
{
        const VbMemoryBacking *backing = argv->def->memory_backing;
        json_object *object = json_object_new_object();
        bool immediate =
                !memory->on_demand && (memory->prealloc || vb_argv_memory_is_immediate(argv, memory));

        set_source(object, argv, memory, vb_memory_access(argv->def, memory->node, memory->access));
        if (immediate) {
                vb_json_set_bool(object, "prealloc", true);
                if (backing && backing->allocation && backing->allocation->threads.given)
                        vb_json_set_uint(object, "prealloc-threads", backing->allocation->threads.value);
        }
        vb_json_set_uint(object, "size", memory->size);
        vb_json_set_positive_if(object, "align", (int64_t) memory->align);
        if (memory->pmem)
                vb_json_set_bool(object, "pmem", true);
        set_binding(object, vb_numa_tune_binding(argv->def->numatune, (guint) MAX(memory->node, 0)),
                    memory->nodeset);
        if (memory->on_demand)
                vb_json_set_bool(object, "reserve", false);
        return object;
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

static json_object *node_backend(const VbArgv *argv, const VbNuma *numa, guint i)
{
        const VbNumaCell *cell = g_ptr_array_index(numa->cells, i);
        g_autofree char *id = g_strdup_printf("ram-node%u", i);

        return vb_argv_memory_backend(argv,
                                      &(VbArgvMemory){ .id = id, .size = cell->memory, .node = (int) i });
}

/* Type, id and size: such memory QEMU makes without being told of a backend. */
#define PLAIN_MEMBERS 3

/* Whether the nodes are parts of the machine's one piece of memory. Older machine types know that way only,
 * which shows in their streams; it takes that no node is of another kind. */
static bool is_one_piece(const VbArgv *argv, const VbNuma *numa)
{
        const VbMachineInfo *info =
                vb_emulator_facts_find_machine(argv->context->emulator, argv->context->machine->name);
        bool plain = info && info->numa_memory && !vb_numa_has_attributes(numa);

        for (guint i = 0; plain && i < numa->cells->len; i++) {
                g_autoptr(json_object) backend = node_backend(argv, numa, i);

                plain = g_strcmp0(vb_json_get_name(backend, "qom-type"), "memory-backend-ram") == 0 &&
                        json_object_object_length(backend) == PLAIN_MEMBERS;
        }
        return plain;
}

static void add_node(VbArgv *argv, const VbNuma *numa, guint i, bool one_piece)
{
        const VbNumaCell *cell = g_ptr_array_index(numa->cells, i);
        g_autoptr(GString) value = g_string_new(NULL);

        g_string_printf(value, "node,nodeid=%u", i);
        if (cell->cpus)
                add_cpus(value, cell->cpus);
        if (vb_numa_has_attributes(numa))
                g_string_append_printf(value, ",initiator=%u", initiator_of(numa, i));
        if (one_piece) {
                g_string_append_printf(value, ",mem=%" G_GUINT64_FORMAT "k", cell->memory >> 10);
        } else {
                vb_argv_add_json(argv, "-object", node_backend(argv, numa, i));
                g_string_append_printf(value, ",memdev=ram-node%u", i);
        }
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
        bool one_piece = is_one_piece(argv, numa);

        for (guint i = 0; i < numa->cells->len; i++)
                add_node(argv, numa, i, one_piece);
        if (vb_numa_has_distances(numa))
                add_distances(argv, numa);
        if (numa->interconnects)
                add_interconnects(argv, numa->interconnects);
        add_caches(argv, numa);
}

/* The line of an element that says what the guest's memory is made of; 0 if none does. */
static int told_at(const VbDomainDef *def)
{
        const VbMemoryBacking *backing = def->memory_backing;
        const VbNumaBinding *binding = vb_numa_tune_binding(def->numatune, 0);

        if (backing && (backing->hugepages || backing->source || backing->access || backing->allocation ||
                        backing->discard))
                return backing->line;
        return binding && binding->mode != VB_NUMA_RESTRICTIVE ? binding->line : 0;
}

static bool refuse_telling(const VbArgv *argv, int line, GError **error)
{
        const VbMemoryBacking *backing = argv->def->memory_backing;

        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, line,
                               "%s: the machine type %s makes its memory itself, and cannot be told of what",
                               backing && backing->line == line ? "<memoryBacking>" : "<numatune>",
                               argv->context->machine->name);
}

bool vb_argv_add_memory(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbMemoryBacking *backing = def->memory_backing;
        uint64_t initial = vb_domain_def_initial_memory(def);
        g_autoptr(GString) size = g_string_new(NULL);
        const char *id = vb_argv_ram_id(argv);

        g_string_printf(size, "size=%" G_GUINT64_FORMAT "k", initial >> 10);
        if (def->max_memory)
                g_string_append_printf(size, ",slots=%u,maxmem=%" G_GUINT64_FORMAT "k",
                                       (guint) def->max_memory->slots.value, def->max_memory->size >> 10);
        vb_argv_add(argv, "-m", size->str);
        if (id)
                vb_argv_add_json(
                        argv, "-object",
                        vb_argv_memory_backend(
                                argv,
                                &(VbArgvMemory){ .id = id, .size = initial, .node = -1, .is_ram = true }));
        else if (!(def->cpu && def->cpu->numa) && told_at(def) > 0)
                return refuse_telling(argv, told_at(def), error);
        vb_argv_add(argv, "-overcommit", backing && backing->locked ? "mem-lock=on" : "mem-lock=off");
        return true;
}

bool vb_argv_add_numa(VbArgv *argv, GError **error)
{
        if (argv->def->cpu && argv->def->cpu->numa)
                add_numa(argv, argv->def->cpu->numa);
        return true;
}
