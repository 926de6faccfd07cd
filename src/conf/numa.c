/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nodes of <numa>: any order in, ascending out. */
#include "conf/numa.h"

#include "conf/cpuset.h"
#include "conf/domain-values.h"
#include "util/error.h"

#define NODES_MAX 128
#define DISTANCE_LOCAL 10
#define DISTANCE_REMOTE 20
#define DISTANCE_MAX 255 /* unreachable */

const char *const vb_numa_associativity_words[] = { NULL, "none", "direct", "full", NULL };
const char *const vb_numa_policy_words[] = { NULL, "none", "writeback", "writethrough", NULL };
const char *const vb_numa_access_words[] = { NULL, "access", "read", "write", NULL };
static const char *const memory_access_words[] = { NULL, "shared", "private", NULL };

/* clang-format off */
static const VbXmlField sibling_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbNumaSibling, id, .required = true, .max = NODES_MAX - 1),
        VB_XML_WITH("value", ATTRIBUTE, NUMBER, VbNumaSibling, value, .required = true,
               .min = DISTANCE_LOCAL, .max = DISTANCE_MAX),
        { 0 },
};
static const VbXmlRecord sibling_record = { .size = sizeof(VbNumaSibling), .fields = sibling_fields };

static const VbXmlField distances_fields[] = {
        VB_XML_WITH("sibling", CHILD, LIST, VbNumaDistances, siblings, .record = &sibling_record),
        { 0 },
};

static bool check_siblings(void *record, VbXmlNode *node, GError **error)
{
        return vb_list_length(((VbNumaDistances *) record)->siblings) > 0 ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<sibling> is missing");
}

static const VbXmlRecord distances_record = { .size = sizeof(VbNumaDistances), .fields = distances_fields, .check = check_siblings };

static bool check_cache_size(void *record, VbXmlNode *node, GError **error)
{
        VbNumaCacheSize *size = record;
        uint64_t bytes;

        if (!size->unit)
                size->unit = g_strdup("KiB");
        return vb_xml_scale(node, size->value.value, size->unit, &bytes, error);
}

static const VbXmlField cache_size_fields[] = {
        VB_XML_WITH("value", ATTRIBUTE, NUMBER, VbNumaCacheSize, value, .required = true, .min = 1, .max = UINT32_MAX),
        VB_XML("unit", ATTRIBUTE, STRING, VbNumaCacheSize, unit),
        { 0 },
};
static const VbXmlRecord cache_size_record = { .size = sizeof(VbNumaCacheSize), .fields = cache_size_fields, .check = check_cache_size };

static const VbXmlField cache_fields[] = {
        VB_XML_WITH("level", ATTRIBUTE, NUMBER, VbNumaCache, level, .required = true, .min = 1, .max = 3),
        VB_XML_WITH("associativity", ATTRIBUTE, WORD, VbNumaCache, associativity,
               .words = vb_numa_associativity_words, .required = true),
        VB_XML_WITH("policy", ATTRIBUTE, WORD, VbNumaCache, policy, .words = vb_numa_policy_words, .required = true),
        VB_XML_WITH("size", CHILD, RECORD, VbNumaCache, size, .record = &cache_size_record, .required = true),
        VB_XML_WITH("line", CHILD, RECORD, VbNumaCache, line_size, .record = &cache_size_record, .required = true),
        { 0 },
};
static const VbXmlRecord cache_record = { .size = sizeof(VbNumaCache), .fields = cache_fields };

static const VbXmlField cell_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbNumaCell, id, .max = NODES_MAX - 1),
        VB_XML("cpus", ATTRIBUTE, CPUSET, VbNumaCell, cpus),
        VB_XML_WITH("memory", ATTRIBUTE, SIZE, VbNumaCell, memory, .required = true),
        VB_XML_WITH("memAccess", ATTRIBUTE, WORD, VbNumaCell, access, .words = memory_access_words),
        VB_XML("discard", ATTRIBUTE, YES_NO, VbNumaCell, discard),
        VB_XML_WITH("distances", CHILD, RECORD, VbNumaCell, distances, .record = &distances_record),
        VB_XML_WITH("cache", CHILD, LIST, VbNumaCell, caches, .record = &cache_record),
        { 0 },
};

