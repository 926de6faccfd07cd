/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <clock>: the guest's time, and what it measures time with. */
#include "conf/clock.h"
#include "conf/domain-values.h"
#include "conf/section.h"
#include "util/error.h"

static const char *const offsets[] = { NULL, "utc", "localtime", "variable", "timezone", "absolute", NULL };
static const char *const bases[] = { NULL, "utc", "localtime", NULL };
static const char *const names[] = { NULL,  "platform", "pit",         "rtc",       "hpet",
                                     "tsc", "kvmclock", "hypervclock", "armvtimer", NULL };
static const char *const tick_policies[] = { NULL, "delay", "catchup", "merge", "discard", NULL };
static const char *const tracks[] = { NULL, "boot", "guest", "wall", "realtime", NULL };
static const char *const modes[] = { NULL, "auto", "native", "emulate", "paravirt", "smpsafe", NULL };

/* What QEMU can do with a timer: bits of VbTickPolicy. A name that is not listed is not a timer of its. */
static const struct {
        unsigned policies;
        bool track;
} kinds[] = {
        [VB_TIMER_PIT] = { 1 << VB_TICK_DELAY | 1 << VB_TICK_CATCHUP | 1 << VB_TICK_DISCARD },
        [VB_TIMER_RTC] = { 1 << VB_TICK_DELAY | 1 << VB_TICK_CATCHUP, .track = true },
        [VB_TIMER_HPET] = { ~0U },
        [VB_TIMER_TSC] = { ~0U },
        [VB_TIMER_KVMCLOCK] = { ~0U },
        [VB_TIMER_HYPERVCLOCK] = { ~0U },
        [VB_TIMER_ARMVTIMER] = { 1 << VB_TICK_DELAY | 1 << VB_TICK_DISCARD },
};

static bool check_timer(void *record, VbXmlNode *node, GError **error)
{
        const VbTimer *timer = record;

        if (timer->name == VB_TIMER_PLATFORM)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "QEMU has no timer '%s'",
                                    names[timer->name]);
        if (timer->tick_policy != 0 && !(kinds[timer->name].policies & 1U << timer->tick_policy))
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "the timer '%s' has no tickpolicy='%s'", names[timer->name],
                                    tick_policies[timer->tick_policy]);
        if (timer->track == VB_TRACK_BOOT || timer->track == VB_TRACK_REALTIME)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "track='%s' is not supported; accepted: guest, wall",
                                    tracks[timer->track]);
        if (timer->track != 0 && !kinds[timer->name].track)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "the timer '%s' has no track=''",
                                    names[timer->name]);
        if (timer->frequency.given && timer->name != VB_TIMER_TSC)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "the timer '%s' has no frequency=''",
                                    names[timer->name]);
        if (timer->mode != 0 && timer->name != VB_TIMER_TSC)
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error, "the timer '%s' has no mode=''",
                                    names[timer->name]);
        if (timer->catchup && timer->tick_policy != VB_TICK_CATCHUP)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<catchup> is for tickpolicy='catchup'");
        return true;
}

/* clang-format off */
static const VbXmlField catchup_fields[] = {
        VB_XML_WITH("threshold", ATTRIBUTE, NUMBER, VbTimerCatchup, threshold, .min = 1, .max = UINT32_MAX),
        VB_XML_WITH("slew", ATTRIBUTE, NUMBER, VbTimerCatchup, slew, .min = 1, .max = UINT32_MAX),
        VB_XML_WITH("limit", ATTRIBUTE, NUMBER, VbTimerCatchup, limit, .min = 1, .max = UINT32_MAX),
        { 0 },
};
static const VbXmlRecord catchup_record = { .size = sizeof(VbTimerCatchup), .fields = catchup_fields };

static const VbXmlField timer_fields[] = {
        VB_XML_WITH("name", ATTRIBUTE, WORD, VbTimer, name, .words = names, .required = true),
        VB_XML("present", ATTRIBUTE, YES_NO, VbTimer, present),
        VB_XML_WITH("tickpolicy", ATTRIBUTE, WORD, VbTimer, tick_policy, .words = tick_policies),
        VB_XML_WITH("track", ATTRIBUTE, WORD, VbTimer, track, .words = tracks),
        VB_XML_WITH("frequency", ATTRIBUTE, NUMBER, VbTimer, frequency, .min = 1, .max = INT64_MAX),
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbTimer, mode, .words = modes),
        VB_XML_WITH("catchup", CHILD, RECORD, VbTimer, catchup, .record = &catchup_record),
        { 0 },
};
static const VbXmlRecord timer_record = { .size = sizeof(VbTimer), .fields = timer_fields, .check = check_timer };

