/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of libxml2's tree as strings of GLib's. */
#include "conf/xml-tree.h"

char *vb_xml_tree_attribute(const xmlNode *node, const char *name)
{
        xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *) name);
        char *copy = g_strdup((const char *) value);

        xmlFree(value);
        return copy;
}

char *vb_xml_tree_text(const xmlNode *node)
{
        xmlChar *content = xmlFirstElementChild((xmlNode *) node) ? NULL : xmlNodeGetContent(node);
        char *text = g_strdup(content ? (const char *) content : "");

        xmlFree(content);
        return text;
}
