/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Reads a definition from the file @name, or from stdin for "-". */
bool vb_ctl_file_read(const char *name, char **ret, GError **error);

/* Puts the file in front of an @error of the service about its content: "line 3: ..." becomes "FILE:3: ...".
 * Errors that are not about a line stay what they are. */
void vb_ctl_file_locate(const char *name, GError *error);
