/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Security labels: chosen for this run of the domain, given to its files and, when that is made, its process.
 */
#include <errno.h>
#include <gio/gio.h>

#include "conf/seclabel.h"
#include "domain/device-labels.h"
#include "domain/guest.h"
#include "domain/label-files.h"
#include "domain/start-private.h"
#include "domain/status.h"
#include "host/label.h"
#include "host/private.h"
#include "qemu/probe-place.h"
#include "util/error.h"
#include "util/log.h"
#include "util/task.h"

/* (thread) What is done to files. */
typedef bool (*Work)(VbLabels *labels, GPtrArray *paths, GError **error);

/* One at a time for each domain. It may end after the start, or the guest, that it was for, or never. */
typedef struct VbLabelling {
        VbProvided *provided; /* borrowed; NULL: let go of */
        VbLabels *labels;     /* a reference */
        Work work;
        GPtrArray *paths;
        VbDomain *domain; /* a reference; NULL: nobody's */
        VbDone done;      /* NULL: given up; read and written in the main loop only */
        void *userdata;
} Labelling;

typedef struct {
        VbDone done;
        void *userdata;
} Detaching;

static VbLabelSubject subject_of(const VbProvided *provided, const VbDomainDef *def, const char *private_dir)
{
        return (VbLabelSubject){
                .id = provided->id,
                .owner = provided->owner,
                .identity = provided->identity,
                .hardware_assisted = def && def->virt_type == VB_VIRT_KVM,
                .emulator = def ? def->emulator : NULL,
                .foreign_emulator = def && vb_probe_place_is_foreign(def->emulator, provided->owner),
                .room = provided->room ? vb_room_path(provided->room) : NULL,
                .private_dir = private_dir,
        };
}

/* Indexed by VbSeclabelType. */
static const VbLabelType types[] = {
        [VB_SECLABEL_DYNAMIC] = VB_LABEL_DYNAMIC,
        [VB_SECLABEL_STATIC] = VB_LABEL_STATIC,
        [VB_SECLABEL_NONE] = VB_LABEL_NONE,
};

static VbLabels *choose(const VbStart *start, GError **error)
{
        const VbDomainDef *def = start->domain->live;
        g_autofree char *private_dir = vb_start_private_dir(start);
        VbLabelSubject subject = subject_of(start->domain->provided, def, private_dir);
        g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(VbLabelWish));

        for (guint i = 0; i < vb_list_length(def->seclabels); i++) {
                const VbSeclabel *label = def->seclabels->pdata[i];
                VbLabelWish wish = { .model = label->model,
                                     .type = types[label->type],
                                     .relabel = label->relabel == VB_TRISTATE_ON,
                                     .label = label->label,
                                     .image_label = label->image_label,
                                     .base_label = label->base_label };

                g_array_append_val(wishes, wish);
        }
        return vb_labels_new(&subject, (const VbLabelWish *) (void *) wishes->data, wishes->len, error);
}

static bool apply(VbLabels *labels, GPtrArray *paths, GError **error)
{
        return vb_labels_apply(labels, error);
}

/* What else knows of the files forgets them, too. */
static bool take_back(VbLabels *labels, GPtrArray *paths, GError **error)
{
        for (guint i = 0; i < paths->len; i++)
                vb_labels_remove_file(labels, paths->pdata[i]);
        return vb_labels_apply(labels, error);
}

static bool look(VbLabels *labels, GPtrArray *paths, GError **error)
{
        vb_labels_look(labels);
        return true;
}

static void run_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
        Labelling *labelling = data;
        GError *error = NULL;

        if (labelling->work(labelling->labels, labelling->paths, &error))
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer userdata)
{
        Labelling *labelling = g_task_get_task_data(G_TASK(result));
        VbProvided *provided = labelling->provided;
        bool awaited = provided && provided->n_left > 0;
        g_autoptr(GError) error = NULL;

        if (provided)
                provided->labelling = NULL;
        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (labelling->done)
                labelling->done(labelling->domain, error, labelling->userdata);
        if (awaited)
                vb_provided_go_on(provided);
}

static void labelling_free(gpointer p)
{
        Labelling *labelling = p;

        vb_labels_unref(labelling->labels);
        if (labelling->domain)
                vb_domain_unref(labelling->domain);
        g_clear_pointer(&labelling->paths, g_ptr_array_unref);
        g_free(labelling);
}

/* @domain and @done may be NULL; @paths (taken over), too. */
static void begin(VbProvided *provided, Work work, GPtrArray *paths, VbDomain *domain, VbDone done,
                  void *userdata)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_finished, NULL);
        Labelling *labelling = g_new0(Labelling, 1);

        *labelling = (Labelling){ .provided = provided,
                                  .labels = vb_labels_ref(provided->labels),
                                  .work = work,
                                  .paths = paths,
                                  .domain = domain ? vb_domain_ref(domain) : NULL,
                                  .done = done,
                                  .userdata = userdata };
        provided->labelling = labelling;
        g_task_set_task_data(task, labelling, labelling_free);
        g_task_set_name(task, "labels");
        vb_task_run(task, run_in_thread);
}

static void on_start_labelled(VbDomain *domain, const GError *error, void *userdata)
{
        vb_start_provided(userdata, error);
}