static bool check_cell(void *record, VbXmlNode *node, GError **error)
{
        const GPtrArray *caches = ((VbNumaCell *) record)->caches;

        for (guint i = 0; i < vb_list_length(caches); i++)
                for (guint other = 0; other < i; other++) {
                        const VbNumaCache *cache = caches->pdata[i];

                        if (((VbNumaCache *) caches->pdata[other])->level.value == cache->level.value)
                                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                                    "<cache level='%u'> is given twice",
                                                    (guint) cache->level.value);
                }
        return true;
}

static const VbXmlRecord cell_record = { .size = sizeof(VbNumaCell), .fields = cell_fields, .check = check_cell };

#define INTERCONNECT_FIELDS(unit_field)                                                                      \
        VB_XML_WITH("initiator", ATTRIBUTE, NUMBER, VbNumaInterconnect, initiator, .required = true,              \
               .max = NODES_MAX - 1),                                                                        \
        VB_XML_WITH("target", ATTRIBUTE, NUMBER, VbNumaInterconnect, target, .required = true,                    \
               .max = NODES_MAX - 1),                                                                        \
        VB_XML_WITH("cache", ATTRIBUTE, NUMBER, VbNumaInterconnect, cache, .min = 1, .max = 3),                   \
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbNumaInterconnect, type, .words = vb_numa_access_words,             \
               .required = true),                                                                            \
        VB_XML_WITH("value", ATTRIBUTE, NUMBER, VbNumaInterconnect, value, .required = true, .min = 1,            \
               .max = UINT32_MAX),                                                                           \
        unit_field,                                                                                          \
        { 0 },
static const VbXmlField latency_fields[] = { INTERCONNECT_FIELDS({ 0 }) };
static const VbXmlField bandwidth_fields[] = {
        INTERCONNECT_FIELDS(VB_XML("unit", ATTRIBUTE, STRING, VbNumaInterconnect, unit))
};

static bool check_bandwidth(void *record, VbXmlNode *node, GError **error)
{
        VbNumaInterconnect *bandwidth = record;
        uint64_t bytes;

        if (!bandwidth->unit)
                bandwidth->unit = g_strdup("KiB");
        return vb_xml_scale(node, bandwidth->value.value, bandwidth->unit, &bytes, error);
}

static const VbXmlRecord latency_record = { .size = sizeof(VbNumaInterconnect), .fields = latency_fields };
static const VbXmlRecord bandwidth_record = { .size = sizeof(VbNumaInterconnect), .fields = bandwidth_fields, .check = check_bandwidth };

static const VbXmlField interconnects_fields[] = {
        VB_XML_WITH("latency", CHILD, LIST, VbNumaInterconnects, latencies, .record = &latency_record),
        VB_XML_WITH("bandwidth", CHILD, LIST, VbNumaInterconnects, bandwidths, .record = &bandwidth_record),
        { 0 },
};
static const VbXmlRecord interconnects_record = { .size = sizeof(VbNumaInterconnects), .fields = interconnects_fields };

static const VbXmlField numa_fields[] = {
        VB_XML_WITH("cell", CHILD, LIST, VbNuma, cells, .record = &cell_record),
        VB_XML_WITH("interconnects", CHILD, RECORD, VbNuma, interconnects, .record = &interconnects_record),
        { 0 },
};
/* clang-format on */

static int compare_cells(gconstpointer a, gconstpointer b)
{
        const VbNumaCell *x = *(VbNumaCell *const *) a, *y = *(VbNumaCell *const *) b;

        return (x->id.value > y->id.value) - (x->id.value < y->id.value);
}

/* Either none has a number, and their order gives it, or each has another one, from 0 on. */
static bool number_cells(VbNuma *numa, VbXmlNode *node, GError **error)
{
        guint numbered = 0;

        for (guint i = 0; i < numa->cells->len; i++)
                numbered += ((VbNumaCell *) numa->cells->pdata[i])->id.given;
        for (guint i = 0; i < numa->cells->len; i++) {
                VbNumaCell *cell = numa->cells->pdata[i];

                if (!cell->id.given && numbered > 0)
                        return vb_xml_error(
                                node, VB_ERROR_INVALID_XML, error,
                                "the attribute 'id' is missing in one <cell>, and there in another");
                if (!cell->id.given)
                        cell->id = (VbNumber){ .value = i, .given = true };
        }
        g_ptr_array_sort(numa->cells, compare_cells);
        for (guint i = 0; i < numa->cells->len; i++)
                if (((VbNumaCell *) numa->cells->pdata[i])->id.value != i)
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "there is not one <cell> of each id from 0 to %u",
                                            numa->cells->len - 1);
        return true;
}

