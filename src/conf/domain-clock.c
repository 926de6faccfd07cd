/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <clock>: the guest's time. */
#include "conf/domain-values.h"
#include "conf/domain-words.h"
#include "conf/section.h"
#include "util/error.h"

static bool parse_clock(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "clock");
        int offset = def->clock;

        if (!node)
                return true;
        if (!vb_xml_take_word(node, "offset", vb_clock_words, _VB_CLOCK_MAX, "absolute timezone variable",
                              &offset, error))
                return false;
        def->clock = (VbClockOffset) offset;
        return true;
}

static void format_clock(const VbDomainDef *def, VbXmlWriter *writer)
{
        vb_xml_open(writer, "clock");
        vb_xml_attribute(writer, "offset", vb_clock_words[def->clock]);
        vb_xml_close(writer);
}

const VbSection vb_section_clock = {
        .parse = parse_clock,
        .format = format_clock,
};
