/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that several parts of a definition have, in and out. */
#include "conf/domain-values.h"

#include <string.h>

#include "util/error.h"

/* A guest physical address has at most 52 bits. */
#define MEMORY_MAX (1ULL << 52)
#define PATH_LENGTH_MAX 4095
#define IDENTIFIER_LENGTH_MAX 64
#define IDENTIFIER_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.+"

void vb_xml_take_text_child(VbXmlNode *parent, const char *name, char **ret)
{
        VbXmlNode *child = vb_xml_take_child(parent, name);
        const char *text = child ? vb_xml_take_text_verbatim(child) : "";

        *ret = *text != '\0' ? g_strdup(text) : NULL;
}

bool vb_xml_is_path(const char *text)
{
        return *text == '/' && strlen(text) <= PATH_LENGTH_MAX;
}

bool vb_xml_take_path_child(VbXmlNode *parent, const char *name, char **ret, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(parent, name);
        const char *text = child ? vb_xml_take_text(child) : "";

        if (*text == '\0')
                return true;
        if (!vb_xml_is_path(text))
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                    "this is not an absolute path of at most %d bytes", PATH_LENGTH_MAX);
        *ret = g_strdup(text);
        return true;
}

bool vb_xml_is_identifier(const char *text)
{
        return *text != '\0' && strlen(text) <= IDENTIFIER_LENGTH_MAX &&
               strspn(text, IDENTIFIER_CHARACTERS) == strlen(text);
}

bool vb_xml_take_identifier(VbXmlNode *node, const char *name, char **ret, GError **error)
{
        const char *text = vb_xml_take_attribute(node, name);

        if (!text || *text == '\0')
                return true;
        if (!vb_xml_is_identifier(text))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not made of up to %d letters, digits and '-_.+'", name, text,
                                    IDENTIFIER_LENGTH_MAX);
        *ret = g_strdup(text);
        return true;
}

uint64_t vb_unit_bytes(const char *unit)
{
        static const char letters[] = "kmgtpe";
        const char *letter;
        uint64_t base, bytes = 1;

        if (g_ascii_strcasecmp(unit, "b") == 0 || g_ascii_strcasecmp(unit, "byte") == 0 ||
            g_ascii_strcasecmp(unit, "bytes") == 0)
                return 1;
        if (unit[0] != '\0' && (unit[1] == '\0' || g_ascii_strcasecmp(unit + 1, "ib") == 0))
                base = 1024;
        else if (unit[0] != '\0' && g_ascii_strcasecmp(unit + 1, "b") == 0)
                base = 1000;
        else
                return 0;
        letter = strchr(letters, g_ascii_tolower(unit[0]));
        if (!letter)
                return 0;
        for (const char *at = letters; at <= letter; at++)
                bytes *= base;
        return bytes;
}

bool vb_xml_scale(VbXmlNode *node, uint64_t number, const char *unit, uint64_t *ret, GError **error)
{
        uint64_t factor = vb_unit_bytes(unit ? unit : "KiB");

        if (factor == 0)
                return vb_xml_error(
                        node, VB_ERROR_INVALID_XML, error,
                        "unit='%s' is not known; accepted: bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, "
                        "PiB, EB, EiB",
                        unit);
        if (number > MEMORY_MAX / factor)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%" G_GUINT64_FORMAT " %s is more than any guest can have", number,
                                    unit ? unit : "KiB");
        *ret = number * factor;
        return true;
}

bool vb_xml_read_size(VbXmlNode *node, const char *text, uint64_t *ret, GError **error)
{
        const char *unit = vb_xml_take_attribute(node, "unit");
        guint64 number = 0;
        uint64_t bytes = 0;

        if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT64, &number, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not a positive number", text);
        if (!vb_xml_scale(node, number, unit, &bytes, error))
                return false;
        *ret = (bytes + 1023) / 1024 * 1024;
        return true;
}

bool vb_xml_take_size(VbXmlNode *node, uint64_t *ret, GError **error)
{
        return vb_xml_read_size(node, vb_xml_take_text(node), ret, error);
}

bool vb_xml_take_size_or_none(VbXmlNode *node, uint64_t *ret, GError **error)
{
        const char *text = vb_xml_take_text(node);
        uint64_t bytes;

        if (*text == '\0' || strspn(text, "0") != strlen(text))
                return vb_xml_read_size(node, text, ret, error);
        if (!vb_xml_read_size(node, "1", &bytes, error))
                return false;
        *ret = 0;
        return true;
}

void vb_xml_size_element(VbXmlWriter *writer, const char *element, uint64_t bytes)
{
        char text[24];

        if (bytes == 0)
                return;
        g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, bytes / 1024);
        vb_xml_open(writer, element);
        vb_xml_attribute(writer, "unit", "KiB");
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}
