/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory a guest has: <maxMemory>, <memory> and <currentMemory>. <memory> is all of it, with what is
 * plugged in; cells say how it is shared out. */
#include "conf/domain-values.h"
#include "conf/memory.h"
#include "conf/numa.h"
#include "conf/section.h"
#include "util/error.h"

/* QEMU gives out guest memory in such pieces on all machines. */
#define MEMORY_ALIGNMENT (1ULL << 20)
/* What is plugged in is mapped in large pages. */
#define MODULE_ALIGNMENT (2ULL << 20)

/* clang-format off */
static const VbXmlField max_fields[] = {
        VB_XML_WITH("slots", ATTRIBUTE, NUMBER, VbMaxMemory, slots, .required = true, .min = 1, .max = UINT16_MAX),
        VB_XML("", TEXT, SIZE, VbMaxMemory, size),
        { 0 },
};
static const VbXmlRecord max_record = { .size = sizeof(VbMaxMemory), .fields = max_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("maxMemory", CHILD, RECORD, VbDomainDef, max_memory, .record = &max_record),
        { 0 },
};
/* clang-format on */

static uint64_t sum_of_cells(const VbDomainDef *def)
{
        const VbNuma *numa = def->cpu ? def->cpu->numa : NULL;
        uint64_t sum = 0;

        for (guint i = 0; numa && i < numa->cells->len; i++)
                sum += ((const VbNumaCell *) numa->cells->pdata[i])->memory;
        return sum;
}

static bool parse_memory(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "memory");

        if (node && (!vb_xml_take_size(node, &def->memory, error) ||
                     !vb_xml_take_switch(node, "dumpCore", &def->dump_core, error)))
                return false;
        node = vb_xml_take_child(root, "currentMemory");
        return !node || vb_xml_take_size(node, &def->current_memory, error);
}

static void format_memory(const VbDomainDef *def, VbXmlWriter *writer)
{
        g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, def->memory / 1024);

        if (def->memory > 0) {
                vb_xml_open(writer, "memory");
                vb_xml_attribute(writer, "dumpCore", vb_tristate_to_switch(def->dump_core));
                vb_xml_attribute(writer, "unit", "KiB");
                vb_xml_text(writer, size);
                vb_xml_close(writer);
        }
        vb_xml_size_element(writer, "currentMemory", def->current_memory);
}

static uint64_t round_up(uint64_t size, uint64_t alignment)
{
        return (size + alignment - 1) / alignment * alignment;
}

/* What devices hold, after rounding it; @alignment 0: as it is. */
static uint64_t plugged(const VbDomainDef *def, uint64_t alignment)
{
        uint64_t sum = 0;

        for (guint i = 0; i < def->devices->len; i++)
                sum += vb_device_memory(g_ptr_array_index(def->devices, i), alignment);
        return sum;
}

uint64_t vb_domain_def_initial_memory(const VbDomainDef *def)
{
        uint64_t devices = plugged(def, 0);

        return devices < def->memory ? def->memory - devices : 0;
}

static bool check_max_memory(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;
        const VbMaxMemory *max = def->max_memory;

        if (!max)
                return true;
        if (max->size < def->memory)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, max->line,
                                       "<maxMemory>: it is less than <memory>");
        /* Only Power plugs memory into a machine without nodes. */
        if (!(def->cpu && def->cpu->numa) && !g_str_equal(completion->emulator->arch, "ppc64"))
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, max->line,
                                       "<maxMemory> needs a <cell> of <numa> in <cpu>");
        return true;
}

/* The memory that the guest sees is rounded here, and never again. */
static bool complete_memory(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        uint64_t alignment = MAX(MEMORY_ALIGNMENT, completion->machine->memory_alignment);
        uint64_t devices = plugged(def, MAX(MODULE_ALIGNMENT, alignment)), cells = sum_of_cells(def);
        bool all = def->current_memory == 0 || def->current_memory >= def->memory;

        if (cells > 0) {
                for (guint i = 0; i < def->cpu->numa->cells->len; i++) {
                        VbNumaCell *cell = def->cpu->numa->cells->pdata[i];

                        cell->memory = round_up(cell->memory, alignment);
                }
                def->memory = sum_of_cells(def) + devices;
        } else if (def->memory == 0) {
                return vb_error_set_at(
                        error, VB_ERROR_INVALID_XML, def->line,
                        "<domain>: <memory> is missing, and there is no <cell> of <numa> in <cpu>");
        } else if (def->memory <= devices) {
                return vb_error_set_at(
                        error, VB_ERROR_INVALID_XML, def->line,
                        "<memory>: the memory devices alone have that much: none is left to start with");
        } else {
                def->memory = round_up(def->memory - devices, alignment) + devices;
        }
        if (all || def->current_memory > def->memory)
                def->current_memory = def->memory;
        if (def->max_memory)
                def->max_memory->size = round_up(def->max_memory->size, alignment);
        return check_max_memory(completion, error);
}

const VbSection vb_section_memory = {
        .fields = section_fields,
        .parse = parse_memory,
        .format = format_memory,
};

const VbSection vb_section_memory_size = {
        .complete = complete_memory,
};
