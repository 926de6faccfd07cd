/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "conf/machine-facts.h"
#include "host/identity.h"
#include "qemu/facts-stamp.h"

/* All that is known of one emulator binary, as one user finds it. Counted: what is under way holds on to it.
 */
typedef struct {
        gint refs;
        char *path;
        VbFactsStamp *stamp;
        VbEmulatorFacts *emulator; /* NULL: not asked yet */
        VbEmulatorFacts *detail;   /* asked before the former was; NULL else */
        GHashTable *pci_buses;     /* NULL like `emulator`; see vb_bus_types_new() */
        bool kvm_built_in;
        GHashTable *machines; /* VbMachineFacts *, by versioned name */
        GHashTable *variants; /* of those that are being described; see machine-variants.h; may be NULL */

        VbIdentity *runner; /* who is to run it; NULL: the service itself */
        char *directory;    /* where it is kept; NULL: nowhere */
        bool trusted;       /* only root decides what the path leads to */
        bool saving, unsaved;
} VbFactsRecord;

/* Takes @stamp over. */
VbFactsRecord *vb_facts_record_new(const char *path, VbFactsStamp *stamp);
VbFactsRecord *vb_facts_record_ref(VbFactsRecord *record);
void vb_facts_record_unref(VbFactsRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbFactsRecord, vb_facts_record_unref)
/* As it is now, for a thread; the facts are shared. */
VbFactsRecord *vb_facts_record_snapshot(const VbFactsRecord *record);

/* The form in which it is kept; it says what it depends on. Caller frees. */
char *vb_facts_record_to_json(const VbFactsRecord *record);
/* Fills a new record from a text of anybody's writing. False, and the record is as it was, unless all of it
 * is well formed and it was written for this very record's binary by this version. */
bool vb_facts_record_from_json(VbFactsRecord *record, const char *text, gsize length);

/* facts-cache.c: the same in a file below record->directory. Both may block. A file that cannot be read or is
 * not ours is no file; one that cannot be written is a debug message. */
bool vb_facts_cache_load(VbFactsRecord *record);
void vb_facts_cache_save(const VbFactsRecord *record);
/* Its path. Caller frees. */
char *vb_facts_cache_path(const char *directory, const char *emulator);
#define VB_FACTS_CACHE_FILE_MAX (1U << 20)
