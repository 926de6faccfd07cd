/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Security labels: chosen for this run of the domain, given to its files and, when that is made, its process.
 */
#include <gio/gio.h>

#include "conf/chardev.h"
#include "conf/disk.h"
#include "conf/seclabel.h"
#include "conf/source-label.h"
#include "domain/device-labels.h"
#include "domain/guest.h"
#include "domain/start-private.h"
#include "host/label.h"
#include "qemu/probe-place.h"
#include "util/log.h"

/* Files are labelled on a thread. It may end after the start that it was for. */
typedef struct VbLabelling {
        VbLabels *labels; /* a reference */
        VbDomain *domain; /* the same */
        VbDone done;      /* NULL: given up; read and written in the main loop only */
        void *userdata;
} Labelling;

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

static bool add_storage(VbLabels *labels, const VbStorage *storage, VbLabelAccess access, GError **error)
{
        const char *path = vb_storage_path(storage);

        if (!path)
                return true;
        vb_labels_add_file(labels, path, access);
        for (guint i = 0; i < vb_list_length(storage->source->labels); i++) {
                const VbSourceLabel *label = storage->source->labels->pdata[i];

                if (!vb_labels_override(labels, path, label->model, label->label, error))
                        return false;
        }
        return true;
}

/* What a disk is based on is read only, by every disk that is based on it. */
static bool add_disk(VbLabels *labels, const VbDisk *disk, GError **error)
{
        VbLabelAccess access = vb_disk_is_readonly(disk) ? VB_LABEL_READ_ONLY
                               : disk->shareable         ? VB_LABEL_SHARED
                                                         : VB_LABEL_READ_WRITE;

        if (!add_storage(labels, &disk->storage, access, error))
                return false;
        for (const VbStorage *at = vb_storage_next(&disk->storage); at; at = vb_storage_next(at))
                if (!add_storage(labels, at, VB_LABEL_READ_ONLY, error))
                        return false;
        return true;
}

/* What the emulator opens by itself for a character device; it connects to sockets as anybody would. */
static void add_chardev(VbLabels *labels, const VbChardev *source)
{
        if (source && source->type == VB_CHARDEV_FILE)
                vb_labels_add_output(labels, source->path);
        else if (source && (source->type == VB_CHARDEV_PIPE || source->type == VB_CHARDEV_DEV))
                vb_labels_add_file(labels, source->path, VB_LABEL_READ_WRITE);
}

/* The firmware, and its variables where the definition names their file; ours are in the private directory.
 */
static void add_firmware(VbLabels *labels, const VbDomainDef *def)
{
        const char *flash = vb_loader_flash(def->os.loader);
        bool named = def->os.nvram && (def->os.nvram->source || def->os.nvram->path);
        g_autofree char *nvram = named ? vb_argv_nvram_path(def, NULL) : NULL;

        if (flash)
                vb_labels_add_file(labels, flash,
                                   def->os.loader->readonly == VB_TRISTATE_OFF ? VB_LABEL_READ_WRITE
                                                                               : VB_LABEL_READ_ONLY);
        if (nvram)
                vb_labels_add_file(labels, nvram, VB_LABEL_READ_WRITE);
}

static bool add_files(VbLabels *labels, const VbDomainDef *def, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++)
                add_chardev(labels, vb_device_chardev(def->devices->pdata[i]));
        add_firmware(labels, def);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (device->kind == VB_DEVICE_DISK && !add_disk(labels, (const VbDisk *) device, error))
                        return false;
        }
        vb_labels_add_file(labels, def->os.kernel, VB_LABEL_READ_ONLY);
        vb_labels_add_file(labels, def->os.initrd, VB_LABEL_READ_ONLY);
        return true;
}

void vb_labels_list_files(const VbDomainDef *def, GPtrArray *paths)
{
        const VbLabelSubject nobody = { 0 };
        const VbLabelWish none = { .type = VB_LABEL_NONE };
        VbLabels *labels = vb_labels_new(&nobody, &none, 1, NULL);

        /* What cannot be understood of it here, no guest had. */
        (void) add_files(labels, def, NULL);
        vb_labels_add_paths(labels, paths);
        vb_labels_unref(labels);
}

