/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <pm>: which states of sleep the firmware offers. */
#include "conf/pm.h"
#include "conf/section.h"

/* clang-format off */
static const VbXmlField suspend_fields[] = {
        VB_XML("enabled", ATTRIBUTE, YES_NO, VbSuspend, enabled),
        { 0 },
};
static const VbXmlRecord suspend_record = { .size = sizeof(VbSuspend), .fields = suspend_fields };

static const VbXmlField pm_fields[] = {
        VB_XML_WITH("suspend-to-mem", CHILD, RECORD, VbPm, to_memory, .record = &suspend_record),
        VB_XML_WITH("suspend-to-disk", CHILD, RECORD, VbPm, to_disk, .record = &suspend_record),
        { 0 },
};
static const VbXmlRecord pm_record = { .size = sizeof(VbPm), .fields = pm_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("pm", CHILD, RECORD, VbDomainDef, pm, .record = &pm_record),
        { 0 },
};
/* clang-format on */

const VbSection vb_section_pm = {
        .fields = section_fields,
};
