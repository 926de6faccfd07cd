/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <memtune>: how much of the host's memory a guest may take. */
#include "conf/section.h"
#include "conf/tuning.h"
#include "util/error.h"

/* clang-format off */
static const VbXmlField memtune_fields[] = {
        VB_XML("hard_limit", CHILD, SIZE, VbMemTune, hard_limit),
        VB_XML("soft_limit", CHILD, SIZE, VbMemTune, soft_limit),
        VB_XML("swap_hard_limit", CHILD, SIZE, VbMemTune, swap_hard_limit),
        { 0 },
};

static bool check_memtune(void *record, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "min_guarantee");

        return !child || vb_xml_error(child, VB_ERROR_UNSUPPORTED, error, "QEMU cannot guarantee memory");
}

static const VbXmlRecord memtune_record = { .size = sizeof(VbMemTune), .fields = memtune_fields, .check = check_memtune };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("memtune", CHILD, RECORD, VbDomainDef, memtune, .record = &memtune_record),
        { 0 },
};
/* clang-format on */

const VbSection vb_section_memtune = {
        .fields = section_fields,
};
