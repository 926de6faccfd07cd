/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <resource>: where on the host a guest is accounted for. */
#include "conf/section.h"
#include "conf/tuning.h"

/* clang-format off */
static const VbXmlField fibrechannel_fields[] = {
        VB_XML_WITH("appid", ATTRIBUTE, STRING, VbFibreChannel, appid, .required = true),
        { 0 },
};
static const VbXmlRecord fibrechannel_record = { .size = sizeof(VbFibreChannel), .fields = fibrechannel_fields };

static const VbXmlField resource_fields[] = {
        VB_XML("partition", CHILD, PATH, VbResource, partition),
        VB_XML_WITH("fibrechannel", CHILD, RECORD, VbResource, fibrechannel, .record = &fibrechannel_record),
        { 0 },
};
static const VbXmlRecord resource_record = { .size = sizeof(VbResource), .fields = resource_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("resource", CHILD, RECORD, VbDomainDef, resource, .record = &resource_record),
        { 0 },
};
/* clang-format on */

const VbSection vb_section_resource = {
        .fields = section_fields,
};
