/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is under way holds what its callback would give back: the end of the service waits for it. */
#include "util/task.h"

#define POLL_USEC 500

static guint n_running;

void vb_task_begin(void)
{
        n_running++;
}

void vb_task_end(void)
{
        n_running--;
}

static void on_completed(GTask *task, GParamSpec *property, gpointer userdata)
{
        vb_task_end();
}

void vb_task_run(GTask *task, GTaskThreadFunc run)
{
        vb_task_begin();
        g_signal_connect(task, "notify::completed", G_CALLBACK(on_completed), NULL);
        g_task_run_in_thread(task, run);
}

void vb_task_wait(gint64 usec)
{
        gint64 end = g_get_monotonic_time() + usec;

        while (n_running > 0 && g_get_monotonic_time() < end)
                if (!g_main_context_iteration(NULL, FALSE))
                        g_usleep(POLL_USEC);
}
