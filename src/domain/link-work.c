/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread works on copies: the definition may change meanwhile, and the guest end. */
#include "domain/link-work.h"

#include <gio/gio.h>

#include "domain/grants.h"
#include "domain/links.h"
#include "domain/macvtaps.h"
#include "domain/service.h"
#include "util/log.h"
#include "util/task.h"

typedef struct VbLinkWork {
        VbProvided *provided; /* borrowed; NULL: let go of */
        VbNetworks *networks;
        bool users;
        VbDomainDef *def; /* NULL: something is removed */
        char *alias;      /* of one device; NULL: of all */
        GPtrArray *macvtaps;
        VbLinkWorkDone done; /* NULL: nobody waits; read and written in the main loop only */
        void *userdata;
} Work;

static void work_free(gpointer data)
{
        Work *work = data;

        vb_networks_unref(work->networks);
        vb_domain_def_free(work->def);
        g_free(work->alias);
        g_ptr_array_unref(work->macvtaps);
        g_free(work);
}

static void close_links(gpointer links)
{
        g_ptr_array_unref(links);
}

static void run_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
        Work *work = data;
        const VbLinksHost host = { .networks = work->networks,
                                   .macvtaps = work->macvtaps,
                                   .users = work->users };
        GPtrArray *links = NULL;
        GError *error = NULL;

        if (!work->def)
                vb_macvtaps_remove(work->macvtaps);
        else if (work->alias)
                links = vb_links_open_device(work->def, vb_domain_def_find_device(work->def, work->alias),
                                             &host, &error);
        else
                links = vb_links_open(work->def, &host, &error);
        /* Who is told of the failure finds nothing of it. */
        if (error) {
                vb_macvtaps_remove(work->macvtaps);
                g_task_return_error(task, error);
        } else {
                g_task_return_pointer(task, links, close_links);
        }
}

/* What the thread did is known from now on. */
static void take_over(VbProvided *provided, const Work *work)
{
        if (!work->def)
                vb_macvtaps_forget(provided->macvtaps, work->alias);
        else
                vb_macvtaps_learn(provided->macvtaps, work->macvtaps);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        Work *work = g_task_get_task_data(G_TASK(result));
        VbProvided *provided = work->provided;
        bool awaited = provided && provided->n_left > 0;
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) links = g_task_propagate_pointer(G_TASK(result), &error);

        if (provided) {
                provided->link_work = NULL;
                take_over(provided, work);
        }
        if (work->done)
                work->done(g_steal_pointer(&links), error, work->userdata);
        if (awaited)
                vb_provided_go_on(provided);
}

static void begin(VbProvided *provided, Work *work)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_finished, NULL);

        g_assert(!provided->link_work);
        provided->link_work = work;
        g_task_set_task_data(task, work, work_free);
        g_task_set_name(task, "links");
        vb_task_run(task, run_in_thread);
}

static bool needs_links(const VbDomainDef *def, const char *alias)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if ((!alias || g_str_equal(device->alias, alias)) && vb_links_are_needed(device))
                        return true;
        }
        return false;
}

void vb_link_work_open(VbProvided *provided, const VbDomainDef *def, const char *alias, VbLinkWorkDone done,
                       void *userdata)
{
        Work *work;

        if (!needs_links(def, alias)) {
                done(g_ptr_array_new(), NULL, userdata);
                return;
        }
        work = g_new(Work, 1);
        *work = (Work){ .provided = provided,
                        .networks = vb_networks_ref(provided->service->networks),
                        .users = vb_grants_are_needed(provided->owner),
                        .def = vb_domain_def_copy(def),
                        .alias = g_strdup(alias),
                        .macvtaps = vb_macvtaps_copy(provided->macvtaps, alias),
                        .done = done,
                        .userdata = userdata };
        begin(provided, work);
}

void vb_link_work_remove(VbProvided *provided, const char *alias, VbLinkWorkDone done, void *userdata)
{
        g_autoptr(GPtrArray) macvtaps = vb_macvtaps_copy(provided->macvtaps, alias);
        Work *work;

        if (macvtaps->len == 0) {
                if (done)
                        done(NULL, NULL, userdata);
                return;
        }
        work = g_new(Work, 1);
        *work = (Work){ .provided = provided,
                        .alias = g_strdup(alias),
                        .macvtaps = g_steal_pointer(&macvtaps),
                        .done = done,
                        .userdata = userdata };
        begin(provided, work);
}

void vb_link_work_cancel(VbProvided *provided)
{
        if (provided->link_work)
                provided->link_work->done = NULL;
}

void vb_link_work_forget(VbProvided *provided)
{
        if (provided->link_work)
                provided->link_work->provided = NULL;
        provided->link_work = NULL;
}
