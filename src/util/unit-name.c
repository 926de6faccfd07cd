/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of units; the rule is that of systemd.unit(5), "String escaping for inclusion in unit names". */
#include "util/unit-name.h"

#include <glib.h>
#include <string.h>

char *vb_unit_escape(const char *text)
{
        GString *escaped = g_string_new(NULL);

        for (const char *c = text; *c; c++) {
                if (*c == '/')
                        g_string_append_c(escaped, '-');
                else if (g_ascii_isalnum(*c) || *c == ':' || *c == '_' || (*c == '.' && c != text))
                        g_string_append_c(escaped, *c);
                else
                        g_string_append_printf(escaped, "\\x%02x", (unsigned char) *c);
        }
        return g_string_free(escaped, FALSE);
}

char *vb_unit_unescape(const char *escaped)
{
        GString *text = g_string_new(NULL);

        for (const char *c = escaped; *c; c++) {
                if (c[0] == '\\' && c[1] == 'x' && g_ascii_isxdigit(c[2]) && g_ascii_isxdigit(c[3])) {
                        g_string_append_c(
                                text, (char) (g_ascii_xdigit_value(c[2]) << 4 | g_ascii_xdigit_value(c[3])));
                        c += 3;
                } else {
                        g_string_append_c(text, *c == '-' ? '/' : *c);
                }
        }
        return g_string_free(text, FALSE);
}

char *vb_unit_of_domain(uid_t owner, const char *name)
{
        g_autofree char *text =
                owner == 0 ? g_strdup(name) : g_strdup_printf("%u/%s", (unsigned) owner, name);
        g_autofree char *instance = vb_unit_escape(text);

        return g_strdup_printf("virtbus-domain@%s.service", instance);
}

char *vb_unit_unescaped_of_domain(uid_t owner, const char *name)
{
        static const char valid[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ":-_.\\";
        g_autofree char *escaped = vb_unit_escape(name);

        if (owner != 0 || g_str_equal(escaped, name) || name[strspn(name, valid)] ||
            (g_ascii_isdigit(*name) && name[strspn(name, G_CSET_DIGITS)] == '-'))
                return NULL;
        return g_strdup_printf("virtbus-domain@%s.service", name);
}
