/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <cputune>: which of the host's processors a guest runs on, and how much of them. */
#include "conf/cpuset.h"
#include "conf/iothreads.h"
#include "conf/section.h"
#include "conf/tuning.h"
#include "util/error.h"

/* The kernel's limits; periods and quotas are microseconds. */
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define PERIOD_MIN 1000
#define PERIOD_MAX 1000000
#define QUOTA_MIN 1000
#define QUOTA_MAX 17592186044415

static const char *const schedulers[] = { NULL, "fifo", "rr", "batch", "idle", NULL };
static const char *const cache_types[] = { NULL, "both", "code", "data", NULL };

/* clang-format off */
static const VbXmlField vcpu_pin_fields[] = {
        VB_XML_WITH("vcpu", ATTRIBUTE, NUMBER, VbVcpuPin, vcpu, .required = true, .max = VB_CPUSET_SIZE - 1),
        VB_XML_WITH("cpuset", ATTRIBUTE, CPUSET, VbVcpuPin, cpuset, .required = true),
        { 0 },
};
static const VbXmlRecord vcpu_pin_record = { .size = sizeof(VbVcpuPin), .fields = vcpu_pin_fields };

static const VbXmlField iothread_pin_fields[] = {
        VB_XML_WITH("iothread", ATTRIBUTE, NUMBER, VbIothreadPin, iothread, .required = true, .min = 1, .max = UINT32_MAX),
        VB_XML_WITH("cpuset", ATTRIBUTE, CPUSET, VbIothreadPin, cpuset, .required = true),
        { 0 },
};
static const VbXmlRecord iothread_pin_record = { .size = sizeof(VbIothreadPin), .fields = iothread_pin_fields };

static const VbXmlField emulator_pin_fields[] = {
        VB_XML_WITH("cpuset", ATTRIBUTE, CPUSET, VbEmulatorPin, cpuset, .required = true),
        { 0 },
};
static const VbXmlRecord emulator_pin_record = { .size = sizeof(VbEmulatorPin), .fields = emulator_pin_fields };

static bool check_schedule(void *record, VbXmlNode *node, GError **error)
{
        VbSchedule *schedule = record;
        bool realtime = schedule->scheduler == VB_SCHEDULER_FIFO || schedule->scheduler == VB_SCHEDULER_RR;

        if (realtime && !schedule->priority.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'priority' is missing");
        if (!realtime)
                schedule->priority.given = false;
        return true;
}

#define SCHEDULE_FIELDS                                                                                      \
        VB_XML_WITH("scheduler", ATTRIBUTE, WORD, VbSchedule, scheduler, .words = schedulers, .required = true), \
        VB_XML_WITH("priority", ATTRIBUTE, NUMBER, VbSchedule, priority, .min = 1, .max = 99),               \
        { 0 },
static const VbXmlField vcpu_schedule_fields[] = {
        VB_XML_WITH("vcpus", ATTRIBUTE, CPUSET, VbSchedule, ids, .required = true), SCHEDULE_FIELDS
};
static const VbXmlField iothread_schedule_fields[] = {
        VB_XML_WITH("iothreads", ATTRIBUTE, CPUSET, VbSchedule, ids, .required = true), SCHEDULE_FIELDS
};
static const VbXmlField emulator_schedule_fields[] = { SCHEDULE_FIELDS };
static const VbXmlRecord vcpu_schedule_record = {
        .size = sizeof(VbSchedule), .fields = vcpu_schedule_fields, .check = check_schedule,
};
static const VbXmlRecord iothread_schedule_record = {
        .size = sizeof(VbSchedule), .fields = iothread_schedule_fields, .check = check_schedule,
};
static const VbXmlRecord emulator_schedule_record = {
        .size = sizeof(VbSchedule), .fields = emulator_schedule_fields, .check = check_schedule,
};

static const VbXmlField cache_share_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbCacheShare, id, .required = true, .max = UINT32_MAX),
        VB_XML_WITH("level", ATTRIBUTE, NUMBER, VbCacheShare, level, .required = true, .min = 1, .max = 4),
        VB_XML_WITH("type", ATTRIBUTE, WORD, VbCacheShare, type, .words = cache_types, .required = true),
        VB_XML_WITH("size", ATTRIBUTE, SIZE, VbCacheShare, size, .required = true),
        { 0 },
};
static const VbXmlRecord cache_share_record = { .size = sizeof(VbCacheShare), .fields = cache_share_fields };

