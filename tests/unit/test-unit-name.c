/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of units, against what systemd-escape(1) says. */
#include <glib.h>

#include "util/unit-name.h"

static void test_escaped_and_back(void)
{
        static const struct {
                const char *text, *escaped;
        } cases[] = {
                { "guest", "guest" },
                { "1000/mail", "1000-mail" },
                { "web-1", "web\\x2d1" },
                { "a b", "a\\x20b" },
                { ".hidden", "\\x2ehidden" },
                { "v1.2:x_y", "v1.2:x_y" },
                { "caf\xc3\xa9", "caf\\xc3\\xa9" },
                { "a\\x2db", "a\\x5cx2db" },
                { "1000/web-1@%", "1000-web\\x2d1\\x40\\x25" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *escaped = vb_unit_escape(cases[i].text);
                g_autofree char *text = vb_unit_unescape(cases[i].escaped);

                g_assert_cmpstr(escaped, ==, cases[i].escaped);
                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

static void test_what_was_not_escaped_stays(void)
{
        g_autofree char *cut = vb_unit_unescape("a\\x2"), *other = vb_unit_unescape("a\\y2d");

        g_assert_cmpstr(cut, ==, "a\\x2");
        g_assert_cmpstr(other, ==, "a\\y2d");
}

static void test_units_of_domains(void)
{
        g_autofree char *roots = vb_unit_of_domain(0, "web-1"), *users = vb_unit_of_domain(1000, "mail");

        g_assert_cmpstr(roots, ==, "virtbus-domain@web\\x2d1.service");
        g_assert_cmpstr(users, ==, "virtbus-domain@1000-mail.service");
}

static void test_units_that_were_not_escaped(void)
{
        static const struct {
                uid_t owner;
                const char *name, *unit;
        } cases[] = {
                { 0, "web-1", "virtbus-domain@web-1.service" },
                { 0, "-", "virtbus-domain@-.service" },
                { 0, "web", NULL },
                { 0, "caf\xc3\xa9", NULL },
                { 0, "a b", NULL },
                { 0, "1000-mail", NULL },
                { 1000, "web-1", NULL },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *unit = vb_unit_unescaped_of_domain(cases[i].owner, cases[i].name);

                g_assert_cmpstr(unit, ==, cases[i].unit);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/unit-name/escaped-and-back", test_escaped_and_back);
        g_test_add_func("/unit-name/what-was-not-escaped-stays", test_what_was_not_escaped_stays);
        g_test_add_func("/unit-name/units-of-domains", test_units_of_domains);
        g_test_add_func("/unit-name/units-that-were-not-escaped", test_units_that_were_not_escaped);
        return g_test_run();
}
