/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people. Names come from whoever defined a domain and may hold terminal escape sequences: nothing
 * that came over the bus reaches a terminal but through vb_ctl_escape(). */
#include "ctl/text.h"

#include <stdio.h>
#include <unistd.h>

bool vb_ctl_locale_is_utf8(void)
{
        return g_get_charset(NULL);
}

/* Formats (zero-width, bidirectional overrides...) are not "print" to GLib; line separators are. */
bool vb_ctl_is_visible(gunichar c)
{
        GUnicodeType type = g_unichar_type(c);

        return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
               type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

static void append_escaped(GString *out, gunichar c)
{
        if (c == '\n')
                g_string_append(out, "\\n");
        else if (c == '\t')
                g_string_append(out, "\\t");
        else if (c == '\r')
                g_string_append(out, "\\r");
        else if (c < 0x80)
                g_string_append_printf(out, "\\x%02x", c);
        else if (c < 0x10000)
                g_string_append_printf(out, "\\u%04x", c);
        else
                g_string_append_printf(out, "\\U%08x", c);
}

char *vb_ctl_escape(const char *text, bool keep_lines)
{
        g_autoptr(GString) out = g_string_new(NULL);
        bool utf8 = vb_ctl_locale_is_utf8();

        while (*text) {
                gunichar c = g_utf8_get_char_validated(text, -1);

                if (c == (gunichar) -1 || c == (gunichar) -2) {
                        g_string_append_printf(out, "\\x%02x", (unsigned char) *text);
                        text++;
                        continue;
                }
                if (keep_lines && (c == '\n' || c == '\t'))
                        g_string_append_c(out, (char) c);
                else if (vb_ctl_is_visible(c) && (utf8 || c < 0x80))
                        g_string_append_unichar(out, c);
                else
                        append_escaped(out, c);
                text = g_utf8_next_char(text);
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}

size_t vb_ctl_width(const char *text)
{
        size_t width = 0;

        for (; *text; text = g_utf8_next_char(text)) {
                gunichar c = g_utf8_get_char(text);

                if (!g_unichar_iszerowidth(c))
                        width += g_unichar_iswide(c) ? 2 : 1;
        }
        return width;
}

char *vb_ctl_size(uint64_t bytes)
{
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        double value = (double) bytes / 1024;
        size_t unit = 0;

        if (bytes < 1024)
                return g_strdup_printf("%" G_GUINT64_FORMAT " B", bytes);
        /* 1023.95 would be printed as 1024.0 of the smaller unit */
        while (value >= 1023.95 && unit + 1 < G_N_ELEMENTS(units)) {
                value /= 1024;
                unit++;
        }
        return g_strdup_printf("%.1f %s", value, units[unit]);
}

char *vb_ctl_time(uint64_t usec, bool msec)
{
        g_autoptr(GDateTime) time = NULL;
        g_autofree char *text = NULL;

        if (usec / G_USEC_PER_SEC <= G_MAXINT64)
                time = g_date_time_new_from_unix_local((gint64) (usec / G_USEC_PER_SEC));
        if (!time)
                return g_strdup_printf("%" G_GUINT64_FORMAT " us", usec);
        text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
        if (!msec)
                return g_steal_pointer(&text);
        return g_strdup_printf("%s.%03u", text, (unsigned) (usec % G_USEC_PER_SEC / 1000));
}

static char *printable(const char *text, bool keep_lines)
{
        return isatty(STDOUT_FILENO) ? vb_ctl_escape(text, keep_lines) : g_strdup(text);
}

void vb_ctl_print_line(const char *text)
{
        g_autofree char *line = printable(text, false);

        puts(line);
}

void vb_ctl_print_document(const char *text)
{
        g_autofree char *document = printable(text, true);

        fputs(document, stdout);
        if (!g_str_has_suffix(document, "\n"))
                putchar('\n');
}
