/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* g_task_run_in_thread(), counted until the task's callback has been called. */
void vb_task_run(GTask *task, GTaskThreadFunc run);

/* The same of what is no task, but is told of by GLib's loop as well. */
void vb_task_begin(void);
void vb_task_end(void);

/* At the end of the service, when no loop runs: calls the callbacks of what ends within @usec. */
void vb_task_wait(gint64 usec);
