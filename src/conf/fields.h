/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One value of an element: an attribute's, a child's text, or "yes" for a child that is just there. @path is
 * that of canonical XML below the element: "@model" is its own attribute, "target@port" that of a child,
 * "serial" a text;
 * @label is the same for people, one of several told from the others: "feature vmx policy". */
typedef void (*VbFieldVisit)(const char *path, const char *label, const char *value, void *userdata);

/* Visits all values in canonical XML, in its order: of a device without its alias and address, or of a domain
 * without its devices. */
void vb_fields_visit(const char *text, bool is_device, VbFieldVisit visit, void *userdata);

/* At the end of a pattern: all that is in it. */
#define VB_FIELDS_ALL "/**"

/* How much of @path the best of @patterns says, which are separated by spaces (NULL: none): 0 for nothing,
 * and more than any prefix if it is the path itself. */
gsize vb_fields_match(const char *patterns, const char *path);
