/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML in: a hardened libxml2 tree in which everything that a reader understood is marked. The marks are
 * libxml2's own _private pointers, and a VbXmlNode is the tree's node under another name, so reading costs no
 * allocation of ours. Readers of single values are in xml-values.c. */
#include "conf/xml-reader.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "conf/domain-def.h"
#include "conf/xml-foreign.h"
#include "util/error.h"

struct VbXmlDocument {
        xmlDoc *tree;
        GArray *asked; /* VbXmlAsked, told to whoever wrote something else there */
        bool keep_words;
        GPtrArray *notes; /* char *; NULL: none */
};

static char taken_mark, taken_whole_mark; /* their addresses are the marks */

static xmlNode *xml(const VbXmlNode *node)
{
        return (xmlNode *) (uintptr_t) node;
}

static VbXmlNode *wrap(xmlNode *node)
{
        return (VbXmlNode *) (void *) node;
}

/* libxml2's libraries are set up once, before anything is parsed. */
static void init_library(void)
{
        static gsize done;

        if (g_once_init_enter(&done)) {
                xmlInitParser();
                g_once_init_leave(&done, 1);
        }
}

typedef struct {
        int doctype_line;
        int deep_line;
        int depth;
        startElementNsSAX2Func start;
        endElementNsSAX2Func end;
} ParseState;

/* Entities cannot be declared without a DOCTYPE, so that stopping here stops every attack by expansion. */
static void on_doctype(void *data, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
        xmlParserCtxt *context = data;
        ParseState *state = context->_private;

        state->doctype_line = context->input ? context->input->line : 1;
        xmlStopParser(context);
}

static void on_start_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                             int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
                             const xmlChar **attributes)
{
        xmlParserCtxt *context = data;
        ParseState *state = context->_private;

        if (++state->depth > VB_XML_DEPTH_MAX) {
                if (state->deep_line == 0)
                        state->deep_line = context->input ? context->input->line : 1;
                xmlStopParser(context);
                return;
        }
        state->start(data, name, prefix, uri, n_namespaces, namespaces, n_attributes, n_defaulted,
                     attributes);
}

static void on_end_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
        xmlParserCtxt *context = data;
        ParseState *state = context->_private;

        state->depth--;
        state->end(data, name, prefix, uri);
}

static void on_parser_message(void *data, xmlErrorPtr message)
{
        /* Kept by libxml2 as the context's last error; this only keeps it off stderr. */
}

/* libxml2's messages end with a line feed and may quote the text, which may be anything. */
static char *parser_message(const xmlParserCtxt *context)
{
        char *message;

        if (!context->lastError.message)
                return g_strdup("it cannot be read");
        message = g_utf8_make_valid(context->lastError.message, MIN(strlen(context->lastError.message), 200));
        return g_strdelimit(g_strchomp(message), "\n\t", ' ');
}

VbXmlDocument *vb_xml_document_parse(const char *text, gsize length, GError **error)
{
        g_autofree char *message = NULL;
        ParseState state = { 0 };
        VbXmlDocument *document;
        xmlParserCtxt *context;
        xmlDoc *tree;
        int line;

        if (length > VB_XML_SIZE_MAX) {
                vb_error_set(error, VB_ERROR_INVALID_XML,
                             "The XML has %" G_GSIZE_FORMAT " bytes; at most %u are read", length,
                             VB_XML_SIZE_MAX);
                return NULL;
        }
        /* What is no UTF-8 would otherwise be taken in another encoding, as the text may ask for. */
        if (!g_utf8_validate_len(text, length, NULL)) {
                vb_error_set(error, VB_ERROR_INVALID_XML, "The XML is not valid UTF-8");
                return NULL;
        }
        init_library();
        context = xmlNewParserCtxt();
        context->_private = &state;
        state.start = context->sax->startElementNs;
        state.end = context->sax->endElementNs;
        context->sax->startElementNs = on_start_element;
        context->sax->endElementNs = on_end_element;
        context->sax->internalSubset = on_doctype;
        context->sax->serror = on_parser_message;
        tree = xmlCtxtReadMemory(context, text, (int) length, NULL, "UTF-8",
                                 XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES |
                                         XML_PARSE_COMPACT);
        line = context->lastError.line > 0 ? context->lastError.line : 1;
        if (!tree)
                message = parser_message(context);
        xmlFreeParserCtxt(context);

        if (state.doctype_line > 0 || state.deep_line > 0 || !tree) {
                if (state.doctype_line > 0)
                        vb_error_set_at(error, VB_ERROR_INVALID_XML, state.doctype_line,
                                        "A DOCTYPE and entities are not accepted");
                else if (state.deep_line > 0)
                        vb_error_set_at(error, VB_ERROR_INVALID_XML, state.deep_line,
                                        "Elements are nested more than %d deep", VB_XML_DEPTH_MAX);
                else
                        vb_error_set_at(error, VB_ERROR_INVALID_XML, line, "Not well-formed XML: %s",
                                        message);
                if (tree)
                        xmlFreeDoc(tree);
                return NULL;
        }
        document = g_new0(VbXmlDocument, 1);
        document->tree = tree;
        document->asked = g_array_sized_new(FALSE, FALSE, sizeof(VbXmlAsked), 256);
        tree->_private = document;
        return document;
}

