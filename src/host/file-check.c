/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at files without waiting for them. */
#include "host/file-check.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

#include "host/file-look.h"
#include "util/error.h"
#include "util/task.h"

typedef struct {
        char *what, *path;
        bool optional; /* it need not be there */
        bool usable;   /* it is there only if it can be read and written */
} File;

struct VbFileCheck {
        GPtrArray *files;     /* File * */
        GArray *answers;      /* int32_t, an errno for each */
        GPtrArray *missing;   /* char *, of the files; borrowed */
        VbFileLook *look;     /* under way */
        VbFileCheckDone done; /* NULL: cancelled; read and written in the main loop only */
        void *userdata;
};

static void file_free(gpointer data)
{
        File *file = data;

        g_free(file->what);
        g_free(file->path);
        g_free(file);
}

VbFileCheck *vb_file_check_new(void)
{
        VbFileCheck *check = g_new0(VbFileCheck, 1);

        check->files = g_ptr_array_new_with_free_func(file_free);
        check->answers = g_array_new(FALSE, TRUE, sizeof(int32_t));
        check->missing = g_ptr_array_new();
        return check;
}

static void check_free(gpointer p)
{
        VbFileCheck *check = p;

        g_ptr_array_unref(check->missing);
        g_array_unref(check->answers);
        g_ptr_array_unref(check->files);
        g_free(check);
}

static void add(VbFileCheck *check, const char *what, const char *path, bool optional, bool usable)
{
        File *file;

        if (!path)
                return;
        file = g_new(File, 1);
        *file = (File){
                .what = g_strdup(what), .path = g_strdup(path), .optional = optional, .usable = usable
        };
        g_ptr_array_add(check->files, file);
}

void vb_file_check_add(VbFileCheck *check, const char *what, const char *path)
{
        add(check, what, path, false, false);
}

void vb_file_check_add_optional(VbFileCheck *check, const char *what, const char *path)
{
        add(check, what, path, true, false);
}

void vb_file_check_add_usable(VbFileCheck *check, const char *what, const char *path)
{
        add(check, what, path, true, true);
}

static bool judge(VbFileCheck *check, const int32_t *answers, GError **error)
{
        for (guint i = 0; i < check->files->len; i++) {
                const File *file = check->files->pdata[i];

                if (answers[i] == 0)
                        continue;
                if (!file->optional)
                        return vb_error_set_errno(error, VB_ERROR_STORAGE, answers[i],
                                                  "%s: %s cannot be used", file->what, file->path);
                g_ptr_array_add(check->missing, file->what);
        }
        return true;
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
        VbFileCheck *check = task_data;

        for (guint i = 0; i < check->files->len; i++) {
                const File *file = check->files->pdata[i];
                int32_t answer = vb_file_look_at(file->path, file->usable);

                g_array_append_val(check->answers, answer);
        }
        g_task_return_boolean(task, TRUE);
}

static void finish(VbFileCheck *check, const int32_t *answers)
{
        g_autoptr(GError) error = NULL;

        if (!check->done)
                return;
        (void) judge(check, answers, &error);
        check->done(check->missing, error, check->userdata);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        VbFileCheck *check = g_task_get_task_data(G_TASK(result));

        finish(check, (const int32_t *) (const void *) check->answers->data);
}

static void on_looked(const int32_t *answers, const GError *error, void *userdata)
{
        VbFileCheck *check = userdata;

        check->look = NULL;
        if (answers)
                finish(check, answers);
        else
                check->done(check->missing, error, check->userdata);
        check_free(check);
}

static VbFileLook *look_as(VbFileCheck *check, uid_t owner)
{
        g_autoptr(GByteArray) list = g_byte_array_new();

        for (guint i = 0; i < check->files->len; i++) {
                const File *file = check->files->pdata[i];

                g_byte_array_append(list, (const guint8 *) (file->usable ? "u" : "s"), 1);
                g_byte_array_append(list, (const guint8 *) file->path, (guint) strlen(file->path) + 1);
        }
        return vb_file_look_start(owner, list, check->files->len, on_looked, check);
}

void vb_file_check_run(VbFileCheck *check, uid_t owner, VbFileCheckDone done, void *userdata)
{
        g_autoptr(GTask) task = NULL;

        check->done = done;
        check->userdata = userdata;
        if (geteuid() == 0 && owner != 0 && check->files->len > 0) {
                check->look = look_as(check, owner);
                return;
        }
        task = g_task_new(NULL, NULL, on_finished, NULL);
        g_task_set_task_data(task, check, check_free);
        g_task_set_name(task, "file check");
        vb_task_run(task, run_in_thread);
}

void vb_file_check_cancel(VbFileCheck *check)
{
        if (!check)
                return;
        check->done = NULL;
        if (check->look) {
                vb_file_look_cancel(check->look);
                check_free(check);
        }
}
