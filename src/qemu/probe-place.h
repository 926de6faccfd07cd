/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/facts-record.h"

/* The system user that runs emulators in order to ask them. */
#define VB_PROBE_USER "virtbus-probe"

/* Looking at an emulator before it is run: whether it is there, who may run it, and what is remembered of it.
 */
typedef struct {
        char *path, *cache_dir; /* cache_dir may be NULL */
        uid_t owner;            /* for whom */
        /* Found: one of the two. */
        VbFactsRecord *record;
        GError *error;
} VbProbePlace;

VbProbePlace *vb_probe_place_new(const char *path, uid_t owner, const char *cache_dir);
void vb_probe_place_free(VbProbePlace *place);

/* Whether the place is a user's own: it is looked at by a process of his. */
bool vb_probe_place_is_foreign(const char *path, uid_t owner);

/* May block. */
void vb_probe_place_look(VbProbePlace *place);