void vb_xml_document_free(VbXmlDocument *document)
{
        if (!document)
                return;
        xmlFreeDoc(document->tree);
        for (guint i = 0; document->keep_words && i < document->asked->len; i++)
                g_strfreev(g_array_index(document->asked, VbXmlAsked, i).words);
        g_array_unref(document->asked);
        g_clear_pointer(&document->notes, g_ptr_array_unref);
        g_free(document);
}

VbXmlNode *vb_xml_document_root(VbXmlDocument *document)
{
        xmlNode *root = xmlDocGetRootElement(document->tree);

        root->_private = &taken_mark;
        return wrap(root);
}

const char *vb_xml_node_name(const VbXmlNode *node)
{
        return (const char *) xml(node)->name;
}

int vb_xml_node_line(const VbXmlNode *node)
{
        long line = xmlGetLineNo(xml(node));

        return line > 0 && line < INT_MAX ? (int) line : 0;
}

void vb_xml_note(const VbXmlNode *node, const char *format, ...)
{
        VbXmlDocument *document = xml(node)->doc->_private;
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        if (!document->notes)
                document->notes = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(document->notes, g_strdup_printf("line %d: <%s>: %s", vb_xml_node_line(node),
                                                         vb_xml_node_name(node), text));
}

GPtrArray *vb_xml_document_take_notes(VbXmlDocument *document)
{
        return g_steal_pointer(&document->notes);
}

static void remember(const xmlNode *node, VbXmlAskedFor place, const char *name, const char *name_space)
{
        VbXmlDocument *document = node->doc->_private;
        VbXmlAsked asked = { .node = (const VbXmlNode *) (const void *) node,
                             .place = place,
                             .name = name,
                             .name_space = name_space };

        g_array_append_val(document->asked, asked);
}

void vb_xml_document_keep_words(VbXmlDocument *document)
{
        document->keep_words = true;
}

void vb_xml_note_words(VbXmlNode *node, const char *const *words, int n)
{
        VbXmlDocument *document = xml(node)->doc->_private;
        g_autoptr(GStrvBuilder) builder = NULL;

        if (!document->keep_words)
                return;
        builder = g_strv_builder_new();
        for (int i = 0; i < n; i++)
                if (words[i] && *words[i] != '\0')
                        g_strv_builder_add(builder, words[i]);
        g_array_index(document->asked, VbXmlAsked, document->asked->len - 1).words =
                g_strv_builder_end(builder);
}

void vb_xml_note_number(VbXmlNode *node)
{
        VbXmlDocument *document = xml(node)->doc->_private;

        g_array_index(document->asked, VbXmlAsked, document->asked->len - 1).is_number = true;
}

const VbXmlAsked *vb_xml_document_asked(const VbXmlDocument *document, guint *ret_n)
{
        *ret_n = document->asked->len;
        return (const VbXmlAsked *) (void *) document->asked->data;
}

char *vb_xml_node_path(const VbXmlNode *node)
{
        GString *path = g_string_new(NULL);

        for (const xmlNode *step = xml(node); step && step->type == XML_ELEMENT_NODE; step = step->parent) {
                g_string_prepend(path, (const char *) step->name);
                g_string_prepend_c(path, '/');
        }
        return g_string_free(g_string_erase(path, 0, 1), FALSE);
}

/* Text is in one piece: CDATA is merged and references are replaced. A comment splits it, which gives more
 * pieces; they are joined into the first, once. */
static const char *joined_text(xmlNode *first)
{
        xmlNode *holder = NULL;

        for (xmlNode *node = first; node; node = node->next) {
                if (node->type != XML_TEXT_NODE || !node->content)
                        continue;
                if (!holder) {
                        holder = node;
                } else {
                        xmlNodeAddContent(holder, node->content);
                        xmlNodeSetContentLen(node, NULL, 0);
                }
        }
        return holder && holder->content ? (const char *) holder->content : "";
}

