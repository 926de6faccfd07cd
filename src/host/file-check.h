/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Whether files are there, as the user sees it for whom they are looked for. It says in the domain's words
 * what the emulator would say in its own, and is no check of rights: the emulator opens them itself. For
 * another user than our own it is a child process of that user's that looks, so that no path of his is ever
 * followed with our rights; else it is a thread. Neither holds up anybody else where a file system hangs. */
typedef struct VbFileCheck VbFileCheck;

/* @error is NULL if all are there that have to be, else STORAGE with what the missing one is for. @missing
 * holds the uses of those that are not there and need not be. */
typedef void (*VbFileCheckDone)(const GPtrArray *missing, const GError *error, void *userdata);

VbFileCheck *vb_file_check_new(void);
/* @what names the file's use in an error ("vda"); NULL @path: nothing to check. */
void vb_file_check_add(VbFileCheck *check, const char *what, const char *path);
/* The same for a file without which things go on. */
void vb_file_check_add_optional(VbFileCheck *check, const char *what, const char *path);
/* The same for one that is there only if the user may read and write it. */
void vb_file_check_add_usable(VbFileCheck *check, const char *what, const char *path);
/* Looks for them as @owner; it frees itself. @done comes from the main loop, once. */
void vb_file_check_run(VbFileCheck *check, uid_t owner, VbFileCheckDone done, void *userdata);
/* @done will not be called. NULL is allowed. */
void vb_file_check_cancel(VbFileCheck *check);

/* The child process: what the program does that is started as virtbusd with this argument and the numbers of
 * two descriptors, of the list and for the answer. Returns its exit status. */
#define VB_FILE_CHECK_ARGUMENT "--check-files"
int vb_file_check_main(int argc, char **argv);