static bool check_overlap(const VbNuma *numa, VbXmlNode *node, GError **error)
{
        VbCpuset seen = { 0 };

        for (guint i = 0; i < numa->cells->len; i++) {
                const VbNumaCell *cell = numa->cells->pdata[i];
                VbCpuset cpus;

                if (!cell->cpus || !vb_cpuset_parse(cell->cpus, &cpus))
                        continue;
                if (vb_cpuset_overlaps(&seen, &cpus))
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, cell->line,
                                               "<cell>: cpus='%s' are in another <cell>, too", cell->cpus);
                for (gsize w = 0; w < G_N_ELEMENTS(seen.words); w++)
                        seen.words[w] |= cpus.words[w];
        }
        return true;
}

static bool check_distances(const VbNuma *numa, GError **error)
{
        for (guint i = 0; i < numa->cells->len; i++) {
                const VbNumaCell *cell = numa->cells->pdata[i];

                for (guint s = 0; cell->distances && s < vb_list_length(cell->distances->siblings); s++) {
                        const VbNumaSibling *sibling = cell->distances->siblings->pdata[s];

                        if (sibling->id.value >= numa->cells->len)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, sibling->line,
                                                       "<sibling>: there is no <cell> with id='%u'",
                                                       (guint) sibling->id.value);
                        if (sibling->id.value == i && sibling->value.value != DISTANCE_LOCAL)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, sibling->line,
                                                       "<sibling>: a <cell> has the distance %d to itself",
                                                       DISTANCE_LOCAL);
                        if (sibling->id.value != i && sibling->value.value == DISTANCE_LOCAL)
                                return vb_error_set_at(
                                        error, VB_ERROR_INVALID_XML, sibling->line,
                                        "<sibling>: only to itself a <cell> has the distance %d",
                                        DISTANCE_LOCAL);
                        for (guint o = 0; o < s; o++)
                                if (((VbNumaSibling *) cell->distances->siblings->pdata[o])->id.value ==
                                    sibling->id.value)
                                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, sibling->line,
                                                               "<sibling>: id='%u' is given twice",
                                                               (guint) sibling->id.value);
                }
        }
        return true;
}

static bool has_cache(const VbNumaCell *cell, uint64_t level)
{
        for (guint i = 0; i < vb_list_length(cell->caches); i++)
                if (((VbNumaCache *) cell->caches->pdata[i])->level.value == level)
                        return true;
        return false;
}

static bool is_same_way(const VbNumaInterconnect *a, const VbNumaInterconnect *b)
{
        return a->initiator.value == b->initiator.value && a->target.value == b->target.value &&
               a->cache.value == b->cache.value && a->type == b->type;
}

static bool check_interconnects(const VbNuma *numa, const GPtrArray *list, GError **error)
{
        for (guint i = 0; i < vb_list_length(list); i++) {
                const VbNumaInterconnect *one = g_ptr_array_index(list, i);

                if (one->initiator.value >= numa->cells->len || one->target.value >= numa->cells->len)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, one->line,
                                               "<interconnects>: there is no <cell> with id='%u'",
                                               (guint) MAX(one->initiator.value, one->target.value));
                if (!((VbNumaCell *) numa->cells->pdata[one->initiator.value])->cpus)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, one->line,
                                               "<interconnects>: the initiator %u has no cpus",
                                               (guint) one->initiator.value);
                if (one->cache.given && !has_cache(numa->cells->pdata[one->target.value], one->cache.value))
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, one->line,
                                               "<interconnects>: <cell id='%u'> has no <cache level='%u'>",
                                               (guint) one->target.value, (guint) one->cache.value);
                for (guint other = 0; other < i; other++)
                        if (is_same_way(g_ptr_array_index(list, other), one))
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, one->line,
                                                       "<interconnects>: from %u to %u is described already",
                                                       (guint) one->initiator.value,
                                                       (guint) one->target.value);
        }
        return true;
}

