/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -rtc, and what timers do with ticks that they missed. */
#include "conf/domain-def.h"
#include "qemu/argv-parts.h"
#include "util/error.h"

/* A moment as -rtc takes it. */
static char *moment(int64_t seconds)
{
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

        return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;
}

/* Now and an offset, in UTC or in the time of this host. */
static int64_t adjusted_now(const VbClock *clock)
{
        int64_t now = g_get_real_time() / G_USEC_PER_SEC + vb_clock_adjustment(clock);
        g_autoptr(GDateTime) local = NULL;

        if (clock->basis != VB_CLOCK_BASIS_LOCALTIME)
                return now;
        local = g_date_time_new_now_local();
        return now + g_date_time_get_utc_offset(local) / G_TIME_SPAN_SECOND;
}

/* With a time zone the environment says which, see vb_argv_environment(). */
static char *base_of(const VbClock *clock)
{
        switch ((VbClockOffset) clock->offset) {
        case VB_CLOCK_UTC:
                break;
        case VB_CLOCK_LOCALTIME:
        case VB_CLOCK_TIMEZONE:
                return g_strdup("localtime");
        case VB_CLOCK_VARIABLE:
                return moment(adjusted_now(clock));
        case VB_CLOCK_ABSOLUTE:
                return moment((int64_t) clock->start.value);
        }
        return g_strdup("utc");
}

static bool add_rtc(VbArgv *argv, GError **error)
{
        const VbClock *clock = argv->def->clock;
        const VbTimer *timer = vb_clock_find_timer(clock, VB_TIMER_RTC);
        g_autofree char *base = base_of(clock);
        g_autoptr(GString) value = g_string_new("base=");

        if (!base)
                return vb_error_set_at(error, VB_ERROR_INVALID_XML, clock->line,
                                       "<clock>: this is no time that a guest can start at");
        g_string_append(value, base);
        if (timer && timer->track != 0)
                g_string_append(value, timer->track == VB_TRACK_GUEST ? ",clock=vm" : ",clock=host");
        if (timer && timer->tick_policy == VB_TICK_CATCHUP)
                g_string_append(value, ",driftfix=slew");
        vb_argv_add(argv, "-rtc", value->str);
        return true;
}

/* KVM's PIT catches up unless told otherwise. */
static void add_pit(VbArgv *argv)
{
        const VbTimer *timer = vb_clock_find_timer(argv->def->clock, VB_TIMER_PIT);

        if (!timer || timer->tick_policy == VB_TICK_CATCHUP ||
            !vb_emulator_facts_has_device(argv->context->emulator, "kvm-pit"))
                return;
        vb_argv_add(argv, "-global",
                    timer->tick_policy == VB_TICK_DISCARD ? "kvm-pit.lost_tick_policy=discard"
                                                          : "kvm-pit.lost_tick_policy=delay");
}

bool vb_argv_add_clock(VbArgv *argv, GError **error)
{
        add_pit(argv);
        return add_rtc(argv, error);
}
