/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <memoryBacking>: what the host keeps the guest's memory in. */
#include "conf/cpuset.h"
#include "conf/memory-backing.h"
#include "conf/memory-device.h"
#include "conf/numa.h"
#include "conf/section.h"
#include "util/error.h"

static const VbNumaCell *find_cell(const VbDomainDef *def, int cell)
{
        const GPtrArray *cells = def->cpu && def->cpu->numa ? def->cpu->numa->cells : NULL;

        return cell >= 0 && (guint) cell < vb_list_length(cells) ? cells->pdata[cell] : NULL;
}

int vb_memory_access(const VbDomainDef *def, int cell, int own)
{
        const VbMemoryBacking *backing = def->memory_backing;
        const VbNumaCell *node = find_cell(def, cell);

        if (own == 0 && node)
                own = node->access;
        return own == 0 && backing && backing->access ? backing->access->value : own;
}

VbTristate vb_memory_discard(const VbDomainDef *def, int cell, VbTristate own)
{
        const VbNumaCell *node = find_cell(def, cell);

        if (own == VB_TRISTATE_UNSET && node)
                own = node->discard;
        return own == VB_TRISTATE_UNSET && def->memory_backing && def->memory_backing->discard
                       ? VB_TRISTATE_ON
                       : own;
}

bool vb_memory_is_shared(const VbDomainDef *def)
{
        guint cells = def->cpu && def->cpu->numa ? def->cpu->numa->cells->len : 0;

        if (cells == 0 && vb_memory_access(def, -1, 0) != VB_MEMORY_SHARED)
                return false;
        for (guint i = 0; i < cells; i++)
                if (vb_memory_access(def, (int) i, 0) != VB_MEMORY_SHARED)
                        return false;
        for (guint i = 0; i < def->devices->len; i++) {
                const VbMemoryDevice *memory = g_ptr_array_index(def->devices, i);

                if (memory->base.kind == VB_DEVICE_MEMORY &&
                    vb_memory_access(def, memory->node, memory->access) != VB_MEMORY_SHARED)
                        return false;
        }
        return true;
}

static const char *const sources[] = { NULL, "file", "anonymous", "memfd", NULL };
static const char *const accesses[] = { NULL, "shared", "private", NULL };
static const char *const allocations[] = { NULL, "immediate", "ondemand", NULL };

/* clang-format off */
static const VbXmlField page_fields[] = {
        VB_XML_WITH("size", ATTRIBUTE, SIZE, VbHugepage, size, .required = true),
        VB_XML("nodeset", ATTRIBUTE, CPUSET, VbHugepage, nodeset),
        { 0 },
};
static const VbXmlRecord page_record = { .size = sizeof(VbHugepage), .fields = page_fields };

static const VbXmlField hugepages_fields[] = {
        VB_XML_WITH("page", CHILD, LIST, VbHugepages, pages, .record = &page_record),
        { 0 },
};
static const VbXmlRecord hugepages_record = {
        .size = sizeof(VbHugepages), .fields = hugepages_fields, .keep_empty = true,
};

static const VbXmlField source_fields[] = {
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbBackingChoice, value, .words = sources, .required = true),
        { 0 },
};
static const VbXmlRecord source_record = { .size = sizeof(VbBackingChoice), .fields = source_fields };

static const VbXmlField access_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbBackingChoice, value, .words = accesses, .required = true),
        { 0 },
};
static const VbXmlRecord access_record = { .size = sizeof(VbBackingChoice), .fields = access_fields };

static const VbXmlField allocation_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbAllocation, mode, .words = allocations),
        VB_XML_WITH("threads", ATTRIBUTE, NUMBER, VbAllocation, threads, .min = 1, .max = UINT16_MAX),
        { 0 },
};
static const VbXmlRecord allocation_record = { .size = sizeof(VbAllocation), .fields = allocation_fields };

static const VbXmlField backing_fields[] = {
        VB_XML_WITH("hugepages", CHILD, RECORD, VbMemoryBacking, hugepages, .record = &hugepages_record),
        VB_XML("nosharepages", CHILD, PRESENT, VbMemoryBacking, no_share_pages),
        VB_XML("locked", CHILD, PRESENT, VbMemoryBacking, locked),
        VB_XML_WITH("source", CHILD, RECORD, VbMemoryBacking, source, .record = &source_record),
        VB_XML_WITH("access", CHILD, RECORD, VbMemoryBacking, access, .record = &access_record),
        VB_XML_WITH("allocation", CHILD, RECORD, VbMemoryBacking, allocation, .record = &allocation_record),
        VB_XML("discard", CHILD, PRESENT, VbMemoryBacking, discard),
        { 0 },
};
static const VbXmlRecord backing_record = { .size = sizeof(VbMemoryBacking), .fields = backing_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("memoryBacking", CHILD, RECORD, VbDomainDef, memory_backing, .record = &backing_record),
        { 0 },
};
/* clang-format on */

uint64_t vb_memory_backing_page(const VbMemoryBacking *backing, guint cell)
{
        const GPtrArray *pages;
        uint64_t rest = 0;

        if (!backing || !backing->hugepages)
                return 0;
        pages = backing->hugepages->pages;
        if (vb_list_length(pages) == 0)
                return 1;
        for (guint i = 0; i < pages->len; i++) {
                const VbHugepage *page = g_ptr_array_index(pages, i);
                VbCpuset cells;

                if (!page->nodeset)
                        rest = page->size;
                else if (vb_cpuset_parse(page->nodeset, &cells) && vb_cpuset_has(&cells, cell))
                        return page->size;
        }
        return rest;
}

static bool complete_backing(VbCompletion *completion, GError **error)
{
        const VbMemoryBacking *backing = completion->def->memory_backing;
        const VbNuma *numa = completion->def->cpu ? completion->def->cpu->numa : NULL;
        guint cells = numa ? numa->cells->len : 1;

        for (guint i = 0; backing && backing->hugepages && i < vb_list_length(backing->hugepages->pages);
             i++) {
                VbHugepage *page = g_ptr_array_index(backing->hugepages->pages, i);
                VbCpuset nodes;

                if (page->size & (page->size - 1))
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, page->line,
                                               "<page>: its size is no power of 2");
                if (page->nodeset && vb_cpuset_parse(page->nodeset, &nodes) &&
                    vb_cpuset_last(&nodes) >= cells)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, page->line,
                                               "<page>: nodeset='%s' names a <cell> that there is not",
                                               page->nodeset);
                /* All there is of nodes is no choice of them. */
                if (!numa)
                        g_clear_pointer(&page->nodeset, g_free);
        }
        return true;
}

const VbSection vb_section_memory_backing = {
        .fields = section_fields,
        .complete = complete_backing,
};
