/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Files that must survive a power cut: each is written to a temporary name, synced, renamed into place, and its
 * directory is synced. The slow part runs on a thread. Whoever gives jobs for one directory waits for one before it
 * gives the next. */

typedef struct VbDurableJob VbDurableJob;

/* Called in the main loop. @error is NULL when everything is on disk, else STORAGE, and then nothing but leftovers
 * that vb_durable_is_temporary() knows is there of files that were new. */
typedef void (*VbDurableDone)(const GError *error, void *userdata);

/* A job for files in @directory (absolute), which is made with mode 0700 if it is not there. */
VbDurableJob *vb_durable_job_new(const char *directory);
/* Adds a file to be written with mode 0600; @content is taken over. Files appear in the order of the calls. */
void vb_durable_job_write(VbDurableJob *job, const char *name, char *content);
/* Instead of writing: removes every file in the directory, and the directory; with @trees also directories in it. @first
 * goes before all others, so that a half-done removal is a finished one as far as that file goes. */
void vb_durable_job_remove_all(VbDurableJob *job, const char *first, bool trees);
/* Instead of writing: removes the file @first for good, and then @second as far as it can be; either may be gone. */
void vb_durable_job_remove(VbDurableJob *job, const char *first, const char *second);
/* Runs the job and frees it. @done may be NULL. */
void vb_durable_job_run(VbDurableJob *job, VbDurableDone done, void *userdata);

/* One file, on the spot: for start-up, when there is nobody to keep waiting. */
bool vb_durable_write_now(const char *directory, const char *name, const char *content, GError **error);

/* Whether a name is that of a file that was being written when the service or the host died. */
bool vb_durable_is_temporary(const char *name);
