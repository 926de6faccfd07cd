/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing files that must survive a power cut, on threads so that a slow disk delays nobody. The order of system
 * calls (write, fsync, rename, fsync of the directory) is what fsync(2) and rename(2) promise something for. */
#include "host/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/remove.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/task.h"

#define TEMPORARY_PREFIX ".new-"

typedef struct {
        char *name;
        char *content;
        int fd; /* while it is being written */
} File;

struct VbDurableJob {
        char *directory;
        GPtrArray *files; /* File * */
        bool remove, remove_trees;
        char *remove_first, *remove_second; /* the second: of two that are all */
        VbDurableDone done;
        void *userdata;
};

static void file_free(File *file)
{
        vb_clear_fd(&file->fd);
        g_free(file->name);
        g_free(file->content);
        g_free(file);
}

static void job_free(VbDurableJob *job)
{
        g_free(job->directory);
        g_ptr_array_unref(job->files);
        g_free(job->remove_first);
        g_free(job->remove_second);
        g_free(job);
}

VbDurableJob *vb_durable_job_new(const char *directory)
{
        VbDurableJob *job = g_new0(VbDurableJob, 1);

        job->directory = g_strdup(directory);
        job->files = g_ptr_array_new_with_free_func((GDestroyNotify) file_free);
        return job;
}

void vb_durable_job_write(VbDurableJob *job, const char *name, char *content)
{
        File *file = g_new0(File, 1);

        file->name = g_strdup(name);
        file->content = content;
        file->fd = -1;
        g_ptr_array_add(job->files, file);
}

void vb_durable_job_remove_all(VbDurableJob *job, const char *first, bool trees)
{
        job->remove = true;
        job->remove_trees = trees;
        job->remove_first = g_strdup(first);
}

void vb_durable_job_remove(VbDurableJob *job, const char *first, const char *second)
{
        job->remove = true;
        job->remove_first = g_strdup(first);
        job->remove_second = g_strdup(second);
}

bool vb_durable_is_temporary(const char *name)
{
        return g_str_has_prefix(name, TEMPORARY_PREFIX);
}

static int write_all(int fd, const char *content)
{
        gsize left = strlen(content);

        while (left > 0) {
                ssize_t n = write(fd, content, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                content += n;
                left -= (gsize) n;
        }
        return 0;
}

static char *temporary_name(const File *file)
{
        return g_strconcat(TEMPORARY_PREFIX, file->name, NULL);
}

/* Writes a file under its temporary name and has the disk begin; the descriptor is for finish_file(). */
static bool begin_file(int dir, const char *directory, File *file, GError **error)
{
        g_autofree char *temporary = temporary_name(file);
        int r;

        file->fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file->fd < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be made", directory, temporary);
        r = write_all(file->fd, file->content);
        if (r < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "%s/%s cannot be written", directory, temporary);
        (void) sync_file_range(file->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        return true;
}

static bool sync_file(const char *directory, File *file, GError **error)
{
        if (fsync(file->fd) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be written", directory,
                                          file->name);
        return true;
}

static bool finish_file(int dir, const char *directory, File *file, GError **error)
{
        g_autofree char *temporary = temporary_name(file);

        if (renameat(dir, temporary, dir, file->name) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be written", directory,
                                          file->name);
        return true;
}

/* All files are on their way to the disk before the first is waited for: what a file system writes for one of them
 * (a journal commit) mostly serves the others too. */
static bool write_all_files(int dir, const char *directory, GPtrArray *files, GError **error)
{
        for (guint i = 0; i < files->len; i++)
                if (!begin_file(dir, directory, files->pdata[i], error))
                        return false;
        for (guint i = 0; i < files->len; i++)
                if (!sync_file(directory, files->pdata[i], error))
                        return false;
        for (guint i = 0; i < files->len; i++)
                if (!finish_file(dir, directory, files->pdata[i], error))
                        return false;
        return true;
}

static void remove_leftovers(int dir, GPtrArray *files, bool all)
{
        for (guint i = 0; i < files->len; i++) {
                g_autofree char *temporary = temporary_name(files->pdata[i]);

                (void) unlinkat(dir, temporary, 0);
                if (all)
                        (void) unlinkat(dir, ((File *) files->pdata[i])->name, 0);
        }
}

static bool sync_directory(int dir, const char *directory, GError **error)
{
        if (fsync(dir) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be synced", directory);
        return true;
}

static bool sync_parent(const char *directory, GError **error)
{
        g_autofree char *parent = g_path_get_dirname(directory);
        vb_autoclose int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be opened", parent);
        return sync_directory(dir, parent, error);
}

static bool write_files(VbDurableJob *job, GError **error)
{
        vb_autoclose int dir = -1;
        bool made = mkdir(job->directory, 0700) == 0;

        if (!made && errno != EEXIST)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be made", job->directory);
        dir = open(job->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be opened", job->directory);
        if (write_all_files(dir, job->directory, job->files, error) && sync_directory(dir, job->directory, error) &&
            (!made || sync_parent(job->directory, error)))
                return true;
        remove_leftovers(dir, job->files, made);
        if (made)
                (void) rmdir(job->directory);
        return false;
}

static bool remove_two(VbDurableJob *job, GError **error)
{
        vb_autoclose int dir = open(job->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (dir < 0 && errno == ENOENT)
                return true;
        if (dir < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be opened", job->directory);
        if (unlinkat(dir, job->remove_first, 0) < 0 && errno != ENOENT)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be removed", job->directory,
                                          job->remove_first);
        if (!sync_directory(dir, job->directory, error))
                return false;
        (void) unlinkat(dir, job->remove_second, 0);
        return true;
}

static bool remove_files(VbDurableJob *job, GError **error)
{
        g_autoptr(GDir) entries = NULL;
        g_autofree char *first = g_build_filename(job->directory, job->remove_first, NULL);
        const char *name;

        if (unlink(first) < 0 && errno != ENOENT)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be removed", first);
        entries = g_dir_open(job->directory, 0, NULL);
        while (entries && (name = g_dir_read_name(entries))) {
                g_autofree char *path = g_build_filename(job->directory, name, NULL);

                (void) unlink(path);
        }
        if (job->remove_trees) {
                vb_autoclose int dir = open(job->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

                if (dir >= 0)
                        vb_remove_below(dir);
        }
        if (rmdir(job->directory) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s cannot be removed", job->directory);
        return sync_parent(job->directory, error);
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
        VbDurableJob *job = task_data;
        GError *error = NULL;

        bool ok = job->remove_second ? remove_two(job, &error) :
                  job->remove        ? remove_files(job, &error) :
                                       write_files(job, &error);

        if (ok)
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_job_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        VbDurableJob *job = g_task_get_task_data(G_TASK(result));
        g_autoptr(GError) error = NULL;

        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (job->done)
                job->done(error, job->userdata);
}

void vb_durable_job_run(VbDurableJob *job, VbDurableDone done, void *userdata)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_job_finished, NULL);

        job->done = done;
        job->userdata = userdata;
        g_task_set_task_data(task, job, (GDestroyNotify) job_free);
        g_task_set_name(task, "durable write");
        g_task_set_priority(task, G_PRIORITY_HIGH);
        vb_task_run(task, run_in_thread);
}

bool vb_durable_write_now(const char *directory, const char *name, const char *content, GError **error)
{
        VbDurableJob *job = vb_durable_job_new(directory);
        bool ok;

        vb_durable_job_write(job, name, g_strdup(content));
        ok = write_files(job, error);
        job_free(job);
        return ok;
}
