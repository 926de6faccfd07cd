/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking users up without waiting for the user database. */
#include "host/identity-query.h"
#include "util/task.h"

#include <gio/gio.h>

struct VbIdentityQuery {
        uid_t uid;
        char *label;
        VbIdentityDone done; /* NULL: cancelled; read and written in the main loop only */
        void *userdata;
};

static void query_free(gpointer p)
{
        VbIdentityQuery *query = p;

        g_free(query->label);
        g_free(query);
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
        const VbIdentityQuery *query = task_data;
        GError *error = NULL;
        VbIdentity *identity = query->label ? vb_identity_new_for_label(query->label, &error)
                                            : vb_identity_new_for_uid(query->uid, &error);

        if (identity)
                g_task_return_pointer(task, identity, (GDestroyNotify) vb_identity_free);
        else
                g_task_return_error(task, error);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        VbIdentityQuery *query = g_task_get_task_data(G_TASK(result));
        g_autoptr(GError) error = NULL;
        VbIdentity *identity;

        if (!query->done)
                return;
        identity = g_task_propagate_pointer(G_TASK(result), &error);
        query->done(identity, error, query->userdata);
}

VbIdentityQuery *vb_identity_query(uid_t uid, const char *label, VbIdentityDone done, void *userdata)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_finished, NULL);
        VbIdentityQuery *query = g_new0(VbIdentityQuery, 1);

        query->uid = uid;
        query->label = g_strdup(label);
        query->done = done;
        query->userdata = userdata;
        g_task_set_task_data(task, query, query_free);
        g_task_set_name(task, "identity");
        vb_task_run(task, run_in_thread);
        return query;
}

void vb_identity_query_cancel(VbIdentityQuery *query)
{
        if (query)
                query->done = NULL;
}
