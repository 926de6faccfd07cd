/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Holds the text of @file against the installed schema, or the one that VIRTBUS_SCHEMA names.
 * VB_CTL_ERROR_LOCATED with each thing that is not in it, one a line. */
bool vb_ctl_schema_check(const char *file, const char *xml, GError **error);
