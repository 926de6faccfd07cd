/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Lists of small numbers, of processors or of NUMA nodes, as "0-3,^2,8". Kept as text in its canonical form:
 * ascending, runs as ranges. */

/* Above every number that is accepted. */
#define VB_CPUSET_SIZE 16384

typedef struct {
        uint64_t words[VB_CPUSET_SIZE / 64];
} VbCpuset;

/* False, and *@ret undefined, for what is no such list, is empty or has numbers that are too large. */
bool vb_cpuset_parse(const char *text, VbCpuset *ret);
static inline bool vb_cpuset_has(const VbCpuset *set, guint number)
{
        return set->words[number / 64] >> (number % 64) & 1;
}
guint vb_cpuset_count(const VbCpuset *set);
/* The greatest number in it. */
guint vb_cpuset_last(const VbCpuset *set);
bool vb_cpuset_overlaps(const VbCpuset *a, const VbCpuset *b);

/* "0-1,3" for a set; for a text NULL where it is no list. Caller frees. */
char *vb_cpuset_to_string(const VbCpuset *set);
char *vb_cpuset_canonical(const char *text);