static const VbXmlField cache_monitor_fields[] = {
        VB_XML_WITH("level", ATTRIBUTE, NUMBER, VbCacheMonitor, level, .required = true, .min = 1, .max = 4),
        VB_XML_WITH("vcpus", ATTRIBUTE, CPUSET, VbCacheMonitor, vcpus, .required = true),
        { 0 },
};
static const VbXmlRecord cache_monitor_record = { .size = sizeof(VbCacheMonitor), .fields = cache_monitor_fields };

static const VbXmlField cache_tune_fields[] = {
        VB_XML_WITH("vcpus", ATTRIBUTE, CPUSET, VbCacheTune, vcpus, .required = true),
        VB_XML("id", ATTRIBUTE, STRING, VbCacheTune, id),
        VB_XML_WITH("cache", CHILD, LIST, VbCacheTune, caches, .record = &cache_share_record),
        VB_XML_WITH("monitor", CHILD, LIST, VbCacheTune, monitors, .record = &cache_monitor_record),
        { 0 },
};
static const VbXmlRecord cache_tune_record = { .size = sizeof(VbCacheTune), .fields = cache_tune_fields };

static const VbXmlField bandwidth_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbBandwidthShare, id, .required = true, .max = UINT32_MAX),
        VB_XML_WITH("bandwidth", ATTRIBUTE, NUMBER, VbBandwidthShare, bandwidth, .required = true, .max = UINT32_MAX),
        { 0 },
};
static const VbXmlRecord bandwidth_record = { .size = sizeof(VbBandwidthShare), .fields = bandwidth_fields };

static const VbXmlField bandwidth_monitor_fields[] = {
        VB_XML_WITH("vcpus", ATTRIBUTE, CPUSET, VbCacheMonitor, vcpus, .required = true),
        { 0 },
};
static const VbXmlRecord bandwidth_monitor_record = {
        .size = sizeof(VbCacheMonitor), .fields = bandwidth_monitor_fields,
};

static const VbXmlField memory_tune_fields[] = {
        VB_XML_WITH("vcpus", ATTRIBUTE, CPUSET, VbMemoryBandwidthTune, vcpus, .required = true),
        VB_XML_WITH("node", CHILD, LIST, VbMemoryBandwidthTune, nodes, .record = &bandwidth_record),
        VB_XML_WITH("monitor", CHILD, LIST, VbMemoryBandwidthTune, monitors, .record = &bandwidth_monitor_record),
        { 0 },
};
static const VbXmlRecord memory_tune_record = {
        .size = sizeof(VbMemoryBandwidthTune), .fields = memory_tune_fields,
};

#define PERIOD(name, member) VB_XML_WITH(name, CHILD, NUMBER, VbCpuTune, member, .min = PERIOD_MIN, .max = PERIOD_MAX)
#define QUOTA(name, member) VB_XML_WITH(name, CHILD, INTEGER, VbCpuTune, member, .min = -1, .max = QUOTA_MAX)
static const VbXmlField cputune_fields[] = {
        VB_XML_WITH("shares", CHILD, NUMBER, VbCpuTune, shares, .min = SHARES_MIN, .max = SHARES_MAX),
        PERIOD("period", period),
        QUOTA("quota", quota),
        PERIOD("global_period", global_period),
        QUOTA("global_quota", global_quota),
        PERIOD("emulator_period", emulator_period),
        QUOTA("emulator_quota", emulator_quota),
        PERIOD("iothread_period", iothread_period),
        QUOTA("iothread_quota", iothread_quota),
        VB_XML_WITH("vcpupin", CHILD, LIST, VbCpuTune, vcpu_pins, .record = &vcpu_pin_record),
        VB_XML_WITH("emulatorpin", CHILD, RECORD, VbCpuTune, emulator_pin, .record = &emulator_pin_record),
        VB_XML_WITH("iothreadpin", CHILD, LIST, VbCpuTune, iothread_pins, .record = &iothread_pin_record),
        VB_XML_WITH("vcpusched", CHILD, LIST, VbCpuTune, vcpu_schedules, .record = &vcpu_schedule_record),
        VB_XML_WITH("iothreadsched", CHILD, LIST, VbCpuTune, iothread_schedules, .record = &iothread_schedule_record),
        VB_XML_WITH("emulatorsched", CHILD, RECORD, VbCpuTune, emulator_schedule, .record = &emulator_schedule_record),
        VB_XML_WITH("cachetune", CHILD, LIST, VbCpuTune, caches, .record = &cache_tune_record),
        VB_XML_WITH("memorytune", CHILD, LIST, VbCpuTune, memory, .record = &memory_tune_record),
        { 0 },
};

