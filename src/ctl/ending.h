/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/bus.h"

/* How domains are ended: they are saved, or their power buttons pressed, and their plugs pulled when they are not off in
 * time. Nothing here waits for an answer, so that a domain that hangs takes no time from the others. */
typedef struct VbCtlEnding VbCtlEnding;

/* What is to be done, by VIRTBUS_SHUTDOWN_SECONDS and VIRTBUS_ON_SHUTDOWN. */
typedef struct {
        uint64_t patience_usec; /* that guests have */
        bool save;              /* those that can be */
} VbCtlEndingWish;

bool vb_ctl_ending_read(VbCtlEndingWish *ret, GError **error);

/* The time runs from here on. The connection must be attached to a loop; it and @ctl must outlive the result.
 */
VbCtlEnding *vb_ctl_ending_new(VbCtl *ctl, const VbCtlEndingWish *wish);
void vb_ctl_ending_free(VbCtlEnding *ending);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbCtlEnding, vb_ctl_ending_free)

/* Saves a domain that runs, if that is wished for and can be done; else presses its button, or pulls its
 * plug where it has none, or when the time is over. To be called at every look: what failed is tried again,
 * and the button is pressed once more at intervals, for a guest that was not ready to hear it. */
void vb_ctl_ending_act(VbCtlEnding *ending, const char *path);

/* No more patience. */
void vb_ctl_ending_hurry(VbCtlEnding *ending);
/* How long the time has been over; negative: it is not. */
int64_t vb_ctl_ending_overdue_usec(const VbCtlEnding *ending);

/* By path, each domain's state; NULL with an error while the service is away. */
GHashTable *vb_ctl_read_states(VbCtl *ctl, GError **error);
/* NULL: there is no such domain any more. */
bool vb_ctl_is_off(const char *state);