/* Whether a disk that stays has the file, too. */
static bool is_used(const VbDomainDef *def, const VbDevice *but, const char *path)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (device->kind != VB_DEVICE_DISK || g_strcmp0(device->alias, but->alias) == 0)
                        continue;
                for (const VbStorage *at = &((const VbDisk *) device)->storage; at; at = vb_storage_next(at))
                        if (g_strcmp0(vb_storage_path(at), path) == 0)
                                return true;
        }
        return g_strcmp0(def->os.kernel, path) == 0 || g_strcmp0(def->os.initrd, path) == 0;
}

static void run_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
        GError *error = NULL;

        if (vb_labels_apply(((Labelling *) data)->labels, &error))
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_labelled(GObject *source, GAsyncResult *result, gpointer userdata)
{
        Labelling *labelling = g_task_get_task_data(G_TASK(result));
        g_autoptr(GError) error = NULL;

        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (labelling->done)
                labelling->done(labelling->domain, error, labelling->userdata);
}

static void labelling_free(gpointer p)
{
        Labelling *labelling = p;

        vb_labels_unref(labelling->labels);
        vb_domain_unref(labelling->domain);
        g_free(labelling);
}

static Labelling *label_files(VbDomain *domain, VbDone done, void *userdata)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_labelled, NULL);
        Labelling *labelling = g_new0(Labelling, 1);

        *labelling = (Labelling){ .labels = vb_labels_ref(domain->provided->labels),
                                  .domain = vb_domain_ref(domain),
                                  .done = done,
                                  .userdata = userdata };
        g_task_set_task_data(task, labelling, labelling_free);
        g_task_set_name(task, "labels");
        g_task_run_in_thread(task, run_in_thread);
        return labelling;
}

static void on_start_labelled(VbDomain *domain, const GError *error, void *userdata)
{
        VbStart *start = userdata;

        start->labelling = NULL;
        vb_start_provided(start, error);
}

void vb_labels_attach(VbDomain *domain, const VbDevice *device, VbDone done, void *userdata)
{
        VbLabels *labels = domain->provided->labels;
        g_autoptr(GError) error = NULL;

        if (!labels || vb_labels_list(labels)->len == 0 || device->kind != VB_DEVICE_DISK)
                done(domain, NULL, userdata);
        else if (!add_disk(labels, (const VbDisk *) device, &error))
                done(domain, error, userdata);
        else {
                /* What is about to be labelled is written down first. */
                vb_guest_save_status(domain->guest);
                (void) label_files(domain, done, userdata);
        }
}

void vb_labels_detach(VbDomain *domain, const VbDevice *device)
{
        const VbDisk *disk = (const VbDisk *) device;

        if (!domain->provided || !domain->provided->labels || device->kind != VB_DEVICE_DISK)
                return;
        for (const VbStorage *at = &disk->storage; at; at = vb_storage_next(at))
                if (vb_storage_path(at) && !is_used(domain->live, device, vb_storage_path(at)))
                        vb_labels_remove_file(domain->provided->labels, vb_storage_path(at));
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

static void provide_labels(VbStart *start)
{
        VbProvided *provided = start->domain->provided;
        g_autoptr(GError) error = NULL;

        provided->labels = choose(start, &error);
        tell_missing(start->domain);
        /* What is about to be labelled is written down first. */
        if (!provided->labels || !add_files(provided->labels, start->domain->live, &error) ||
            !vb_labels_set(provided->labels, vb_room_sockets_fd(provided->room), &error) ||
            !vb_start_note(start, &error))
                vb_start_provided(start, error);
        else if (vb_labels_list(provided->labels)->len > 0)
                start->labelling = label_files(start->domain, on_start_labelled, start);
        else
                vb_start_provided(start, NULL);
}

static void cancel_labels(VbStart *start)
{
        Labelling *labelling = g_steal_pointer(&start->labelling);

        if (labelling)
                labelling->done = NULL;
}

static void withdraw_labels(VbProvided *provided)
{
        vb_labels_release(g_steal_pointer(&provided->labels));
}

static void forget_labels(VbProvided *provided)
{
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
}

const VbProvision vb_provision_labels = {
        .name = "labels",
        .provide = provide_labels,
        .cancel = cancel_labels,
        .withdraw = withdraw_labels,
        .forget = forget_labels,
        .save = save_labels,
        .load = load_labels,
};
