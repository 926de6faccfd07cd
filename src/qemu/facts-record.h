/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "conf/machine-facts.h"

/* What would change an emulator's answers. Numbers and texts are rows of one table in facts-cache.c. */
typedef struct {
        uint64_t size, mtime_nsec, inode, device;
} VbFactsStamp;

void vb_facts_stamp_set(VbFactsStamp *stamp, const struct stat *st);
bool vb_facts_stamp_equal(const VbFactsStamp *a, const VbFactsStamp *b);

/* All that is known of one emulator binary. */
typedef struct {
        char *path;
        VbFactsStamp stamp;
        VbEmulatorFacts *emulator; /* NULL: not asked yet */
        GHashTable *pci_buses;     /* NULL like it; see vb_bus_types_new() */
        bool kvm_built_in;
        GHashTable *machines; /* VbMachineFacts *, by versioned name */
} VbFactsRecord;

VbFactsRecord *vb_facts_record_new(const char *path, const VbFactsStamp *stamp);
void vb_facts_record_free(VbFactsRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbFactsRecord, vb_facts_record_free)

/* The form in which it is kept; it says what it depends on. Caller frees. */
char *vb_facts_record_to_json(const VbFactsRecord *record);
/* Fills a new record from a text of anybody's writing. False, and the record is as it was, unless all of it
 * is well formed and it was written for this very record's binary by this version. */
bool vb_facts_record_from_json(VbFactsRecord *record, const char *text, gsize length);

/* facts-cache.c: the same in a file below @directory. A file that cannot be read or is not ours is no file;
 * one that cannot be written is a debug message. */
bool vb_facts_cache_load(const char *directory, VbFactsRecord *record);
void vb_facts_cache_save(const char *directory, const VbFactsRecord *record);
/* Its path. Caller frees. */
char *vb_facts_cache_path(const char *directory, const char *emulator);
