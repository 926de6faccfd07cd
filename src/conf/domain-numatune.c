/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <numatune>: which of the host's nodes a guest's memory comes from. */
#include "conf/numa.h"
#include "conf/section.h"
#include "conf/tuning.h"
#include "util/error.h"

static const char *const modes[] = { NULL, "strict", "preferred", "interleave", "restrictive", NULL };
static const char *const placements[] = { NULL, "static", "auto", NULL };

static bool check_binding(void *record, VbXmlNode *node, GError **error)
{
        VbNumaBinding *binding = record;

        if (binding->mode == 0)
                binding->mode = VB_NUMA_STRICT;
        if (binding->placement == VB_PLACEMENT_AUTO)
                g_clear_pointer(&binding->nodeset, g_free);
        else if (!binding->nodeset)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'nodeset' is missing");
        else
                binding->placement = 0;
        return true;
}

/* clang-format off */
static const VbXmlField memory_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbNumaBinding, mode, .words = modes),
        VB_XML("nodeset", ATTRIBUTE, CPUSET, VbNumaBinding, nodeset),
        VB_XML_WITH("placement", ATTRIBUTE, WORD, VbNumaBinding, placement, .words = placements),
        { 0 },
};
static const VbXmlRecord memory_record = {
        .size = sizeof(VbNumaBinding), .fields = memory_fields, .check = check_binding,
};

static const VbXmlField node_fields[] = {
        VB_XML_WITH("cellid", ATTRIBUTE, NUMBER, VbNumaBinding, cell, .required = true, .max = UINT32_MAX),
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbNumaBinding, mode, .words = modes),
        VB_XML_WITH("nodeset", ATTRIBUTE, CPUSET, VbNumaBinding, nodeset, .required = true),
        { 0 },
};
static const VbXmlRecord node_record = { .size = sizeof(VbNumaBinding), .fields = node_fields, .check = check_binding };

static const VbXmlField numatune_fields[] = {
        VB_XML_WITH("memory", CHILD, RECORD, VbNumaTune, memory, .record = &memory_record),
        VB_XML_WITH("memnode", CHILD, LIST, VbNumaTune, nodes, .record = &node_record),
        { 0 },
};
static const VbXmlRecord numatune_record = { .size = sizeof(VbNumaTune), .fields = numatune_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("numatune", CHILD, RECORD, VbDomainDef, numatune, .record = &numatune_record),
        { 0 },
};
/* clang-format on */

static bool complete_numatune(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;
        const VbNuma *numa = def->cpu ? def->cpu->numa : NULL;
        guint cells = numa ? numa->cells->len : 0;

        for (guint i = 0; def->numatune && i < vb_list_length(def->numatune->nodes); i++) {
                const VbNumaBinding *node = g_ptr_array_index(def->numatune->nodes, i);

                if (node->cell.value >= cells)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, node->line,
                                               "<memnode>: there is no <cell> with id='%u' in <cpu>",
                                               (guint) node->cell.value);
                for (guint other = 0; other < i; other++)
                        if (((VbNumaBinding *) def->numatune->nodes->pdata[other])->cell.value ==
                            node->cell.value)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, node->line,
                                                       "<memnode>: cellid='%u' is given twice",
                                                       (guint) node->cell.value);
        }
        return true;
}

const VbNumaBinding *vb_numa_tune_binding(const VbNumaTune *tune, guint cell)
{
        for (guint i = 0; tune && i < vb_list_length(tune->nodes); i++) {
                const VbNumaBinding *node = g_ptr_array_index(tune->nodes, i);

                if (node->cell.value == cell)
                        return node;
        }
        return tune && tune->memory && tune->memory->nodeset ? tune->memory : NULL;
}

const VbSection vb_section_numatune = {
        .fields = section_fields,
        .complete = complete_numatune,
};
