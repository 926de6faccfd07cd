/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/printed.h"

#include <glib.h>

static gunichar show(gunichar c)
{
        GUnicodeType type = g_unichar_type(c);

        if (c == '\n')
                return c;
        return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
                               type != G_UNICODE_PARAGRAPH_SEPARATOR
                       ? c
                       : ' ';
}

char *vb_printed_text(const char *bytes, size_t length)
{
        g_autofree char *copy = g_malloc(length + 1), *valid = NULL;
        GString *text = g_string_sized_new(length);

        for (size_t i = 0; i < length; i++)
                copy[i] = bytes[i] ? bytes[i] : ' ';
        copy[length] = '\0';
        valid = g_utf8_make_valid(copy, -1);
        for (const char *p = valid; *p; p = g_utf8_next_char(p))
                g_string_append_unichar(text, show(g_utf8_get_char(p)));
        return g_string_free(text, FALSE);
}
