/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

/* Runs on threads what may block (a network file system, the user database, a sync), and tells in the loop
 * when it is done. */
typedef struct VbWorker VbWorker;

VbWorker *vb_worker_new(sd_event *event);
/* A worker whose tasks each have a turn: there is a thread for every turn that has any, so that what hangs
 * keeps nobody else waiting. For turns of which there are few, as there are users. */
VbWorker *vb_worker_new_by_turns(sd_event *event);
/* Waits for what is under way, but not for ever: what hangs is left to itself. No `done` is called any more.
 */
void vb_worker_free(VbWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbWorker, vb_worker_free)

/* @run is called on a thread, then @done in the loop, then @free_data, on either. @userdata is for @done. */
void vb_worker_run(VbWorker *worker, void (*run)(void *data), void (*done)(void *data, void *userdata),
                   void *data, GDestroyNotify free_data, void *userdata);
/* The same, of a worker by turns: tasks of one @turn run one after the other. */
void vb_worker_run_in_turn(VbWorker *worker, guint turn, void (*run)(void *data),
                           void (*done)(void *data, void *userdata), void *data, GDestroyNotify free_data,
                           void *userdata);