void vb_labels_attach(VbDomain *domain, const VbDevice *device, VbDone done, void *userdata)
{
        VbProvided *provided = domain->provided;
        g_autoptr(GError) error = NULL;
        guint before;

        if (!provided->labels || vb_labels_list(provided->labels)->len == 0) {
                done(domain, NULL, userdata);
                return;
        }
        if (provided->labelling) {
                vb_error_set(&error, VB_ERROR_BUSY,
                             "the labels of the files of domain '%s' are still being looked at; try again",
                             domain->name);
                done(domain, error, userdata);
                return;
        }
        before = vb_labels_count_files(provided->labels);
        if (!vb_label_files_add_device(provided->labels, device, &error) ||
            vb_labels_count_files(provided->labels) == before ||
            /* What is about to be labelled is written down first. */
            !vb_status_write(domain->guest, &error)) {
                done(domain, error, userdata);
                return;
        }
        begin(provided, apply, NULL, domain, done, userdata);
}

/* The guest's end may take back everything first. */
static void on_taken_back(VbDomain *domain, const GError *error, void *userdata)
{
        Detaching *detaching = userdata;

        if (error && domain->provided)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                              "it may still use files of a device that it does not have: %s", error->message);
        detaching->done(domain, NULL, detaching->userdata);
        g_free(detaching);
}

void vb_labels_detach(VbDomain *domain, const VbDevice *device, VbDone done, void *userdata)
{
        VbProvided *provided = domain->provided;
        g_autoptr(GPtrArray) paths = NULL;
        Detaching *detaching;

        if (provided && provided->labels && !provided->labelling)
                paths = vb_label_files_own(domain->live, device);
        if (!paths || paths->len == 0) {
                done(domain, NULL, userdata);
                return;
        }
        detaching = g_new(Detaching, 1);
        *detaching = (Detaching){ done, userdata };
        begin(provided, take_back, g_steal_pointer(&paths), domain, on_taken_back, detaching);
}

/* Nobody names a dynamic label, and the guest runs without, but not in silence. */
static void tell_missing(const VbDomain *domain)
{
        for (guint i = 0; i < vb_list_length(domain->live->seclabels); i++) {
                const VbSeclabel *label = domain->live->seclabels->pdata[i];

                if (label->type == VB_SECLABEL_DYNAMIC && label->model && !vb_label_has_model(label->model))
                        vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                                      "it runs without <seclabel model='%s'>: that security model is not in "
                                      "use here",
                                      label->model);
        }
}

typedef struct {
        const VbLabels *labels;
        GError **error;
} Setting;

static int set_label(int fd, const void *userdata)
{
        const Setting *setting = userdata;

        return vb_labels_set(setting->labels, fd, setting->error) ? 0 : -EIO;
}

/* What a domain keeps has the label of the last run, which may be another's by now. */
static bool label_private(const VbStart *start, GError **error)
{
        const Setting setting = { start->domain->provided->labels, error };
        int r = start->private_dir < 0 ? 0 : vb_private_set_each(start->private_dir, set_label, &setting);

        if (*error)
                return false;
        return r >= 0 || vb_error_set_errno(error, VB_ERROR_SECURITY_LABEL, -r,
                                            "what the domain keeps in domains/%u/private cannot be labelled",
                                            start->domain->id);
}

static void provide_labels(VbStart *start)
{
        VbProvided *provided = start->domain->provided;
        g_autoptr(GError) error = NULL;

        provided->labels = choose(start, &error);
        tell_missing(start->domain);
        /* What is about to be labelled is written down first. */
        if (!provided->labels || !vb_label_files_add(provided->labels, start->domain->live, &error) ||
            !vb_labels_set(provided->labels, vb_room_sockets_fd(provided->room), &error) ||
            !label_private(start, &error) || !vb_start_note(start, &error))
                vb_start_provided(start, error);
        else if (vb_labels_list(provided->labels)->len > 0)
                begin(provided, apply, NULL, start->domain, on_start_labelled, start);
        else
                vb_start_provided(start, NULL);
}

static void cancel_labels(VbStart *start)
{
        Labelling *labelling = start->domain->provided->labelling;

        if (labelling)
                labelling->done = NULL;
}

/* A thread that waits for a file system is not waited for here. */
static bool withdraw_labels(VbProvided *provided)
{
        if (!provided->labels)
                return true;
        vb_labels_close(provided->labels);
        if (!provided->labelling && vb_labels_are_unsure(provided->labels))
                begin(provided, look, NULL, NULL, NULL, NULL);
        if (provided->labelling)
                return false;
        vb_labels_release(g_steal_pointer(&provided->labels));
        return true;
}

static void forget_labels(VbProvided *provided)
{
        if (provided->labelling)
                provided->labelling->provided = NULL;
        provided->labelling = NULL;
        vb_labels_unref(g_steal_pointer(&provided->labels));
}

static json_object *save_labels(const VbProvided *provided)
{
        return provided->labels ? vb_labels_save(provided->labels) : NULL;
}

static void load_labels(VbProvided *provided, json_object *saved)
{
        VbLabelSubject subject = subject_of(provided, NULL, NULL);

        provided->labels = vb_labels_load(&subject, saved);
        if (provided->labels && vb_labels_are_unsure(provided->labels))
                begin(provided, look, NULL, NULL, NULL, NULL);
}

const VbProvision vb_provision_labels = {
        .name = "labels",
        .provide = provide_labels,
        .cancel = cancel_labels,
        .try_withdraw = withdraw_labels,
        .forget = forget_labels,
        .save = save_labels,
        .load = load_labels,
};
