/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Has a child process of another user's look for files. */
typedef struct VbFileLook VbFileLook;

/* @answers has an errno for each path in their order, 0 for those that are there; NULL with @error. */
typedef void (*VbFileLookDone)(const int32_t *answers, const GError *error, void *userdata);

/* @list: for each path a byte, 'u' if it is to be readable and writable, else 's'; the path; and a NUL. @n is
 * their number. @done comes from the main loop, once, unless it is cancelled. */
VbFileLook *vb_file_look_start(uid_t owner, const GByteArray *list, guint n, VbFileLookDone done,
                               void *userdata);
void vb_file_look_cancel(VbFileLook *look);

/* What is to be known of one path: an errno, 0 if it is there. */
int vb_file_look_at(const char *path, bool usable);
