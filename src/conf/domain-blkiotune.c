/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <blkiotune>: how much of the host's disks a guest may use. */
#include "conf/section.h"
#include "conf/tuning.h"

/* clang-format off */
#define LIMIT(name, member) VB_XML(name, CHILD, NUMBER, VbBlockTuneDevice, member)
static const VbXmlField device_fields[] = {
        VB_XML_WITH("path", CHILD, PATH, VbBlockTuneDevice, path, .required = true),
        LIMIT("weight", weight),
        LIMIT("read_iops_sec", read_iops),
        LIMIT("write_iops_sec", write_iops),
        LIMIT("read_bytes_sec", read_bytes),
        LIMIT("write_bytes_sec", write_bytes),
        { 0 },
};
static const VbXmlRecord device_record = { .size = sizeof(VbBlockTuneDevice), .fields = device_fields };

static const VbXmlField blkiotune_fields[] = {
        VB_XML("weight", CHILD, NUMBER, VbBlockTune, weight),
        VB_XML_WITH("device", CHILD, LIST, VbBlockTune, devices, .record = &device_record),
        { 0 },
};
static const VbXmlRecord blkiotune_record = { .size = sizeof(VbBlockTune), .fields = blkiotune_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("blkiotune", CHILD, RECORD, VbDomainDef, blkiotune, .record = &blkiotune_record),
        { 0 },
};
/* clang-format on */

const VbSection vb_section_blkiotune = {
        .fields = section_fields,
};
