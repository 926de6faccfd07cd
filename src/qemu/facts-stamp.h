/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "util/json.h"

/* What an emulator's answers depend on: the binary, its modules, and the host that it runs on. Counted. */
typedef struct VbFactsStamp VbFactsStamp;

/* Of the binary at @path: NO_EMULATOR if there is none that could be run. *ret_trusted says whether only root
 * decides what the path leads to. May block. */
VbFactsStamp *vb_facts_stamp_take(const char *path, bool *ret_trusted, GError **error);
VbFactsStamp *vb_facts_stamp_ref(VbFactsStamp *stamp);
void vb_facts_stamp_unref(VbFactsStamp *stamp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbFactsStamp, vb_facts_stamp_unref)

/* Whether taking it again would give the same, as far as a look at the files' inodes tells. */
bool vb_facts_stamp_is_current(const VbFactsStamp *stamp);
bool vb_facts_stamp_equal(const VbFactsStamp *a, const VbFactsStamp *b);

/* For another process of this host and release. What it says of the files is taken as it comes, in @path's
 * name; NULL for anything else than such bytes. */
GBytes *vb_facts_stamp_to_bytes(const VbFactsStamp *stamp);
VbFactsStamp *vb_facts_stamp_from_bytes(const char *path, GBytes *bytes);

/* In words and numbers, for a file that outlives the boot. The caller owns the object. */
json_object *vb_facts_stamp_to_json(const VbFactsStamp *stamp);
