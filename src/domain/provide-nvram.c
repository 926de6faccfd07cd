/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's variables: a copy of their template, made when the domain first starts. The copy of a domain
 * that leaves its place to us is made as whom the domain runs as; one in a place that the definition names,
 * as the owner, who could have made it there too. */
#include <fcntl.h>
#include <gio/gio.h>

#include "domain/start-private.h"
#include "host/copy.h"
#include "util/error.h"
#include "util/task.h"

/* The largest flash that machines have for variables and code together is 64 MiB. */
#define NVRAM_SIZE_MAX (64 * 1024 * 1024)

/* Shared by the loop and a thread. */
typedef struct VbNvramJob {
        VbStart *start; /* NULL: given up; read and written in the loop only */
        char *template, *path, *temporary;
        int dir; /* AT_FDCWD for a path that the definition names; a descriptor of its own else */
        bool replace;
        bool own_owner; /* the process is to have the rights of @owner */
        uid_t owner;
        VbIdentity *identity;
} Job;

static void job_free(gpointer data)
{
        Job *job = data;

        if (job->dir >= 0)
                close(job->dir);
        g_free(job->template);
        g_free(job->path);
        g_free(job->temporary);
        vb_identity_free(job->identity);
        g_free(job);
}

static bool run_job(Job *job, GError **error)
{
        bool made;

        /* Asks the user database. */
        if (job->own_owner) {
                job->identity = vb_identity_new_for_uid(job->owner, error);
                if (!job->identity)
                        return false;
        }
        return vb_copy(&(VbCopy){ .source = job->template,
                                  .dir = job->dir,
                                  .name = job->path,
                                  .temporary = job->temporary,
                                  .size_max = NVRAM_SIZE_MAX,
                                  .replace = job->replace,
                                  .identity = job->identity },
                       &made, error);
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
        GError *error = NULL;

        if (run_job(task_data, &error))
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        Job *job = g_task_get_task_data(G_TASK(result));
        VbStart *start = job->start;
        g_autoptr(GError) error = NULL;

        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (!start)
                return;
        start->nvram = NULL;
        if (error && !job->template)
                g_prefix_error(&error,
                               "nvram: no template is known for the loader, and there is no file: name one "
                               "with <nvram template='...'>: ");
        else if (error)
                g_prefix_error(&error, "nvram: ");
        vb_start_provided(start, error);
}

static bool check(const VbStart *start, const VbNvram *nvram, GError **error)
{
        int format = nvram->format ? nvram->format : VB_IMAGE_RAW;
        int template_format = nvram->template_format ? nvram->template_format : VB_IMAGE_RAW;

        if (start->options.reset_nvram && !nvram->template)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "nvram: no template is known from which it could be made anew; name one with "
                        "<nvram template='...'>");
        return !nvram->template || format == template_format ||
               vb_error_set(error, VB_ERROR_UNSUPPORTED,
                            "nvram: the template is a %s image and the variables are to be in a %s one; they "
                            "are copied and not converted",
                            vb_firmware_format_words[template_format], vb_firmware_format_words[format]);
}

static Job *job_new(VbStart *start, const VbNvram *nvram)
{
        Job *job = g_new0(Job, 1);
        bool own = vb_argv_has_own_nvram(start->domain->live);

        job->start = start;
        job->template = g_strdup(nvram->template);
        job->replace = start->options.reset_nvram;
        job->path = own ? g_strdup(VB_ARGV_NVRAM_FILE) : vb_argv_nvram_path(start->domain->live, NULL);
        job->temporary = g_strconcat(job->path, ".new", NULL);
        job->dir = own ? fcntl(start->private_dir, F_DUPFD_CLOEXEC, 0) : AT_FDCWD;
        job->own_owner = !own && start->domain->owner != geteuid();
        job->owner = start->domain->owner;
        job->identity = own ? vb_identity_copy(vb_start_identity(start)) : NULL;
        return job;
}

static void provide_nvram(VbStart *start)
{
        const VbDomainDef *def = start->domain->live;
        const VbNvram *nvram = vb_loader_flash(def->os.loader) ? def->os.nvram : NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GTask) task = NULL;

        if (!nvram && start->options.reset_nvram)
                vb_error_set(&error, VB_ERROR_INVALID_ARGS,
                             "the option 'reset-nvram' is for domains with variables of their firmware, and "
                             "'%s' has none",
                             def->name);
        else if (nvram && nvram->type != VB_NVRAM_BLOCK && nvram->type != VB_NVRAM_NETWORK)
                (void) check(start, nvram, &error);
        else
                nvram = NULL;
        if (error || !nvram) {
                vb_start_provided(start, error);
                return;
        }
        start->nvram = job_new(start, nvram);
        task = g_task_new(NULL, NULL, on_finished, NULL);
        g_task_set_task_data(task, start->nvram, job_free);
        g_task_set_name(task, "nvram");
        vb_task_run(task, run_in_thread);
}

static void cancel_nvram(VbStart *start)
{
        if (start->nvram)
                start->nvram->start = NULL;
        start->nvram = NULL;
}

const VbProvision vb_provision_nvram = {
        .name = "nvram",
        .provide = provide_nvram,
        .cancel = cancel_nvram,
};
