/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What guests had when the host went down. The status files went with it; but files remember in attributes
 * what they were, and which they are is in the definitions. What only a transient domain or a plugged device
 * had is not found: it is given back when somebody uses it next. */
#include "domain/lent.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>

#include "domain/domain.h"
#include "domain/label-files.h"
#include "host/label-mark.h"
#include "host/private.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/task.h"

/* In the runtime directory. */
#define DONE_MARK "lent-taken-back"

typedef struct {
        GPtrArray *paths; /* char * */
        char *mark;
        void (*done)(void *userdata);
        void *userdata;
} Taking;

static void taking_free(gpointer p)
{
        Taking *taking = p;

        g_ptr_array_unref(taking->paths);
        g_free(taking->mark);
        g_free(taking);
}

static void run_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
        const Taking *taking = data;

        for (guint i = 0; i < taking->paths->len; i++)
                vb_label_mark_recover(taking->paths->pdata[i]);
        g_task_return_boolean(task, TRUE);
}

static void on_taken(GObject *source, GAsyncResult *result, gpointer userdata)
{
        const Taking *taking = g_task_get_task_data(G_TASK(result));
        vb_autoclose int fd = open(taking->mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

        /* Then it is done again, which finds nothing. */
        if (fd < 0)
                vb_log_warning("%s cannot be made: %s", taking->mark, g_strerror(errno));
        taking->done(taking->userdata);
}

static void take_private(VbService *service, const VbDomain *domain)
{
        g_autoptr(GError) error = NULL;

        if (!vb_private_take_back(service->state_fd, domain->id, &error))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s", error->message);
}

void vb_lent_take_back(VbService *service, void (*done)(void *userdata), void *userdata)
{
        g_autofree char *mark = g_build_filename(service->runtime_dir, DONE_MARK, NULL);
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GTask) task = NULL;
        Taking *taking;

        /* Nothing is lent where we cannot, and nothing was while that is there. */
        if (!service->uids || g_file_test(mark, G_FILE_TEST_EXISTS)) {
                done(userdata);
                return;
        }
        for (guint i = 0; i < service->domains->len; i++) {
                const VbDomain *domain = service->domains->pdata[i];

                if (domain->owner != 0 || domain->provided || !domain->def)
                        continue;
                vb_label_files_list(domain->def, paths);
                take_private(service, domain);
        }
        taking = g_new0(Taking, 1);
        *taking = (Taking){ .paths = g_ptr_array_ref(paths),
                            .mark = g_steal_pointer(&mark),
                            .done = done,
                            .userdata = userdata };
        task = g_task_new(NULL, NULL, on_taken, NULL);
        g_task_set_task_data(task, taking, taking_free);
        g_task_set_name(task, "lent files");
        vb_task_run(task, run_in_thread);
}
