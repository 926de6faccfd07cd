/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/guest.h"

/* The file by which a restarted service finds a running guest again (status.json in its room; the definition
 * it runs with is live.xml beside it). */
typedef struct {
        uid_t owner;
        pid_t pid; /* 0: there was no process yet */
        uint64_t start_ticks;
        uint64_t started_usec;
        uint64_t balloon_bytes;
        VbState state;
        VbDetail reason;
        bool ending;
        VbDetail end_reason;
        bool shutdown_requested, reboot_requested;
        VbTransfer transfer;
        bool transfer_runs;
        json_object *marks, *provided; /* borrowed from `object` */
        json_object *grants; /* the same; of a transient domain, whose only record this is, NULL of others */
        json_object *object;
} VbStatus;

bool vb_status_write(VbGuest *guest, GError **error);
/* As it is about to be: a restarted service ends a guest of which it only knows that it was starting. */
bool vb_status_write_as(VbGuest *guest, VbState state, VbDetail reason, GError **error);
/* Before there is a process: so that a start that is cut off can be told from a directory that is not ours.
 */
bool vb_status_write_starting(VbDomain *domain, VbRoom *room, GError **error);
/* The definition that the guest runs with, for a restarted service. */
bool vb_status_write_live(const VbDomain *domain, VbRoom *room, GError **error);
/* Before the guest is changed to run with @next: there is room for that, and it is what is read if it cannot
 * be written once more. Writing the live definition ends this, and so does vb_status_forget_next(). */
bool vb_status_write_next(VbRoom *room, const VbDomainDef *next, GError **error);
void vb_status_forget_next(VbRoom *room);
/* STORAGE for a file that is missing or damaged. */
bool vb_status_read(VbRoom *room, VbStatus *ret, GError **error);
void vb_status_clear(VbStatus *status);
