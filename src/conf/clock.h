/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <clock>. https://libvirt.org/formatdomain.html#time-keeping */

typedef enum {
        VB_CLOCK_UTC = 1,
        VB_CLOCK_LOCALTIME,
        VB_CLOCK_VARIABLE,
        VB_CLOCK_TIMEZONE,
        VB_CLOCK_ABSOLUTE,
} VbClockOffset;
typedef enum { VB_CLOCK_BASIS_UTC = 1, VB_CLOCK_BASIS_LOCALTIME } VbClockBasis;

typedef enum {
        VB_TIMER_PLATFORM = 1,
        VB_TIMER_PIT,
        VB_TIMER_RTC,
        VB_TIMER_HPET,
        VB_TIMER_TSC,
        VB_TIMER_KVMCLOCK,
        VB_TIMER_HYPERVCLOCK,
        VB_TIMER_ARMVTIMER,
} VbTimerName;
typedef enum { VB_TICK_DELAY = 1, VB_TICK_CATCHUP, VB_TICK_MERGE, VB_TICK_DISCARD } VbTickPolicy;
typedef enum { VB_TRACK_BOOT = 1, VB_TRACK_GUEST, VB_TRACK_WALL, VB_TRACK_REALTIME } VbTimerTrack;

typedef struct {
        int line;
        VbNumber threshold, slew, limit;
} VbTimerCatchup;

typedef struct {
        int line;
        int name, tick_policy, track, mode;
        VbTristate present;
        VbNumber frequency;
        VbTimerCatchup *catchup;
} VbTimer;

typedef struct {
        int line;
        int offset;
        char *adjustment; /* seconds with a sign, or "reset" */
        int basis;
        char *timezone;
        VbNumber start; /* seconds since 1970 */
        GPtrArray *timers;
} VbClock;

/* The first timer of that name, NULL if there is none. */
const VbTimer *vb_clock_find_timer(const VbClock *clock, VbTimerName name);
/* Seconds of a clock of variable offset. */
int64_t vb_clock_adjustment(const VbClock *clock);
