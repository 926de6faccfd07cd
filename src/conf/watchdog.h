/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum {
        VB_WATCHDOG_I6300ESB,
        VB_WATCHDOG_IB700,
        VB_WATCHDOG_DIAG288,
        VB_WATCHDOG_ITCO, /* part of the ICH9 */
        _VB_WATCHDOG_MAX
} VbWatchdogModel;

/* What becomes of a guest whose watchdog is not fed. */
typedef enum {
        VB_WATCHDOG_RESET,
        VB_WATCHDOG_SHUTDOWN,
        VB_WATCHDOG_POWEROFF,
        VB_WATCHDOG_PAUSE,
        VB_WATCHDOG_DUMP, /* paused, and its memory is written out */
        VB_WATCHDOG_NONE,
        VB_WATCHDOG_INJECT_NMI,
        _VB_WATCHDOG_ACTION_MAX,
} VbWatchdogAction;

/* <watchdog> */
typedef struct {
        VbDevice base;
        VbWatchdogModel model;
        VbWatchdogAction action;
} VbWatchdog;

const char *vb_watchdog_action_to_string(VbWatchdogAction action);

extern const VbDeviceClass vb_watchdog_class;