const char *vb_xml_take_attribute(VbXmlNode *node, const char *name)
{
        remember(xml(node), VB_XML_ASKED_ATTRIBUTE, name, NULL);
        for (xmlAttr *attribute = xml(node)->properties; attribute; attribute = attribute->next)
                if (!attribute->ns && g_str_equal(attribute->name, name)) {
                        attribute->_private = &taken_mark;
                        return joined_text(attribute->children);
                }
        return NULL;
}

static bool is_plain_element(const xmlNode *node)
{
        return node->type == XML_ELEMENT_NODE && !node->ns;
}

VbXmlNode *vb_xml_take_child(VbXmlNode *node, const char *name)
{
        remember(xml(node), VB_XML_ASKED_CHILD, name, NULL);
        for (xmlNode *child = xml(node)->children; child; child = child->next)
                if (is_plain_element(child) && !child->_private && g_str_equal(child->name, name)) {
                        child->_private = &taken_mark;
                        return wrap(child);
                }
        return NULL;
}

void vb_xml_expect_child(VbXmlNode *node, const char *name)
{
        remember(xml(node), VB_XML_ASKED_CHILD, name, NULL);
}

VbXmlNode *vb_xml_next_child(VbXmlNode *node, VbXmlNode *previous)
{
        xmlNode *child = previous ? xml(previous)->next : xml(node)->children;

        while (child && !is_plain_element(child))
                child = child->next;
        return wrap(child);
}

VbXmlNode *vb_xml_take_child_of(VbXmlNode *node, const char *name_space, const char *name)
{
        remember(xml(node), VB_XML_ASKED_CHILD, name, name_space);
        for (xmlNode *child = xml(node)->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && child->ns && !child->_private &&
                    g_str_equal(child->name, name) &&
                    g_strcmp0((const char *) child->ns->href, name_space) == 0) {
                        child->_private = &taken_mark;
                        return wrap(child);
                }
        return NULL;
}

VbXmlNode *vb_xml_next_of_any_namespace(VbXmlNode *node, VbXmlNode *previous)
{
        xmlNode *child = previous ? xml(previous)->next : xml(node)->children;

        while (child && child->type != XML_ELEMENT_NODE)
                child = child->next;
        return wrap(child);
}

const char *vb_xml_node_namespace(const VbXmlNode *node)
{
        return xml(node)->ns ? (const char *) xml(node)->ns->href : NULL;
}

char *vb_xml_take_verbatim(VbXmlNode *node)
{
        xmlDoc *document = xmlNewDoc((const xmlChar *) "1.0");
        xmlNode *copy = xmlDocCopyNode(xml(node), document, 1);
        xmlBuffer *buffer = xmlBufferCreate();
        char *text;

        /* The copy brings along the namespaces that are declared further out. */
        xmlDocSetRootElement(document, copy);
        xmlNodeDump(buffer, document, copy, 0, 0);
        text = g_strdup((const char *) xmlBufferContent(buffer));
        xmlBufferFree(buffer);
        xmlFreeDoc(document);
        xml(node)->_private = &taken_whole_mark;
        remember(xml(node)->parent, VB_XML_ASKED_ANYTHING, "", NULL);
        return text;
}

void vb_xml_take(VbXmlNode *node)
{
        xml(node)->_private = &taken_mark;
}

const char *vb_xml_take_text_verbatim(VbXmlNode *node)
{
        remember(xml(node), VB_XML_ASKED_TEXT, "", NULL);
        for (xmlNode *child = xml(node)->children; child; child = child->next)
                if (child->type == XML_TEXT_NODE)
                        child->_private = &taken_mark;
        return joined_text(xml(node)->children);
}

const char *vb_xml_take_text(VbXmlNode *node)
{
        char *text = (char *) (uintptr_t) vb_xml_take_text_verbatim(node), *end;

        while (g_ascii_isspace(*text))
                text++;
        /* All blank text may be libxml2's shared copy; other text is the tree's own and can be cut in place.
         */
        if (*text == '\0')
                return "";
        end = text + strlen(text);
        while (g_ascii_isspace(end[-1]))
                end--;
        *end = '\0';
        return text;
}

