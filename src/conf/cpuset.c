/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of small numbers, in and out. */
#include "conf/cpuset.h"

#include <string.h>

static bool read_number(const char **text, guint *ret)
{
        guint number = 0;

        if (!g_ascii_isdigit(**text))
                return false;
        for (; g_ascii_isdigit(**text); (*text)++) {
                number = number * 10 + (guint) g_ascii_digit_value(**text);
                if (number >= VB_CPUSET_SIZE)
                        return false;
        }
        *ret = number;
        return true;
}

static void skip_space(const char **text)
{
        while (g_ascii_isspace(**text))
                (*text)++;
}

bool vb_cpuset_parse(const char *text, VbCpuset *ret)
{
        memset(ret, 0, sizeof(*ret));
        for (;;) {
                bool take_out;
                guint first, last;

                skip_space(&text);
                take_out = *text == '^';
                text += take_out;
                if (!read_number(&text, &first))
                        return false;
                last = first;
                skip_space(&text);
                if (*text == '-') {
                        text++;
                        skip_space(&text);
                        if (take_out || !read_number(&text, &last) || last < first)
                                return false;
                        skip_space(&text);
                }
                for (guint i = first; i <= last; i++)
                        if (take_out)
                                ret->words[i / 64] &= ~(1ULL << i % 64);
                        else
                                ret->words[i / 64] |= 1ULL << i % 64;
                if (*text == '\0')
                        return vb_cpuset_count(ret) > 0;
                if (*text++ != ',')
                        return false;
        }
}

guint vb_cpuset_count(const VbCpuset *set)
{
        guint count = 0;

        for (gsize i = 0; i < G_N_ELEMENTS(set->words); i++)
                count += (guint) __builtin_popcountll(set->words[i]);
        return count;
}

guint vb_cpuset_last(const VbCpuset *set)
{
        guint last = VB_CPUSET_SIZE;

        while (last > 0 && !vb_cpuset_has(set, last - 1))
                last--;
        return last > 0 ? last - 1 : 0;
}

bool vb_cpuset_overlaps(const VbCpuset *a, const VbCpuset *b)
{
        for (gsize i = 0; i < G_N_ELEMENTS(a->words); i++)
                if (a->words[i] & b->words[i])
                        return true;
        return false;
}

char *vb_cpuset_to_string(const VbCpuset *set)
{
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < VB_CPUSET_SIZE; i++) {
                guint first = i;

                if (!vb_cpuset_has(set, i))
                        continue;
                while (i + 1 < VB_CPUSET_SIZE && vb_cpuset_has(set, i + 1))
                        i++;
                g_string_append_printf(text, "%s%u", text->len > 0 ? "," : "", first);
                if (i > first)
                        g_string_append_printf(text, "-%u", i);
        }
        return g_string_free(text, FALSE);
}

char *vb_cpuset_canonical(const char *text)
{
        VbCpuset set;

        return vb_cpuset_parse(text, &set) ? vb_cpuset_to_string(&set) : NULL;
}