static bool check_cputune(void *record, VbXmlNode *node, GError **error)
{
        const VbCpuTune *tune = record;
        const VbNumber quotas[] = { tune->quota, tune->global_quota, tune->emulator_quota, tune->iothread_quota };

        for (gsize i = 0; i < G_N_ELEMENTS(quotas); i++)
                if (quotas[i].given && (int64_t) quotas[i].value != -1 && quotas[i].value != 0 &&
                    quotas[i].value < QUOTA_MIN)
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "a quota is -1, 0 or at least %d microseconds", QUOTA_MIN);
        for (guint i = 0; i < vb_list_length(tune->vcpu_pins); i++)
                for (guint other = 0; other < i; other++) {
                        const VbVcpuPin *a = tune->vcpu_pins->pdata[i], *b = tune->vcpu_pins->pdata[other];

                        if (a->vcpu.value == b->vcpu.value)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, a->line,
                                                       "<vcpupin>: vcpu='%u' is given twice",
                                                       (guint) a->vcpu.value);
                }
        return true;
}

static const VbXmlRecord cputune_record = { .size = sizeof(VbCpuTune), .fields = cputune_fields, .check = check_cputune };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("cputune", CHILD, RECORD, VbDomainDef, cputune, .record = &cputune_record),
        { 0 },
};
/* clang-format on */

static bool has_vcpu(const VbDomainDef *def, guint id)
{
        return id < def->vcpus_max;
}

static bool has_iothread(const VbDomainDef *def, guint id)
{
        return vb_iothreads_find(def->iothreads, id) != NULL;
}

static const struct {
        const char *element, *attribute;
        gsize offset; /* of the list of VbSchedule in VbCpuTune */
        bool (*has)(const VbDomainDef *def, guint id);
        const char *missing;
} schedules[] = {
        { "vcpusched", "vcpus", G_STRUCT_OFFSET(VbCpuTune, vcpu_schedules), has_vcpu,
          "the guest has no processor" },
        { "iothreadsched", "iothreads", G_STRUCT_OFFSET(VbCpuTune, iothread_schedules), has_iothread,
          "<iothreads> and <iothreadids> have no thread" },
};

/* Each says something of threads that there are, and no two of the same. */
static bool check_schedules(const VbDomainDef *def, gsize row, GError **error)
{
        const GPtrArray *list = G_STRUCT_MEMBER(GPtrArray *, def->cputune, schedules[row].offset);
        VbCpuset all = { 0 };

        for (guint i = 0; i < vb_list_length(list); i++) {
                const VbSchedule *schedule = list->pdata[i];
                VbCpuset ids;

                vb_cpuset_parse(schedule->ids, &ids);
                if (vb_cpuset_overlaps(&all, &ids))
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, schedule->line,
                                               "<%s>: %s='%s' has some that another one has",
                                               schedules[row].element, schedules[row].attribute,
                                               schedule->ids);
                for (guint id = 0; id <= vb_cpuset_last(&ids); id++)
                        if (vb_cpuset_has(&ids, id) && !schedules[row].has(def, id))
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, schedule->line,
                                                       "<%s>: %s='%s': %s '%u'", schedules[row].element,
                                                       schedules[row].attribute, schedule->ids,
                                                       schedules[row].missing, id);
                for (gsize word = 0; word < G_N_ELEMENTS(all.words); word++)
                        all.words[word] |= ids.words[word];
        }
        return true;
}

/* What is said of a thread is for one that there is. */
static bool check_iothread_pins(const VbDomainDef *def, GError **error)
{
        const GPtrArray *pins = def->cputune->iothread_pins;

        for (guint i = 0; i < vb_list_length(pins); i++) {
                const VbIothreadPin *pin = pins->pdata[i];

                if (!has_iothread(def, (guint) pin->iothread.value))
                        return vb_error_set_at(
                                error, VB_ERROR_INVALID_XML, pin->line,
                                "<iothreadpin>: <iothreads> and <iothreadids> have no thread '%u'",
                                (guint) pin->iothread.value);
                for (guint other = 0; other < i; other++)
                        if (((VbIothreadPin *) pins->pdata[other])->iothread.value == pin->iothread.value)
                                return vb_error_set_at(error, VB_ERROR_INVALID_XML, pin->line,
                                                       "<iothreadpin>: iothread='%u' is given twice",
                                                       (guint) pin->iothread.value);
        }
        return true;
}

static bool complete_cputune(VbCompletion *completion, GError **error)
{
        const VbDomainDef *def = completion->def;

        if (!def->cputune)
                return true;
        for (gsize row = 0; row < G_N_ELEMENTS(schedules); row++)
                if (!check_schedules(def, row, error))
                        return false;
        return check_iothread_pins(def, error);
}

const VbSection vb_section_cputune = {
        .fields = section_fields,
        .complete = complete_cputune,
};
