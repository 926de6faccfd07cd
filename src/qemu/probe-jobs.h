/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "qemu/facts-record.h"

/* The sessions with emulators that are under way or wait for their turn. What they find out goes into the
 * records that they are about. */
typedef struct VbProbeJobs VbProbeJobs;

typedef enum {
        VB_PROBE_EMULATOR,
        VB_PROBE_DETAIL,
        VB_PROBE_MACHINE,
        VB_PROBE_DEFAULTS, /* variants of a machine type: that they do not start is a finding, too */
        VB_PROBE_WITHOUT,
} VbProbeSubject;

/* Something about @record is known that was not, or @error says why it is not. @machine is that of a job for
 * one. */
typedef void (*VbProbeJobDone)(VbFactsRecord *record, VbProbeSubject subject, const char *machine,
                               const GError *error, void *userdata);

VbProbeJobs *vb_probe_jobs_new(sd_event *event, VbProbeJobDone done, void *userdata);
/* Ends all. */
void vb_probe_jobs_free(VbProbeJobs *jobs);

/* Sees to it that it is found out; asking for what is under way changes nothing. A machine type (its
 * versioned name) needs the emulator's facts. They begin with vb_probe_jobs_start(), as many as may at a
 * time. */
void vb_probe_jobs_add(VbProbeJobs *jobs, VbFactsRecord *record, VbProbeSubject subject, const char *machine);
/* The same for a machine type of an emulator whose facts are being asked: @machine may be an alias, or
 * nothing that there is. It is started, and waits; vb_probe_jobs_add() then finds it under way. */
void vb_probe_jobs_add_ahead(VbProbeJobs *jobs, VbFactsRecord *record, const char *machine);
void vb_probe_jobs_start(VbProbeJobs *jobs);

/* Ends what was begun ahead and turned out not to be wanted. */
void vb_probe_jobs_prune(VbProbeJobs *jobs);

void vb_probe_jobs_set_timeout(VbProbeJobs *jobs, uint64_t timeout_usec);
/* Begun so far. */
guint vb_probe_jobs_n_sessions(const VbProbeJobs *jobs);
