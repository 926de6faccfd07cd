/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory a guest has: <memory> and <currentMemory>. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

/* QEMU gives out guest memory in such pieces on the machines that are supported. */
#define MEMORY_ALIGNMENT (1ULL << 20)

static bool parse_memory(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "memory");

        if (!node)
                return vb_xml_error(root, VB_ERROR_INVALID_XML, error, "<memory> is missing");
        if (!vb_xml_take_size(node, &def->memory, error))
                return false;
        node = vb_xml_take_child(root, "currentMemory");
        if (node && !vb_xml_take_size(node, &def->current_memory, error))
                return false;
        /* libvirt takes more than there is as all there is, and so must who takes its definitions. */
        def->current_memory = MIN(def->current_memory, def->memory);
        return true;
}

static void format_memory(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_size_element(writer, "memory", def->memory);
        vb_xml_size_element(writer, "currentMemory", def->current_memory);
}

/* The memory that the guest sees is rounded here, and never again. */
static bool complete_memory(VbCompletion *completion, GError **error)
{
        VbDomainDef *def = completion->def;
        bool all = def->current_memory == 0 || def->current_memory == def->memory;

        def->memory = (def->memory + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
        if (all)
                def->current_memory = def->memory;
        return true;
}

const VbSection vb_section_memory = {
        .parse = parse_memory,
        .format = format_memory,
        .complete = complete_memory,
};
