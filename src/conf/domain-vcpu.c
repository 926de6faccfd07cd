/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many processors a guest has: <vcpu>. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

#define VCPUS_MAX 8192

static bool parse_vcpus(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        static const char *const placements[] = { "static" };
        VbXmlNode *node = vb_xml_take_child(root, "vcpu");
        const char *text;
        guint64 number = 0;
        int placement = 0;

        if (!node)
                return true;
        text = vb_xml_take_text(node);
        if (!vb_xml_take_word(node, "placement", placements, G_N_ELEMENTS(placements), "auto", &placement,
                              error))
                return false;
        if (!g_ascii_string_to_unsigned(text, 10, 1, VCPUS_MAX, &number, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not a number from 1 to %d",
                                    text, VCPUS_MAX);
        def->vcpus_max = def->vcpus = (uint32_t) number;
        return vb_xml_take_uint32(node, "current", 1, def->vcpus_max, &def->vcpus, error);
}

static void format_vcpus(const VbDomainDef *def, VbXmlWriter *writer)
{
        char text[12];

        g_snprintf(text, sizeof(text), "%u", def->vcpus_max);
        vb_xml_open(writer, "vcpu");
        vb_xml_attribute(writer, "placement", "static");
        if (def->vcpus != def->vcpus_max)
                vb_xml_attribute_number(writer, "current", def->vcpus);
        vb_xml_text(writer, text);
        vb_xml_close(writer);
}

const VbSection vb_section_vcpu = {
        .parse = parse_vcpus,
        .format = format_vcpus,
};
