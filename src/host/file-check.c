/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at files without waiting for them. */
#include "host/file-check.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/stat.h>

#include "util/error.h"

struct VbFileCheck {
        GPtrArray *uses, *paths; /* char *, in pairs */
        GHashTable *optional;    /* set of those of @uses that need not be there; borrowed */
        GPtrArray *missing;      /* char *, of @uses; borrowed */
        VbFileCheckDone done;    /* NULL: cancelled; read and written in the main loop only */
        void *userdata;
};

VbFileCheck *vb_file_check_new(void)
{
        VbFileCheck *check = g_new0(VbFileCheck, 1);

        check->uses = g_ptr_array_new_with_free_func(g_free);
        check->paths = g_ptr_array_new_with_free_func(g_free);
        check->optional = g_hash_table_new(NULL, NULL);
        check->missing = g_ptr_array_new();
        return check;
}

static void check_free(gpointer p)
{
        VbFileCheck *check = p;

        g_hash_table_unref(check->optional);
        g_ptr_array_unref(check->missing);
        g_ptr_array_unref(check->uses);
        g_ptr_array_unref(check->paths);
        g_free(check);
}

void vb_file_check_add(VbFileCheck *check, const char *what, const char *path)
{
        if (!path)
                return;
        g_ptr_array_add(check->uses, g_strdup(what));
        g_ptr_array_add(check->paths, g_strdup(path));
}

void vb_file_check_add_optional(VbFileCheck *check, const char *what, const char *path)
{
        if (!path)
                return;
        vb_file_check_add(check, what, path);
        g_hash_table_add(check->optional, check->uses->pdata[check->uses->len - 1]);
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
        VbFileCheck *check = task_data;
        GError *error = NULL;
        struct stat st;

        for (guint i = 0; i < check->paths->len && !error; i++) {
                char *use = check->uses->pdata[i];

                if (stat(check->paths->pdata[i], &st) == 0)
                        continue;
                if (g_hash_table_contains(check->optional, use))
                        g_ptr_array_add(check->missing, use);
                else
                        vb_error_set_errno(&error, VB_ERROR_STORAGE, errno, "%s: %s cannot be used", use,
                                           (char *) check->paths->pdata[i]);
        }
        if (error)
                g_task_return_error(task, error);
        else
                g_task_return_boolean(task, TRUE);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        VbFileCheck *check = g_task_get_task_data(G_TASK(result));
        g_autoptr(GError) error = NULL;

        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (check->done)
                check->done(check->missing, error, check->userdata);
}

void vb_file_check_run(VbFileCheck *check, VbFileCheckDone done, void *userdata)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_finished, NULL);

        check->done = done;
        check->userdata = userdata;
        g_task_set_task_data(task, check, check_free);
        g_task_set_name(task, "file check");
        g_task_run_in_thread(task, run_in_thread);
}

void vb_file_check_cancel(VbFileCheck *check)
{
        if (check)
                check->done = NULL;
}
