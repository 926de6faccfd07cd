/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The fixed lists of words that a domain's life is told in. Each has its text in one table in words.c; the interface
 * XML documents them. */

typedef enum {
        VB_STATE_SHUTOFF,
        VB_STATE_STARTING,
        VB_STATE_RUNNING,
        VB_STATE_PAUSED,
        VB_STATE_SUSPENDED_BY_GUEST,
        VB_STATE_STOPPING,
        VB_STATE_CRASHED,
        VB_STATE_INCOMING,
        _VB_STATE_MAX,
} VbState;

typedef enum {
        VB_EVENT_DEFINED,
        VB_EVENT_UNDEFINED,
        VB_EVENT_STARTED,
        VB_EVENT_SUSPENDED,
        VB_EVENT_RESUMED,
        VB_EVENT_SUSPENDED_BY_GUEST,
        VB_EVENT_WOKEN,
        VB_EVENT_REBOOTED,
        VB_EVENT_SHUTDOWN,
        VB_EVENT_CRASHED,
        VB_EVENT_STOPPED,
        _VB_EVENT_MAX,
} VbEvent;

/* Details of events, and reasons of states. */
typedef enum {
        VB_DETAIL_UNKNOWN,
        VB_DETAIL_DEFINED,
        VB_DETAIL_ADDED,
        VB_DETAIL_UPDATED,
        VB_DETAIL_MADE_PERSISTENT,
        VB_DETAIL_REMOVED,
        VB_DETAIL_MADE_TRANSIENT,
        VB_DETAIL_BOOTED,
        VB_DETAIL_REQUESTED,
        VB_DETAIL_START_PAUSED,
        VB_DETAIL_IO_ERROR,
        VB_DETAIL_WATCHDOG,
        VB_DETAIL_GUEST_SHUTDOWN,
        VB_DETAIL_EMULATOR,
        VB_DETAIL_RAM,
        VB_DETAIL_GUEST,
        VB_DETAIL_PANICKED,
        VB_DETAIL_SHUTDOWN,
        VB_DETAIL_POWERED_OFF,
        VB_DETAIL_CRASHED,
        VB_DETAIL_FAILED,
        VB_DETAIL_LOST,
        VB_DETAIL_SAVING,
        VB_DETAIL_SAVED,
        VB_DETAIL_SAVE_CANCELED,
        VB_DETAIL_RESTORED,
        _VB_DETAIL_MAX,
} VbDetail;

const char *vb_state_to_string(VbState state);
const char *vb_event_to_string(VbEvent event);
const char *vb_detail_to_string(VbDetail detail);

/* False, and *ret untouched, for a word that is not one. */
bool vb_state_from_string(const char *text, VbState *ret);
bool vb_detail_from_string(const char *text, VbDetail *ret);
