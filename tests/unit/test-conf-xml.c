/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader, which lets nothing through that nobody took, and the writer, whose text reads back as it was.
 */
#include <string.h>

#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

static VbXmlDocument *parse(const char *text)
{
        g_autoptr(GError) error = NULL;
        VbXmlDocument *document = vb_xml_document_parse(text, strlen(text), &error);

        g_assert_no_error(error);
        return document;
}

static void assert_finish(VbXmlDocument *document, const char *message)
{
        g_autoptr(GError) error = NULL;

        if (!message) {
                vb_xml_document_finish(document, &error);
                g_assert_no_error(error);
                return;
        }
        g_assert_false(vb_xml_document_finish(document, &error));
        if (!strstr(error->message, message))
                g_test_message("expected \"%s\" in \"%s\"", message, error->message);
        g_assert_nonnull(strstr(error->message, message));
}

static void test_everything_taken(void)
{
        g_autoptr(VbXmlDocument) document = parse("<a x='1'> <!-- c --> <b>text</b>\n<b/></a>");
        VbXmlNode *root = vb_xml_document_root(document), *child;

        g_assert_cmpstr(vb_xml_take_attribute(root, "x"), ==, "1");
        g_assert_null(vb_xml_take_attribute(root, "y"));
        child = vb_xml_take_child(root, "b");
        g_assert_cmpstr(vb_xml_take_text(child), ==, "text");
        g_assert_cmpint(vb_xml_node_line(child), ==, 1);
        child = vb_xml_take_child(root, "b");
        g_assert_cmpstr(vb_xml_take_text(child), ==, "");
        g_assert_cmpint(vb_xml_node_line(child), ==, 2);
        g_assert_null(vb_xml_take_child(root, "b"));
        assert_finish(document, NULL);
}

static void test_left_over(void)
{
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "<a y='1'/>", "line 1: <a> has an attribute 'y' that is not known; accepted here: x" },
                { "<a><c/></a>", "line 1: <c> in <a> is not known; accepted here: b" },
                { "<a>\n<b/>\n<b/></a>", "line 3: <b> is given twice in <a>" },
                { "<a><b>x</b></a>", "line 1: <b> has text" },
                { "<a><b><![CDATA[x]]></b></a>", "<b> has text" },
                { "<a><b><d/></b></a>", "<d> in <b> is not known" },
                { "<a><b>\n<d>\n<e/></d></b></a>", "line 2: <d> in <b>" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(VbXmlDocument) document = parse(cases[i].text);
                VbXmlNode *root = vb_xml_document_root(document);

                vb_xml_take_attribute(root, "x");
                vb_xml_take_child(root, "b");
                assert_finish(document, cases[i].message);
        }
}

static void test_text_in_pieces(void)
{
        g_autoptr(VbXmlDocument) document =
                parse("<a>  one<!-- c --> &lt;two&gt; <![CDATA[<three>]]>&#x41; \n</a>");
        VbXmlNode *root = vb_xml_document_root(document);

        g_assert_cmpstr(vb_xml_take_text(root), ==, "one <two> <three>A");
        assert_finish(document, NULL);
}

static void test_blank_text(void)
{
        g_autoptr(VbXmlDocument) document = parse("<a><b>   </b><c>   </c></a>");
        VbXmlNode *root = vb_xml_document_root(document);

        g_assert_cmpstr(vb_xml_take_text(vb_xml_take_child(root, "b")), ==, "");
        g_assert_cmpstr(vb_xml_take_text_verbatim(vb_xml_take_child(root, "c")), ==, "   ");
        assert_finish(document, NULL);
}

static void test_numbers(void)
{
        static const struct {
                const char *text;
                bool ok;
                uint64_t value;
        } cases[] = {
                { "0", true, 0 },     { "10", true, 10 },  { "0x10", true, 16 },
                { "0X1f", true, 31 }, { "010", true, 10 }, { "", false, 0 },
                { " 1", false, 0 },   { "1 ", false, 0 },  { "+1", false, 0 },
                { "-0", false, 0 },   { "0x", false, 0 },  { "1e3", false, 0 },
                { "0x-1", false, 0 }, { "101", false, 0 }, { "99999999999999999999", false, 0 },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = g_strdup_printf("<a n='%s'/>", cases[i].text);
                g_autoptr(VbXmlDocument) document = parse(text);
                g_autoptr(GError) error = NULL;
                uint64_t value = 77;

                g_assert_true(vb_xml_take_number(vb_xml_document_root(document), "n", 0, 100, &value,
                                                 &error) == cases[i].ok);
                g_assert_cmpuint(value, ==, cases[i].ok ? cases[i].value : 77);
                g_assert_true(cases[i].ok == !error);
        }
}

