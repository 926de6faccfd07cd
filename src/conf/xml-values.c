/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers of single attribute values: words, switches and numbers, with one way of saying what is wrong. */
#include "conf/xml-reader.h"

#include <errno.h>
#include <string.h>

#include "util/error.h"

#define MESSAGE_LENGTH_MAX 600

char *vb_xml_shorten(char *message)
{
        static const char ellipsis[] = "\u2026";
        char *end;

        if (strlen(message) <= MESSAGE_LENGTH_MAX)
                return message;
        end = g_utf8_find_prev_char(message, message + MESSAGE_LENGTH_MAX - sizeof(ellipsis));
        memcpy(end, ellipsis, sizeof(ellipsis));
        return message;
}

bool vb_xml_error(VbXmlNode *node, VbError code, GError **error, const char *format, ...)
{
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = vb_xml_shorten(g_strdup_vprintf(format, ap));
        va_end(ap);
        return vb_error_set_at(error, code, vb_xml_node_line(node), "<%s>: %s", vb_xml_node_name(node),
                               message);
}

bool vb_xml_require_attribute(VbXmlNode *node, const char *name, const char **ret, GError **error)
{
        const char *value = vb_xml_take_attribute(node, name);

        if (!value || *value == '\0')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute '%s' is missing", name);
        *ret = value;
        return true;
}

static bool is_listed(const char *list, const char *word)
{
        g_auto(GStrv) words = g_strsplit(list, " ", -1);

        return g_strv_contains((const char *const *) words, word);
}

static char *join_words(const char *const *words, int n)
{
        GString *list = g_string_new(NULL);

        for (int i = 0; i < n; i++)
                if (words[i] && *words[i] != '\0')
                        g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", words[i]);
        return g_string_free(list, FALSE);
}

bool vb_xml_take_word(VbXmlNode *node, const char *name, const char *const *words, int n, const char *foreign,
                      int *ret, GError **error)
{
        const char *value = vb_xml_take_attribute(node, name);
        g_autofree char *accepted = NULL;

        vb_xml_note_words(node, words, n);
        if (!value)
                return true;
        for (int i = 0; i < n; i++)
                if (words[i] && *words[i] != '\0' && g_str_equal(words[i], value)) {
                        *ret = i;
                        return true;
                }
        accepted = join_words(words, n);
        if (foreign && is_listed(foreign, value))
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "%s='%s' is not supported by this version; accepted: %s", name, value,
                                    accepted);
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "%s='%s' is not known; accepted: %s", name,
                            value, accepted);
}

const char *const vb_xml_switch_words[2] = { "on", "off" };
const char *const vb_xml_yes_no_words[2] = { "yes", "no" };

bool vb_xml_take_switch(VbXmlNode *node, const char *name, VbTristate *ret, GError **error)
{
        const char *value = vb_xml_take_attribute(node, name);

        vb_xml_note_words(node, vb_xml_switch_words, 2);
        if (!value || vb_tristate_from_switch(value, ret))
                return true;
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "%s='%s' is not known; accepted: on, off",
                            name, value);
}

bool vb_xml_take_yes_no(VbXmlNode *node, const char *name, VbTristate *ret, GError **error)
{
        const char *value = vb_xml_take_attribute(node, name);

        vb_xml_note_words(node, vb_xml_yes_no_words, 2);
        if (!value || vb_tristate_from_yes_no(value, ret))
                return true;
        return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "%s='%s' is not known; accepted: yes, no",
                            name, value);
}

bool vb_xml_read_number(const char *text, uint64_t *ret)
{
        bool hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");
        const char *digits = hex ? text + 2 : text;
        char *end = NULL;

        if (!(hex ? g_ascii_isxdigit(*digits) : g_ascii_isdigit(*digits)))
                return false;
        errno = 0;
        *ret = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
        return errno == 0 && *end == '\0';
}

bool vb_xml_take_number(VbXmlNode *node, const char *name, uint64_t min, uint64_t max, uint64_t *ret,
                        GError **error)
{
        const char *text = vb_xml_take_attribute(node, name);
        uint64_t value;

        vb_xml_note_number(node);
        if (!text)
                return true;
        if (!vb_xml_read_number(text, &value) || value < min || value > max)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not a number from %" G_GUINT64_FORMAT
                                    " to %" G_GUINT64_FORMAT,
                                    name, text, min, max);
        *ret = value;
        return true;
}

bool vb_xml_take_hex(VbXmlNode *node, const char *name, uint64_t max, uint64_t *ret, GError **error)
{
        const char *text = vb_xml_take_attribute(node, name);
        guint64 value;

        vb_xml_note_number(node);
        if (!text)
                return true;
        if (!g_ascii_string_to_unsigned(text + (g_ascii_strncasecmp(text, "0x", 2) == 0 ? 2 : 0), 16, 0, max,
                                        &value, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not a hexadecimal number from 0 to 0x%" G_GINT64_MODIFIER "x",
                                    name, text, max);
        *ret = value;
        return true;
}

bool vb_xml_take_int(VbXmlNode *node, const char *name, int min, int max, int *ret, GError **error)
{
        uint64_t value = UINT64_MAX;

        if (!vb_xml_take_number(node, name, (uint64_t) min, (uint64_t) max, &value, error))
                return false;
        if (value != UINT64_MAX)
                *ret = (int) value;
        return true;
}

bool vb_xml_take_uint32(VbXmlNode *node, const char *name, uint32_t min, uint32_t max, uint32_t *ret,
                        GError **error)
{
        uint64_t value = UINT64_MAX;

        if (!vb_xml_take_number(node, name, min, max, &value, error))
                return false;
        if (value != UINT64_MAX)
                *ret = (uint32_t) value;
        return true;
}
