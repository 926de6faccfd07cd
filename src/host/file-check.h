/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Whether files are there, found out on a thread: a network file system that hangs shall hold up nobody else.
 * It says in the domain's words what the emulator would say in its own, and is no check of rights. */
typedef struct VbFileCheck VbFileCheck;

/* @error is NULL if all are there that have to be, else STORAGE with what the missing one is for. @missing
 * holds the uses of those that are not there and need not be. */
typedef void (*VbFileCheckDone)(const GPtrArray *missing, const GError *error, void *userdata);

VbFileCheck *vb_file_check_new(void);
/* @what names the file's use in an error ("vda"); NULL @path: nothing to check. */
void vb_file_check_add(VbFileCheck *check, const char *what, const char *path);
/* The same for a file without which things go on. */
void vb_file_check_add_optional(VbFileCheck *check, const char *what, const char *path);
/* Runs it; it frees itself. @done comes from the main loop, once. */
void vb_file_check_run(VbFileCheck *check, VbFileCheckDone done, void *userdata);
/* @done will not be called. NULL is allowed. */
void vb_file_check_cancel(VbFileCheck *check);