static const VbXmlField clock_fields[] = {
        VB_XML_WITH("offset", ATTRIBUTE, WORD, VbClock, offset, .words = offsets),
        VB_XML("adjustment", ATTRIBUTE, STRING, VbClock, adjustment),
        VB_XML_WITH("basis", ATTRIBUTE, WORD, VbClock, basis, .words = bases),
        VB_XML("timezone", ATTRIBUTE, STRING, VbClock, timezone),
        VB_XML("start", ATTRIBUTE, NUMBER, VbClock, start),
        VB_XML_WITH("timer", CHILD, LIST, VbClock, timers, .record = &timer_record),
        { 0 },
};
/* clang-format on */

static bool is_seconds(const char *text)
{
        gint64 seconds;

        return g_ascii_string_to_signed(text, 10, G_MININT32, G_MAXINT32, &seconds, NULL);
}

/* utc and localtime with a number are a clock of variable offset. */
static bool check_clock(void *record, VbXmlNode *node, GError **error)
{
        VbClock *clock = record;

        if (clock->offset == 0)
                clock->offset = VB_CLOCK_UTC;
        if (clock->adjustment && !is_seconds(clock->adjustment) &&
            (!g_str_equal(clock->adjustment, "reset") || clock->offset == VB_CLOCK_VARIABLE))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "adjustment='%s' is not a number of seconds", clock->adjustment);
        if ((clock->offset == VB_CLOCK_UTC || clock->offset == VB_CLOCK_LOCALTIME) && clock->adjustment &&
            is_seconds(clock->adjustment)) {
                clock->basis = clock->offset == VB_CLOCK_UTC ? VB_CLOCK_BASIS_UTC : VB_CLOCK_BASIS_LOCALTIME;
                clock->offset = VB_CLOCK_VARIABLE;
        }
        if (clock->offset == VB_CLOCK_VARIABLE && !clock->adjustment)
                clock->adjustment = g_strdup("0");
        if (clock->offset == VB_CLOCK_VARIABLE && clock->basis == 0)
                clock->basis = VB_CLOCK_BASIS_UTC;
        if (clock->offset == VB_CLOCK_TIMEZONE && !clock->timezone)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'timezone' is missing");
        if (clock->offset == VB_CLOCK_ABSOLUTE && !clock->start.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'start' is missing");
        return true;
}

static const VbXmlRecord clock_record = { .size = sizeof(VbClock),
                                          .fields = clock_fields,
                                          .check = check_clock };

/* clang-format off */
static const VbXmlField section_fields[] = {
        VB_XML_WITH("clock", CHILD, RECORD, VbDomainDef, clock, .record = &clock_record),
        { 0 },
};
/* clang-format on */

static bool parse_clock(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        if (!def->clock) {
                def->clock = vb_xml_record_new(&clock_record);
                def->clock->offset = VB_CLOCK_UTC;
        }
        return true;
}

static bool is_x86(const char *arch)
{
        return g_str_equal(arch, "x86_64") || g_str_equal(arch, "i686");
}

/* Timers are a processor's: an architecture either has them or ARM's. */
static bool complete_clock(VbCompletion *completion, GError **error)
{
        const VbClock *clock = completion->def->clock;
        bool x86 = is_x86(completion->emulator->arch);

        for (guint i = 0; i < vb_list_length(clock->timers); i++) {
                const VbTimer *timer = g_ptr_array_index(clock->timers, i);

                if (timer->name == VB_TIMER_ARMVTIMER && (completion->def->virt_type != VB_VIRT_KVM || x86))
                        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, timer->line,
                                               "<timer>: an armvtimer needs a machine of ARM's, and KVM");
        }
        return true;
}

const VbTimer *vb_clock_find_timer(const VbClock *clock, VbTimerName name)
{
        for (guint i = 0; i < vb_list_length(clock->timers); i++) {
                const VbTimer *timer = g_ptr_array_index(clock->timers, i);

                if (timer->name == (int) name)
                        return timer;
        }
        return NULL;
}

int64_t vb_clock_adjustment(const VbClock *clock)
{
        return clock->adjustment ? g_ascii_strtoll(clock->adjustment, NULL, 10) : 0;
}

const VbSection vb_section_clock = {
        .fields = section_fields,
        .parse = parse_clock,
        .complete = complete_clock,
};
