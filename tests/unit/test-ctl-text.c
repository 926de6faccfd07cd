/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What virtbusctl shows on a terminal: escaping, widths, units, tables and trees. */
#include "ctl/property.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/tree.h"

#include <locale.h>
#include <stdlib.h>
#include <time.h>

static void assert_escaped(const char *text, bool keep_lines, const char *expected)
{
        g_autofree char *escaped = vb_ctl_escape(text, keep_lines);

        g_assert_cmpstr(escaped, ==, expected);
}

static void test_escape_leaves_text_alone(void)
{
        assert_escaped("demo \\ 1 'x' café 日本", false, "demo \\ 1 'x' café 日本");
}

static void test_escape_defuses_the_terminal(void)
{
        assert_escaped("\033[2J\a\177", false, "\\x1b[2J\\x07\\x7f");
        assert_escaped("\302\2332J", false, "\\u009b2J");         /* a CSI of one character */
        assert_escaped("a\342\200\256b", false, "a\\u202eb");     /* right-to-left override */
        assert_escaped("a\342\200\250b", false, "a\\u2028b");     /* line separator */
        assert_escaped("\363\240\200\241", false, "\\U000e0021"); /* a tag, which nobody sees */
        assert_escaped("a\377\303", false, "a\\xff\\xc3");        /* no UTF-8 */
}

static void test_escape_of_lines(void)
{
        assert_escaped("a\nb\tc\rd", false, "a\\nb\\tc\\rd");
        assert_escaped("a\nb\tc\rd", true, "a\nb\tc\\rd");
}

static void test_escape_without_utf8(void)
{
        setlocale(LC_ALL, "C");
        assert_escaped("café \xf0\x9f\x98\x80", false, "caf\\u00e9 \\U0001f600");
        setlocale(LC_ALL, "C.UTF-8");
}

static void test_width(void)
{
        g_assert_cmpuint(vb_ctl_width("cafe"), ==, 4);
        g_assert_cmpuint(vb_ctl_width("café"), ==, 4);
        g_assert_cmpuint(vb_ctl_width("cafe\xcc\x81"), ==, 4); /* a combining accent */
        g_assert_cmpuint(vb_ctl_width("日本"), ==, 4);
}

static void assert_size(uint64_t bytes, const char *expected)
{
        g_autofree char *size = vb_ctl_size(bytes);

        g_assert_cmpstr(size, ==, expected);
}

static void test_size(void)
{
        assert_size(0, "0 B");
        assert_size(1023, "1023 B");
        assert_size(1024, "1.0 KiB");
        assert_size(UINT64_C(1536) << 20, "1.5 GiB");
        assert_size((UINT64_C(1) << 30) - 1, "1.0 GiB");
        assert_size(UINT64_MAX, "16.0 EiB");
}

static void test_time(void)
{
        g_autofree char *seconds = NULL;
        g_autofree char *milliseconds = NULL;
        g_autofree char *absurd = NULL;

        setenv("TZ", "TST-1", 1);
        tzset();
        seconds = vb_ctl_time(UINT64_C(1709213820123456), false);
        milliseconds = vb_ctl_time(UINT64_C(1709213820123456), true);
        absurd = vb_ctl_time(UINT64_MAX, false);
        g_assert_cmpstr(seconds, ==, "2024-02-29T14:37:00");
        g_assert_cmpstr(milliseconds, ==, "2024-02-29T14:37:00.123");
        g_assert_cmpstr(absurd, ==, "18446744073709551615 us");
}

static void test_table(void)
{
        static const VbCtlColumn columns[] = {
                {"NAME",   false},
                { "SIZE",  true },
                { "NOTES", false}
        };
        g_autoptr(VbCtlTable) table = vb_ctl_table_new(columns, G_N_ELEMENTS(columns));
        g_autofree char *text = NULL;

        vb_ctl_table_add(table, (const char *const[]){ "日本", "7", "x" });
        vb_ctl_table_add(table, (const char *const[]){ "a\nb", "1000000", NULL });
        text = vb_ctl_table_format(table);
        g_assert_cmpstr(text, ==,
                        "NAME     SIZE  NOTES\n"
                        "日本        7  x\n"
                        "a\\nb  1000000  -\n");
}

static void assert_prefix(GNode *node, const char *utf8, const char *ascii)
{
        g_autofree char *drawn_utf8 = vb_ctl_tree_prefix(node, true);
        g_autofree char *drawn_ascii = vb_ctl_tree_prefix(node, false);

        g_assert_cmpstr(drawn_utf8, ==, utf8);
        g_assert_cmpstr(drawn_ascii, ==, ascii);
}

static void test_tree(void)
{
        GNode *root = g_node_new(NULL);
        GNode *bus = g_node_append(root, g_node_new(NULL));
        GNode *port = g_node_append(bus, g_node_new(NULL));
        GNode *card = g_node_append(port, g_node_new(NULL));
        GNode *last = g_node_append(bus, g_node_new(NULL));
        GNode *disk = g_node_append(last, g_node_new(NULL));

        assert_prefix(bus, "", "");
        assert_prefix(port, "├─", "|-");
        assert_prefix(card, "│ └─", "| `-");
        assert_prefix(last, "└─", "`-");
        assert_prefix(disk, "  └─", "  `-");
        g_node_destroy(root);
}

static void test_tree_without_circles(void)
{
        GNode *root = g_node_new(NULL);
        GNode *a = g_node_new(NULL);
        GNode *b = g_node_new(NULL);
        GNode *self = g_node_new(NULL);

        vb_ctl_tree_attach(root, b, a);
        vb_ctl_tree_attach(root, a, b);
        vb_ctl_tree_attach(root, self, self);
        g_assert_true(a->parent == b);
        g_assert_true(b->parent == root);
        g_assert_true(self->parent == root);
        g_node_destroy(root);
}

static void assert_path(const char *path, const char *name, const char *domain)
{
        g_autofree char *path_name = vb_ctl_path_name(path);
        g_autofree char *path_domain = vb_ctl_path_domain(path);

        g_assert_cmpstr(path_name, ==, name);
        g_assert_cmpstr(path_domain, ==, domain);
}

static void test_paths(void)
{
        assert_path("/", "", NULL);
        assert_path("/org/virtbus1", "virtbus1", NULL);
        assert_path("/org/virtbus1/domain/12", "12", "/org/virtbus1/domain/12");
        assert_path("/org/virtbus1/domain/12/controller/pci_2e1", "pci.1", "/org/virtbus1/domain/12");
}

int main(int argc, char **argv)
{
        setlocale(LC_ALL, "C.UTF-8");
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl-text/escape-leaves-text-alone", test_escape_leaves_text_alone);
        g_test_add_func("/ctl-text/escape-defuses-the-terminal", test_escape_defuses_the_terminal);
        g_test_add_func("/ctl-text/escape-of-lines", test_escape_of_lines);
        g_test_add_func("/ctl-text/escape-without-utf8", test_escape_without_utf8);
        g_test_add_func("/ctl-text/width", test_width);
        g_test_add_func("/ctl-text/size", test_size);
        g_test_add_func("/ctl-text/time", test_time);
        g_test_add_func("/ctl-text/table", test_table);
        g_test_add_func("/ctl-text/tree", test_tree);
        g_test_add_func("/ctl-text/tree-without-circles", test_tree_without_circles);
        g_test_add_func("/ctl-text/paths", test_paths);
        return g_test_run();
}