/* "; accepted here: a, b, c", or "" if nothing was asked for. */
static char *accepted_names(const VbXmlDocument *document, const xmlNode *node, VbXmlAskedFor place)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        g_autofree char *list = NULL;

        for (guint i = 0; i < document->asked->len; i++) {
                const VbXmlAsked *asked = &g_array_index(document->asked, VbXmlAsked, i);

                if (xml(asked->node) == node && asked->place == place && !asked->name_space &&
                    !g_ptr_array_find_with_equal_func(names, asked->name, g_str_equal, NULL))
                        g_ptr_array_add(names, (gpointer) asked->name);
        }
        if (names->len == 0)
                return g_strdup("");
        g_ptr_array_add(names, NULL);
        list = g_strjoinv(", ", (char **) names->pdata);
        return g_strconcat("; accepted here: ", list, NULL);
}

static bool refuse(const xmlNode *node, VbError code, GError **error, const char *format, ...)
        G_GNUC_PRINTF(4, 5);

static bool refuse(const xmlNode *node, VbError code, GError **error, const char *format, ...)
{
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = vb_xml_shorten(g_strdup_vprintf(format, ap));
        va_end(ap);
        return vb_error_set_at(error, code, vb_xml_node_line((const VbXmlNode *) (const void *) node), "%s",
                               message);
}

static bool refuse_attribute(const VbXmlDocument *document, const xmlNode *node, const xmlAttr *attribute,
                             GError **error)
{
        g_autofree char *accepted = accepted_names(document, node, VB_XML_ASKED_ATTRIBUTE);
        const char *element = (const char *) node->name, *name = (const char *) attribute->name;
        const char *prefix =
                attribute->ns && attribute->ns->prefix ? (const char *) attribute->ns->prefix : "";

        if (!attribute->ns && vb_xml_is_foreign_attribute(name))
                return refuse(node, VB_ERROR_UNSUPPORTED, error,
                              "the attribute '%s' of <%s> is not supported by this version%s", name, element,
                              accepted);
        return refuse(node, VB_ERROR_INVALID_XML, error, "<%s> has an attribute '%s%s%s' that is not known%s",
                      element, prefix, attribute->ns ? ":" : "", name, accepted);
}

static bool refuse_element(const VbXmlDocument *document, const xmlNode *node, GError **error)
{
        const char *parent = (const char *) node->parent->name, *name = (const char *) node->name;
        g_autofree char *accepted = NULL;

        if (node->ns)
                return refuse(node, VB_ERROR_UNSUPPORTED, error,
                              "<%s> in <%s> is of the namespace '%s', which is not supported", name, parent,
                              node->ns->href ? (const char *) node->ns->href : "");
        for (const xmlNode *other = node->prev; other; other = other->prev)
                if (is_plain_element(other) && other->_private && g_str_equal(other->name, name))
                        return refuse(node, VB_ERROR_INVALID_XML, error, "<%s> is given twice in <%s>", name,
                                      parent);
        accepted = accepted_names(document, node->parent, VB_XML_ASKED_CHILD);
        if (vb_xml_is_foreign_element(name))
                return refuse(node, VB_ERROR_UNSUPPORTED, error,
                              "<%s> in <%s> is not supported by this version%s", name, parent, accepted);
        return refuse(node, VB_ERROR_INVALID_XML, error, "<%s> in <%s> is not known%s", name, parent,
                      accepted);
}

static bool is_blank(const xmlChar *text)
{
        for (; text && *text != '\0'; text++)
                if (!g_ascii_isspace(*text))
                        return false;
        return true;
}

static bool check_node(const VbXmlDocument *document, const xmlNode *node, GError **error)
{
        if (node->type == XML_TEXT_NODE) {
                if (!node->_private && !is_blank(node->content))
                        return refuse(node->parent, VB_ERROR_INVALID_XML, error,
                                      "<%s> has text where none belongs", (const char *) node->parent->name);
                return true;
        }
        if (node->type != XML_ELEMENT_NODE)
                return true;
        if (!node->_private)
                return refuse_element(document, node, error);
        if (node->_private == &taken_whole_mark)
                return true;
        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                if (!attribute->_private)
                        return refuse_attribute(document, node, attribute, error);
        return true;
}

bool vb_xml_document_finish(VbXmlDocument *document, GError **error)
{
        xmlNode *root = xmlDocGetRootElement(document->tree), *node = root;

        while (node) {
                if (!check_node(document, node, error))
                        return false;
                if (node->type == XML_ELEMENT_NODE && node->children && node->_private != &taken_whole_mark) {
                        node = node->children;
                        continue;
                }
                while (node != root && !node->next)
                        node = node->parent;
                node = node == root ? NULL : node->next;
        }
        return true;
}