static VbNumaCell *cell_of(const VbNuma *numa, guint i)
{
        return g_ptr_array_index(numa->cells, i);
}

static uint32_t given_distance(const VbNuma *numa, guint from, guint to)
{
        const VbNumaDistances *distances = cell_of(numa, from)->distances;

        for (guint i = 0; distances && i < vb_list_length(distances->siblings); i++) {
                const VbNumaSibling *sibling = distances->siblings->pdata[i];

                if (sibling->id.value == to)
                        return (uint32_t) sibling->value.value;
        }
        return 0;
}

uint32_t vb_numa_distance(const VbNuma *numa, guint from, guint to)
{
        uint32_t distance = given_distance(numa, from, to);

        if (distance == 0)
                distance = given_distance(numa, to, from);
        if (distance != 0)
                return distance;
        return from == to ? DISTANCE_LOCAL : DISTANCE_REMOTE;
}

bool vb_numa_has_distances(const VbNuma *numa)
{
        for (guint i = 0; i < numa->cells->len; i++)
                for (guint j = 0; j < numa->cells->len; j++)
                        if (vb_numa_distance(numa, i, j) != (i == j ? DISTANCE_LOCAL : DISTANCE_REMOTE))
                                return true;
        return false;
}

bool vb_numa_has_attributes(const VbNuma *numa)
{
        if (numa->interconnects)
                return true;
        for (guint i = 0; i < numa->cells->len; i++)
                if (vb_list_length(cell_of(numa, i)->caches) > 0)
                        return true;
        return false;
}

/* Where one distance is told, all are: the table that the guest reads has no holes. */
static void fill_distances(VbNuma *numa)
{
        g_autoptr(GArray) table = g_array_new(FALSE, TRUE, sizeof(uint32_t));
        guint n = numa->cells->len;
        bool any = false;

        for (guint i = 0; i < n; i++) {
                any = any || cell_of(numa, i)->distances;
                for (guint j = 0; j < n; j++) {
                        uint32_t distance = vb_numa_distance(numa, i, j);

                        g_array_append_val(table, distance);
                }
        }
        for (guint i = 0; any && i < n; i++) {
                VbNumaCell *cell = cell_of(numa, i);

                vb_xml_record_free(&distances_record, cell->distances);
                cell->distances = vb_xml_record_new(&distances_record);
                cell->distances->siblings = g_ptr_array_new();
                for (guint j = 0; j < n; j++) {
                        VbNumaSibling *sibling = vb_xml_record_new(&sibling_record);

                        sibling->id = (VbNumber){ .value = j, .given = true };
                        sibling->value = (VbNumber){ .value = g_array_index(table, uint32_t, i * n + j),
                                                     .given = true };
                        g_ptr_array_add(cell->distances->siblings, sibling);
                }
        }
}

static bool check_numa(void *record, VbXmlNode *node, GError **error)
{
        VbNuma *numa = record;

        if (vb_list_length(numa->cells) == 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<cell> is missing");
        if (numa->cells->len > NODES_MAX)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "there are at most %d cells",
                                    NODES_MAX);
        if (!number_cells(numa, node, error) || !check_overlap(numa, node, error) ||
            !check_distances(numa, error))
                return false;
        fill_distances(numa);
        return !numa->interconnects || (check_interconnects(numa, numa->interconnects->latencies, error) &&
                                        check_interconnects(numa, numa->interconnects->bandwidths, error));
}

const VbXmlRecord vb_numa_record = { .size = sizeof(VbNuma), .fields = numa_fields, .check = check_numa };

/* Units were looked at when they were read. */
static uint64_t scaled(uint64_t value, const char *unit)
{
        return value * vb_unit_bytes(unit ? unit : "KiB");
}

uint64_t vb_numa_cache_bytes(const VbNumaCacheSize *size)
{
        return scaled(size->value.value, size->unit);
}

uint64_t vb_numa_bandwidth(const VbNumaInterconnect *interconnect)
{
        return scaled(interconnect->value.value, interconnect->unit);
}
