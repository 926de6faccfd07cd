/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML out: one growing string, a short stack of open elements, and escaping that reads back to the same
 * value. */
#include "conf/xml-writer.h"

#include <string.h>

/* Definitions nest six deep; the writer's callers are ours. */
#define DEPTH_MAX 16

struct VbXmlWriter {
        GString *text;
        const char *open[DEPTH_MAX];
        unsigned depth;
        bool tag_open; /* "<name attr='...'" is written, ">" is not */
        bool inline_text;
        bool migratable;
};

VbXmlWriter *vb_xml_writer_new(void)
{
        VbXmlWriter *writer = g_new0(VbXmlWriter, 1);

        writer->text = g_string_sized_new(4096);
        return writer;
}

void vb_xml_writer_set_migratable(VbXmlWriter *writer)
{
        writer->migratable = true;
}

bool vb_xml_writer_is_migratable(const VbXmlWriter *writer)
{
        return writer->migratable;
}

char *vb_xml_writer_finish(VbXmlWriter *writer)
{
        char *text;

        g_assert(writer->depth == 0);
        text = g_string_free(writer->text, FALSE);
        g_free(writer);
        return text;
}

static void indent(VbXmlWriter *writer)
{
        static const char spaces[2 * DEPTH_MAX + 1] = "                                ";

        g_string_append_len(writer->text, spaces, 2 * writer->depth);
}

/* The five characters of markup, and white space that a reader would turn into plain spaces in an attribute
 * or into a line feed (carriage return) anywhere. Other control characters are never let in. */
static void escape(GString *out, const char *value, bool attribute)
{
        const char *run = value;

        for (; *value != '\0'; value++) {
                const char *entity;

                switch (*value) {
                case '&':
                        entity = "&amp;";
                        break;
                case '<':
                        entity = "&lt;";
                        break;
                case '>':
                        entity = "&gt;";
                        break;
                case '\'':
                        entity = attribute ? "&apos;" : NULL;
                        break;
                case '\r':
                        entity = "&#13;";
                        break;
                case '\n':
                        entity = attribute ? "&#10;" : NULL;
                        break;
                case '\t':
                        entity = attribute ? "&#9;" : NULL;
                        break;
                default:
                        entity = NULL;
                }
                if (!entity)
                        continue;
                g_string_append_len(out, run, value - run);
                g_string_append(out, entity);
                run = value + 1;
        }
        g_string_append_len(out, run, value - run);
}

static void end_tag(VbXmlWriter *writer)
{
        if (writer->tag_open)
                g_string_append(writer->text, ">\n");
        writer->tag_open = false;
}

void vb_xml_open(VbXmlWriter *writer, const char *element)
{
        g_assert(writer->depth < DEPTH_MAX);
        end_tag(writer);
        indent(writer);
        g_string_append_c(writer->text, '<');
        g_string_append(writer->text, element);
        writer->open[writer->depth++] = element;
        writer->tag_open = true;
}

void vb_xml_close(VbXmlWriter *writer)
{
        const char *element;

        g_assert(writer->depth > 0);
        element = writer->open[--writer->depth];
        if (writer->tag_open) {
                g_string_append(writer->text, "/>\n");
        } else {
                if (!writer->inline_text)
                        indent(writer);
                g_string_append(writer->text, "</");
                g_string_append(writer->text, element);
                g_string_append(writer->text, ">\n");
        }
        writer->tag_open = false;
        writer->inline_text = false;
}

static void begin_attribute(VbXmlWriter *writer, const char *name)
{
        g_assert(writer->tag_open);
        g_string_append_c(writer->text, ' ');
        g_string_append(writer->text, name);
        g_string_append(writer->text, "='");
}

void vb_xml_attribute(VbXmlWriter *writer, const char *name, const char *value)
{
        if (!value)
                return;
        begin_attribute(writer, name);
        escape(writer->text, value, true);
        g_string_append_c(writer->text, '\'');
}

void vb_xml_attribute_number(VbXmlWriter *writer, const char *name, uint64_t value)
{
        begin_attribute(writer, name);
        g_string_append_printf(writer->text, "%" G_GUINT64_FORMAT "'", value);
}

void vb_xml_attribute_hex(VbXmlWriter *writer, const char *name, uint64_t value, int width)
{
        begin_attribute(writer, name);
        g_string_append_printf(writer->text, "0x%0*" G_GINT64_MODIFIER "x'", width, value);
}

void vb_xml_text(VbXmlWriter *writer, const char *text)
{
        g_assert(writer->tag_open);
        if (*text == '\0')
                return;
        g_string_append_c(writer->text, '>');
        escape(writer->text, text, false);
        writer->tag_open = false;
        writer->inline_text = true;
}

void vb_xml_text_element(VbXmlWriter *writer, const char *element, const char *text)
{
        if (!text)
                return;
        vb_xml_open(writer, element);
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}

void vb_xml_empty_element(VbXmlWriter *writer, const char *element)
{
        vb_xml_open(writer, element);
        vb_xml_close(writer);
}

void vb_xml_verbatim(VbXmlWriter *writer, const char *text)
{
        end_tag(writer);
        indent(writer);
        g_string_append(writer->text, text);
        g_string_append_c(writer->text, '\n');
}
