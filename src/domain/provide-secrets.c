/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The secrets that come with a start: whoever gives them may be slow. */
#include <gio/gio.h>

#include "domain/start-private.h"

typedef struct VbSecretsJob {
        VbStart *start; /* NULL: given up; read and written in the loop only */
        VbSecrets *secrets;
} Job;

static void job_free(gpointer data)
{
        Job *job = data;

        vb_secrets_unref(job->secrets);
        g_free(job);
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
        GError *error = NULL;

        if (vb_secrets_read(((Job *) task_data)->secrets, &error))
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        Job *job = g_task_get_task_data(G_TASK(result));
        g_autoptr(GError) error = NULL;

        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (!job->start)
                return;
        job->start->secrets = NULL;
        vb_start_provided(job->start, error);
}

static void provide_secrets(VbStart *start)
{
        g_autoptr(GTask) task = NULL;

        if (vb_secrets_is_empty(start->options.secrets)) {
                vb_start_provided(start, NULL);
                return;
        }
        start->secrets = g_new0(Job, 1);
        start->secrets->start = start;
        start->secrets->secrets = vb_secrets_ref(start->options.secrets);
        task = g_task_new(NULL, NULL, on_finished, NULL);
        g_task_set_task_data(task, start->secrets, job_free);
        g_task_set_name(task, "secrets");
        g_task_run_in_thread(task, run_in_thread);
}

static void cancel_secrets(VbStart *start)
{
        if (start->secrets)
                start->secrets->start = NULL;
        start->secrets = NULL;
}

const VbProvision vb_provision_secrets = {
        .name = "secrets",
        .provide = provide_secrets,
        .cancel = cancel_secrets,
};
