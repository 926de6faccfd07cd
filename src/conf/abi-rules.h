/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What of a definition a guest sees. Paths are those of canonical XML below the element: "@model" is its
 * attribute, "target@port" that of a child, "serial" the text or the presence of a child; they are separated
 * by spaces. "/" and two asterisks at the end of a path mean all that is in it; the more exact path counts.
 */
typedef struct {
        const char *element; /* "domain", or one below <devices> */
        const char *seen;
        const char *unseen;
        /* What is no device of the guest's: all of the class where @seen is NULL, those that have
         * @absent_value at
         * @absent_path where that is not. */
        const char *absent_path, *absent_value;
} VbAbiRule;

const VbAbiRule *vb_abi_rule(const char *element);

typedef enum { VB_ABI_SEEN, VB_ABI_UNSEEN, VB_ABI_UNKNOWN } VbAbiSight;
VbAbiSight vb_abi_rule_find(const VbAbiRule *rule, const char *path);

/* Whether two values of a field, NULL where it is missing, are one and the same for the guest. */
bool vb_abi_same_value(const char *element, const char *path, const char *a, const char *b);
