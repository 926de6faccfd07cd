/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

/* Runs on threads what may block (a network file system, the user database, a sync), and tells in the loop
 * when it is done. */
typedef struct VbWorker VbWorker;

VbWorker *vb_worker_new(sd_event *event);
/* Waits for what is under way, but not for ever: what hangs is left to itself. No `done` is called any more.
 */
void vb_worker_free(VbWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbWorker, vb_worker_free)

/* @run is called on a thread, then @done in the loop, then @free_data, on either. @userdata is for @done. */
void vb_worker_run(VbWorker *worker, void (*run)(void *data), void (*done)(void *data, void *userdata),
                   void *data, GDestroyNotify free_data, void *userdata);