/* Given a text with every character that matters, when it is written and read, then it is the same. */
static void test_escapes(void)
{
        static const char text[] = "a<b>&'\"\n\r\t ]]> ü 🙂 &amp; %s";
        VbXmlWriter *writer = vb_xml_writer_new();
        g_autofree char *xml = NULL;
        g_autoptr(VbXmlDocument) document = NULL;
        VbXmlNode *root;

        vb_xml_open(writer, "a");
        vb_xml_attribute(writer, "x", text);
        vb_xml_attribute(writer, "none", NULL);
        vb_xml_text_element(writer, "b", text);
        vb_xml_text_element(writer, "none", NULL);
        vb_xml_close(writer);
        xml = vb_xml_writer_finish(writer);

        document = parse(xml);
        root = vb_xml_document_root(document);
        g_assert_cmpstr(vb_xml_take_attribute(root, "x"), ==, text);
        g_assert_cmpstr(vb_xml_take_text_verbatim(vb_xml_take_child(root, "b")), ==, text);
        assert_finish(document, NULL);
}

static void test_layout(void)
{
        VbXmlWriter *writer = vb_xml_writer_new();
        g_autofree char *xml = NULL;

        vb_xml_open(writer, "a");
        vb_xml_attribute_number(writer, "n", G_MAXUINT64);
        vb_xml_attribute_hex(writer, "h", 0xa, 4);
        vb_xml_empty_element(writer, "b");
        vb_xml_open(writer, "c");
        vb_xml_text_element(writer, "d", "text");
        vb_xml_text_element(writer, "e", "");
        vb_xml_close(writer);
        vb_xml_close(writer);
        xml = vb_xml_writer_finish(writer);
        g_assert_cmpstr(xml, ==,
                        "<a n='18446744073709551615' h='0x000a'>\n"
                        "  <b/>\n"
                        "  <c>\n"
                        "    <d>text</d>\n"
                        "    <e/>\n"
                        "  </c>\n"
                        "</a>\n");
}

static void test_refused(void)
{
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "Not well-formed" },
                { "<a>", "line 1: Not well-formed" },
                { "<a>\n</b>", "line 2: Not well-formed" },
                { "<a/><a/>", "Not well-formed" },
                { "<a x='1' x='2'/>", "Not well-formed" },
                { "<a>&nothing;</a>", "Not well-formed" },
                { "<!DOCTYPE a><a/>", "line 1: A DOCTYPE" },
                { "<?xml version='1.0'?>\n\n<!DOCTYPE a [\n<!ENTITY b SYSTEM "
                  "'file:///dev/zero'>\n]>\n<a>&b;</a>",
                  "A DOCTYPE" },
                { "<a>\xff</a>", "not valid UTF-8" },
                { "<x:a/>", "" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(VbXmlDocument) document =
                        vb_xml_document_parse(cases[i].text, strlen(cases[i].text), &error);

                if (*cases[i].message == '\0')
                        continue;
                g_assert_null(document);
                g_assert_error(error, VB_ERROR, VB_ERROR_INVALID_XML);
                if (!strstr(error->message, cases[i].message))
                        g_test_message("expected \"%s\" in \"%s\"", cases[i].message, error->message);
                g_assert_nonnull(strstr(error->message, cases[i].message));
        }
}

static void test_device_alone(void)
{
        static const char memory[] = "<memory/>",
                          interface[] = "\n<interface type='user'>\n<hap/></interface>";
        g_autoptr(GError) error = NULL;

        g_assert_null(vb_device_parse(memory, strlen(memory), NULL, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_INVALID_XML);
        g_clear_error(&error);
        g_assert_null(vb_device_parse(interface, strlen(interface), NULL, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "line 3: <hap>"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/conf/xml/everything-taken", test_everything_taken);
        g_test_add_func("/conf/xml/left-over", test_left_over);
        g_test_add_func("/conf/xml/text-in-pieces", test_text_in_pieces);
        g_test_add_func("/conf/xml/blank-text", test_blank_text);
        g_test_add_func("/conf/xml/numbers", test_numbers);
        g_test_add_func("/conf/xml/escapes", test_escapes);
        g_test_add_func("/conf/xml/layout", test_layout);
        g_test_add_func("/conf/xml/refused", test_refused);
        g_test_add_func("/conf/xml/device-alone", test_device_alone);
        return g_test_run();
}
