/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/probe-place.h"
#include "util/worker.h"

/* What is known of emulators, of which file and for whom. */
typedef struct VbProbeRecords VbProbeRecords;

/* Saved by @worker, which has to be freed first. */
VbProbeRecords *vb_probe_records_new(VbWorker *worker);
void vb_probe_records_free(VbProbeRecords *records);

/* Borrowed, until something else is kept; NULL: not known. It may be of a file that has changed since. */
VbFactsRecord *vb_probe_records_find(const VbProbeRecords *records, const char *path, uid_t owner);

/* Of a place that has been looked at. What is known of a file that turns out to be the same is kept. */
void vb_probe_records_keep(VbProbeRecords *records, const VbProbePlace *place);

/* To the cache, on a thread; nothing if the record is of a file that has been replaced since. */
void vb_probe_records_save(VbProbeRecords *records, VbFactsRecord *record);

/* What is still unsaved; at the end nobody is kept waiting. */
void vb_probe_records_save_rest(VbProbeRecords *records);
