/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of the words, as they stand on the bus and in the status file. */
#include "domain/words.h"

#include <assert.h>
#include <glib.h>

static const char *const states[] = {
        [VB_STATE_SHUTOFF] = "shutoff",
        [VB_STATE_STARTING] = "starting",
        [VB_STATE_RUNNING] = "running",
        [VB_STATE_PAUSED] = "paused",
        [VB_STATE_SUSPENDED_BY_GUEST] = "suspended-by-guest",
        [VB_STATE_STOPPING] = "stopping",
        [VB_STATE_CRASHED] = "crashed",
        [VB_STATE_INCOMING] = "incoming",
};
static_assert(G_N_ELEMENTS(states) == _VB_STATE_MAX, "a state has no text");

static const char *const events[] = {
        [VB_EVENT_DEFINED] = "defined",
        [VB_EVENT_UNDEFINED] = "undefined",
        [VB_EVENT_STARTED] = "started",
        [VB_EVENT_SUSPENDED] = "suspended",
        [VB_EVENT_RESUMED] = "resumed",
        [VB_EVENT_SUSPENDED_BY_GUEST] = "suspended-by-guest",
        [VB_EVENT_WOKEN] = "woken",
        [VB_EVENT_REBOOTED] = "rebooted",
        [VB_EVENT_SHUTDOWN] = "shutdown",
        [VB_EVENT_CRASHED] = "crashed",
        [VB_EVENT_STOPPED] = "stopped",
};
static_assert(G_N_ELEMENTS(events) == _VB_EVENT_MAX, "an event has no text");

static const char *const details[] = {
        [VB_DETAIL_UNKNOWN] = "unknown",
        [VB_DETAIL_DEFINED] = "defined",
        [VB_DETAIL_ADDED] = "added",
        [VB_DETAIL_UPDATED] = "updated",
        [VB_DETAIL_MADE_PERSISTENT] = "made-persistent",
        [VB_DETAIL_REMOVED] = "removed",
        [VB_DETAIL_MADE_TRANSIENT] = "made-transient",
        [VB_DETAIL_BOOTED] = "booted",
        [VB_DETAIL_REQUESTED] = "requested",
        [VB_DETAIL_START_PAUSED] = "start-paused",
        [VB_DETAIL_IO_ERROR] = "io-error",
        [VB_DETAIL_WATCHDOG] = "watchdog",
        [VB_DETAIL_GUEST_SHUTDOWN] = "guest-shutdown",
        [VB_DETAIL_EMULATOR] = "emulator",
        [VB_DETAIL_RAM] = "ram",
        [VB_DETAIL_GUEST] = "guest",
        [VB_DETAIL_PANICKED] = "panicked",
        [VB_DETAIL_SHUTDOWN] = "shutdown",
        [VB_DETAIL_POWERED_OFF] = "powered-off",
        [VB_DETAIL_CRASHED] = "crashed",
        [VB_DETAIL_FAILED] = "failed",
        [VB_DETAIL_LOST] = "lost",
        [VB_DETAIL_SAVING] = "saving",
        [VB_DETAIL_SAVED] = "saved",
        [VB_DETAIL_SAVE_CANCELED] = "save-canceled",
        [VB_DETAIL_RESTORED] = "restored",
};
static_assert(G_N_ELEMENTS(details) == _VB_DETAIL_MAX, "a detail has no text");

const char *vb_state_to_string(VbState state)
{
        return states[state];
}

const char *vb_event_to_string(VbEvent event)
{
        return events[event];
}

const char *vb_detail_to_string(VbDetail detail)
{
        return details[detail];
}

static bool find_word(const char *const *words, int n_words, const char *text, int *ret)
{
        for (int i = 0; i < n_words; i++)
                if (g_str_equal(words[i], text)) {
                        *ret = i;
                        return true;
                }
        return false;
}

bool vb_state_from_string(const char *text, VbState *ret)
{
        int i;

        if (!find_word(states, G_N_ELEMENTS(states), text, &i))
                return false;
        *ret = (VbState) i;
        return true;
}

bool vb_detail_from_string(const char *text, VbDetail *ret)
{
        int i;

        if (!find_word(details, G_N_ELEMENTS(details), text, &i))
                return false;
        *ret = (VbDetail) i;
        return true;
}
