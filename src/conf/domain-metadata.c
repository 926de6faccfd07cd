/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <metadata>: what other programs keep with a definition, one element of a namespace of its own each. Kept as
 * it is written, byte for byte, after its first normalisation by libxml2. */
#include <string.h>

#include "conf/section.h"
#include "util/error.h"

/* All of it together, in bytes. */
#define METADATA_SIZE_MAX (256U << 10)

static bool parse_metadata(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "metadata");
        gsize size = 0;

        if (!node)
                return true;
        vb_xml_take_text(node);
        def->metadata = g_ptr_array_new_with_free_func(g_free);
        for (VbXmlNode *child = vb_xml_next_of_any_namespace(node, NULL); child;
             child = vb_xml_next_of_any_namespace(node, child)) {
                g_autofree char *text = vb_xml_take_verbatim(child);

                if (!vb_xml_node_namespace(child)) {
                        vb_xml_note(child, "it is of no namespace and is left out of <metadata>");
                        continue;
                }
                size += strlen(text);
                if (size > METADATA_SIZE_MAX)
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "there is more than %u KiB of it", METADATA_SIZE_MAX >> 10);
                g_ptr_array_add(def->metadata, g_steal_pointer(&text));
        }
        return true;
}

static void format_metadata(const VbDomainDef *def, VbXmlWriter *writer)
{
        if (vb_list_length(def->metadata) == 0)
                return;
        vb_xml_open(writer, "metadata");
        for (guint i = 0; i < def->metadata->len; i++)
                vb_xml_verbatim(writer, g_ptr_array_index(def->metadata, i));
        vb_xml_close(writer);
}

static void clear_metadata(VbDomainDef *def)
{
        g_clear_pointer(&def->metadata, g_ptr_array_unref);
}

static void copy_metadata(VbDomainDef *copy, const VbDomainDef *def)
{
        copy->metadata =
                def->metadata ? g_ptr_array_copy(def->metadata, (GCopyFunc) (void (*)(void)) g_strdup, NULL)
                              : NULL;
        if (copy->metadata)
                g_ptr_array_set_free_func(copy->metadata, g_free);
}

const VbSection vb_section_metadata = {
        .parse = parse_metadata,
        .format = format_metadata,
        .clear = clear_metadata,
        .copy = copy_metadata,
};
