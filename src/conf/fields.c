/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What canonical XML says, value by value, for rules that are about values and not about structs: nothing
 * that a definition can say is missed because nobody thought of it in C. */
#include "conf/fields.h"

#include <libxml/parser.h>
#include <string.h>

#include "conf/xml-tree.h"

typedef struct {
        bool is_device;
        VbFieldVisit visit;
        void *userdata;
} Walk;

/* What tells an element from others of its name, so that their order says nothing. */
static const struct {
        const char *element, *key;
} keys[] = {
        { "feature", "name" }, { "timer", "name" }, { "cell", "id" },     { "sibling", "id" },
        { "entry", "name" },   { "vcpu", "id" },    { "cache", "level" }, { "latency", "initiator" },
};

static const char *key_of(const char *element)
{
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
                if (g_str_equal(keys[i].element, element))
                        return keys[i].key;
        return NULL;
}

static char *join(const char *a, const char *separator, const char *b)
{
        return *a ? g_strconcat(a, separator, b, NULL) : g_strdup(b);
}

/* Takes @value over. */
static void tell(const Walk *self, const char *path, const char *label, char *value)
{
        self->visit(path, label, value, self->userdata);
        g_free(value);
}

/* An element's attributes, its children's fields, or its text; where there is none of them, that it is there.
 */
static void walk(const Walk *self, xmlNode *node, const char *path, const char *label)
{
        const char *key = *path ? key_of((const char *) node->name) : NULL;
        g_autofree char *unit = vb_xml_tree_attribute(node, "unit");
        bool empty = true;

        for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
                const char *name = (const char *) attribute->name;
                g_autofree char *attribute_path = NULL, *attribute_label = NULL;

                if (g_str_equal(name, "unit") || (key && g_str_equal(name, key)))
                        continue;
                empty = false;
                attribute_path = g_strconcat(path, "@", name, NULL);
                attribute_label = join(label, " ", name);
                tell(self, attribute_path, attribute_label, vb_xml_tree_attribute(node, name));
        }
        for (xmlNode *child = xmlFirstElementChild(node); child; child = xmlNextElementSibling(child)) {
                const char *name = (const char *) child->name;
                g_autofree char *child_path = join(path, "/", name), *child_label = join(label, " ", name);
                const char *child_key = key_of(name);

                if (child_key) {
                        g_autofree char *value = vb_xml_tree_attribute(child, child_key);
                        g_autofree char *bare = g_steal_pointer(&child_label);

                        child_label = value ? join(bare, " ", value) : g_strdup(bare);
                }
                empty = false;
                if (!self->is_device && *path == '\0' && g_str_equal(name, "devices"))
                        continue;
                if (self->is_device && *path == '\0' &&
                    (g_str_equal(name, "alias") || g_str_equal(name, "address")))
                        continue;
                walk(self, child, child_path, child_label);
        }
        if (*path != '\0' && !xmlFirstElementChild(node)) {
                char *text = vb_xml_tree_text(node);

                if (*text != '\0')
                        tell(self, path, label, unit ? g_strdup_printf("%s %s", text, unit) : g_strdup(text));
                else if (empty)
                        tell(self, path, label, g_strdup("yes"));
                g_free(text);
        }
}

void vb_fields_visit(const char *text, bool is_device, VbFieldVisit visit, void *userdata)
{
        const Walk self = { is_device, visit, userdata };
        xmlDoc *document =
                xmlReadMemory(text, (int) strlen(text), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);

        g_assert(document); /* written by us */
        walk(&self, xmlDocGetRootElement(document), "", "");
        xmlFreeDoc(document);
}

gsize vb_fields_match(const char *patterns, const char *path)
{
        gsize best = 0, length;

        for (const char *at = patterns; at && *at; at += length + strspn(at + length, " ")) {
                gsize prefix;

                length = strcspn(at, " ");
                if (length > strlen(VB_FIELDS_ALL) &&
                    strncmp(at + length - strlen(VB_FIELDS_ALL), VB_FIELDS_ALL, strlen(VB_FIELDS_ALL)) == 0) {
                        prefix = length - strlen(VB_FIELDS_ALL);
                        if (strncmp(at, path, prefix) == 0 && memchr("/@", path[prefix], 3))
                                best = MAX(best, prefix);
                } else if (strncmp(at, path, length) == 0 && path[length] == '\0') {
                        best = G_MAXSIZE;
                }
        }
        return best;
}
