/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <blkiotune>: how much of the host's disks a guest may use. */
#include "conf/section.h"
#include "conf/tuning.h"
#include "util/error.h"

/* clang-format off */
#define LIMIT(name, member) VB_XML(name, CHILD, NUMBER, VbBlockTuneDevice, member)
static const VbXmlField device_fields[] = {
        VB_XML_WITH("path", CHILD, PATH, VbBlockTuneDevice, path, .required = true),
        VB_XML_WITH("weight", CHILD, NUMBER, VbBlockTuneDevice, weight, .max = UINT32_MAX),
        LIMIT("read_iops_sec", read_iops),
        LIMIT("write_iops_sec", write_iops),
        LIMIT("read_bytes_sec", read_bytes),
        LIMIT("write_bytes_sec", write_bytes),
        { 0 },
};
static const VbXmlRecord device_record = { .size = sizeof(VbBlockTuneDevice), .fields = device_fields };

static const VbXmlField blkiotune_fields[] = {
        VB_XML_WITH("weight", CHILD, NUMBER, VbBlockTune, weight, .max = UINT32_MAX),
        VB_XML_WITH("device", CHILD, LIST, VbBlockTune, devices, .record = &device_record),
        { 0 },
};

static bool check_devices(void *record, VbXmlNode *node, GError **error)
{
        const GPtrArray *devices = ((VbBlockTune *) record)->devices;

        for (guint i = 0; i < vb_list_length(devices); i++)
                for (guint other = 0; other < i; other++) {
                        const VbBlockTuneDevice *device = devices->pdata[i];

                        if (g_str_equal(((VbBlockTuneDevice *) devices->pdata[other])->path, device->path))
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, device->line,
                                                       "<device>: there is another one with the path '%s'",
                                                       device->path);
                }
        return true;
}

static const VbXmlRecord blkiotune_record = { .size = sizeof(VbBlockTune), .fields = blkiotune_fields, .check = check_devices };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("blkiotune", CHILD, RECORD, VbDomainDef, blkiotune, .record = &blkiotune_record),
        { 0 },
};
/* clang-format on */

const VbSection vb_section_blkiotune = {
        .fields = section_fields,
};
