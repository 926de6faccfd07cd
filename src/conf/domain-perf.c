/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <perf>: what is counted of a guest while it runs. */
#include "conf/section.h"
#include "conf/tuning.h"
#include "util/error.h"

static const char *const names[] = {
        NULL,
        "cmt",
        "mbmt",
        "mbml",
        "cpu_cycles",
        "instructions",
        "cache_references",
        "cache_misses",
        "branch_instructions",
        "branch_misses",
        "bus_cycles",
        "stalled_cycles_frontend",
        "stalled_cycles_backend",
        "ref_cpu_cycles",
        "cpu_clock",
        "task_clock",
        "page_faults",
        "context_switches",
        "cpu_migrations",
        "page_faults_min",
        "page_faults_maj",
        "alignment_faults",
        "emulation_faults",
        NULL,
};

/* clang-format off */
static const VbXmlField event_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, WORD, VbPerfEvent, name, .words = names, .required = true),
        VB_XML_WITH("enabled", ATTRIBUTE, YES_NO, VbPerfEvent, enabled, .required = true),
        { 0 },
};
static const VbXmlRecord event_record = { .size = sizeof(VbPerfEvent), .fields = event_fields };

static const VbXmlField perf_fields[] = {
        VB_XML_WITH("event", CHILD, LIST, VbPerf, events, .record = &event_record),
        { 0 },
};

static bool check_perf(void *record, VbXmlNode *node, GError **error)
{
        const VbPerf *perf = record;

        for (guint i = 0; i < vb_list_length(perf->events); i++)
                for (guint other = 0; other < i; other++) {
                        const VbPerfEvent *a = perf->events->pdata[i], *b = perf->events->pdata[other];

                        if (a->name == b->name)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, a->line,
                                                       "<event>: name='%s' is given twice", names[a->name]);
                }
        return true;
}

static const VbXmlRecord perf_record = { .size = sizeof(VbPerf), .fields = perf_fields, .check = check_perf };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("perf", CHILD, RECORD, VbDomainDef, perf, .record = &perf_record),
        { 0 },
};
/* clang-format on */

const VbSection vb_section_perf = {
        .fields = section_fields,
};
