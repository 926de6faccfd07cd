/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The labels of a domain, of all models of the host. What a model does is in its own file, label-MODEL.c;
 * what happens to files is in label-mark.c. */
#include "host/label.h"

#include <errno.h>
#include <unistd.h>

#include "config.h"
#include "host/image.h"
#include "host/label-mark.h"
#include "host/label-models.h"
#include "util/error.h"
#include "util/json.h"

/* In the order in which a process enters them. */
static const VbLabelModel *const known[] = {
        &vb_label_model_dac,
#if VB_HAVE_SELINUX
        &vb_label_model_selinux,
#endif
#if VB_HAVE_APPARMOR
        &vb_label_model_apparmor,
#endif
};

struct VbLabels {
        gint refs;
        VbLabelSubject subject; /* strings are ours */
        GPtrArray *list;        /* VbLabel * */
        GMutex lock;            /* of what follows, between the loop and one thread */
        bool closing;           /* all is to be given back */
        bool unsure;            /* files may have been labelled without a mark that was written down */
        GPtrArray *files; /* VbLabelFile * */
        guint n_marked;   /* of them, those that have been labelled */
        GPtrArray *marks; /* VbLabelMark * */
};

const VbLabelModel *const *vb_label_models(void)
{
        static const VbLabelModel *found[G_N_ELEMENTS(known) + 1];
        static gsize initialized;

        if (g_once_init_enter(&initialized)) {
                guint n = 0;

                for (guint i = 0; i < G_N_ELEMENTS(known); i++)
                        if (known[i]->probe())
                                found[n++] = known[i];
                g_once_init_leave(&initialized, 1);
        }
        return found;
}

static void label_free(gpointer p)
{
        VbLabel *label = p;

        g_free(label->process);
        g_free(label->file);
        g_free(label->entry);
        g_free(label);
}

static void file_free(gpointer p)
{
        VbLabelFile *file = p;

        g_free(file->path);
        g_hash_table_unref(file->overrides);
        g_free(file);
}

static VbLabelFile *file_new(const char *path, VbLabelAccess access)
{
        VbLabelFile *file = g_new0(VbLabelFile, 1);

        file->path = g_strdup(path);
        file->access = access;
        file->overrides = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return file;
}

const char *vb_label_file_override(const VbLabelFile *file, const char *model)
{
        return g_hash_table_lookup(file->overrides, model);
}

static VbLabels *labels_new(const VbLabelSubject *subject)
{
        VbLabels *labels = g_new0(VbLabels, 1);

        labels->refs = 1;
        labels->subject = *subject;
        labels->subject.identity = vb_identity_copy(subject->identity);
        labels->subject.emulator = g_strdup(subject->emulator);
        labels->subject.room = g_strdup(subject->room);
        labels->subject.private_dir = g_strdup(subject->private_dir);
        labels->list = g_ptr_array_new_with_free_func(label_free);
        labels->files = g_ptr_array_new_with_free_func(file_free);
        labels->marks = g_ptr_array_new_with_free_func((GDestroyNotify) vb_label_mark_free);
        g_mutex_init(&labels->lock);
        return labels;
}

VbLabels *vb_labels_ref(VbLabels *labels)
{
        g_atomic_int_inc(&labels->refs);
        return labels;
}

void vb_labels_unref(VbLabels *labels)
{
        if (!labels || !g_atomic_int_dec_and_test(&labels->refs))
                return;
        g_ptr_array_unref(labels->list);
        g_ptr_array_unref(labels->files);
        g_ptr_array_unref(labels->marks);
        vb_identity_free((VbIdentity *) labels->subject.identity);
        g_free((char *) labels->subject.emulator);
        g_free((char *) labels->subject.room);
        g_free((char *) labels->subject.private_dir);
        g_mutex_clear(&labels->lock);
        g_free(labels);
}

void vb_labels_close(VbLabels *labels)
{
        g_mutex_lock(&labels->lock);
        labels->closing = true;
        g_mutex_unlock(&labels->lock);
}

void vb_labels_release(VbLabels *labels)
{
        if (!labels)
                return;
        for (guint i = labels->marks->len; i > 0; i--)
                vb_label_unmark(labels->marks->pdata[i - 1]);
        for (guint i = labels->list->len; i > 0; i--) {
                VbLabel *label = labels->list->pdata[i - 1];

                if (label->model->release)
                        label->model->release(label);
        }
        vb_labels_unref(labels);
}

static const VbLabelWish *find_wish(const VbLabelWish *wishes, gsize n_wishes, const char *model)
{
        for (gsize i = 0; i < n_wishes; i++)
                if (!wishes[i].model || g_str_equal(wishes[i].model, model))
                        return &wishes[i];
        return NULL;
}

bool vb_label_has_model(const char *name)
{
        for (const VbLabelModel *const *model = vb_label_models(); *model; model++)
                if (g_str_equal((*model)->name, name))
                        return true;
        return false;
}

/* Whoever names an identity relies on it; a dynamic label is taken where there is one. */
static bool check_wishes(const VbLabelWish *wishes, gsize n_wishes, GError **error)
{
        for (gsize i = 0; i < n_wishes; i++)
                if (wishes[i].model && !vb_label_has_model(wishes[i].model) &&
                    (wishes[i].type == VB_LABEL_STATIC || wishes[i].base_label))
                        return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                            "<seclabel model='%s'> asks for an identity of a security model "
                                            "that is not in use here; remove it, or use a host that has it",
                                            wishes[i].model);
        return true;
}

VbLabels *vb_labels_new(const VbLabelSubject *subject, const VbLabelWish *wishes, gsize n_wishes,
                        GError **error)
{
        VbLabels *labels;

        if (!check_wishes(wishes, n_wishes, error))
                return NULL;
        labels = labels_new(subject);
        for (const VbLabelModel *const *model = vb_label_models(); *model; model++) {
                const VbLabelWish *wish = find_wish(wishes, n_wishes, (*model)->name);
                VbLabel *label;

                if (wish && wish->type == VB_LABEL_NONE)
                        continue;
                label = g_new0(VbLabel, 1);
                label->model = *model;
                label->subject = &labels->subject;
                label->relabel = !wish || wish->relabel;
                if (!(*model)->choose(label, wish, error)) {
                        label_free(label);
                        vb_labels_release(labels);
                        return NULL;
                }
                g_ptr_array_add(labels->list, label);
        }
        return labels;
}

const GPtrArray *vb_labels_list(const VbLabels *labels)
{
        return labels->list;
}

static VbLabelFile *find_file(VbLabels *labels, const char *path)
{
        for (guint i = 0; i < labels->files->len; i++)
                if (g_str_equal(((VbLabelFile *) labels->files->pdata[i])->path, path))
                        return labels->files->pdata[i];
        return NULL;
}

guint vb_labels_count_files(VbLabels *labels)
{
        return labels->files->len;
}

void vb_labels_add_file(VbLabels *labels, const char *path, VbLabelAccess access)
{
        if (path && !find_file(labels, path))
                g_ptr_array_add(labels->files, file_new(path, access));
}

void vb_labels_add_output(VbLabels *labels, const char *path)
{
        VbLabelFile *file;

        vb_labels_add_file(labels, path, VB_LABEL_READ_WRITE);
        file = path ? find_file(labels, path) : NULL;
        if (file)
                file->make = true;
}

/* Where that cannot be, the emulator says why. */
static void make_file(const VbLabels *labels, const VbLabelFile *file)
{
        const char *problem;
        int fd = -1;

        if (file->make && labels->subject.owner == 0 && labels->subject.identity)
                fd = vb_image_open(file->path, true, &problem);
        if (fd >= 0)
                close(fd);
}

bool vb_labels_override(VbLabels *labels, const char *path, const char *model, const char *label,
                        GError **error)
{
        VbLabelFile *file = find_file(labels, path);

        if (!model && vb_label_models()[0])
                model = vb_label_models()[0]->name;
        if (label && (!model || !vb_label_has_model(model)))
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s is to have a label of %s, a security model that is not in use here; remove "
                        "the <seclabel> of its <source>, or use a host that has it",
                        path, model ? model : "some");
        if (file && model)
                g_hash_table_insert(file->overrides, g_strdup(model), g_strdup(label ? label : ""));
        return true;
}

void vb_labels_remove_file(VbLabels *labels, const char *path)
{
        g_autoptr(GPtrArray) marks = g_ptr_array_new_with_free_func((GDestroyNotify) vb_label_mark_free);

        g_mutex_lock(&labels->lock);
        for (guint i = labels->marks->len; i > 0; i--) {
                const VbLabelMark *mark = labels->marks->pdata[i - 1];

                if (g_str_equal(mark->path, path))
                        g_ptr_array_add(marks, g_ptr_array_steal_index(labels->marks, i - 1));
        }
        for (guint i = labels->files->len; i > 0; i--)
                if (g_str_equal(((VbLabelFile *) labels->files->pdata[i - 1])->path, path)) {
                        g_ptr_array_remove_index(labels->files, i - 1);
                        labels->n_marked -= labels->n_marked >= i;
                }
        g_mutex_unlock(&labels->lock);
        for (guint i = 0; i < marks->len; i++)
                vb_label_unmark(marks->pdata[i]);
}

/* Whether the definition leaves the file as it is. */
static bool is_left_alone(const VbLabel *label, const VbLabelFile *file)
{
        const char *override = vb_label_file_override(file, label->model->name);

        /* Root labels no files on a user's behalf. */
        return !label->model->set || label->subject->owner != 0 || (override ? !*override : !label->relabel);
}

static bool mark_file(VbLabels *labels, const VbLabelFile *file, GError **error)
{
        make_file(labels, file);
        for (guint i = 0; i < labels->list->len; i++) {
                VbLabelMark *mark = NULL;

                if (is_left_alone(labels->list->pdata[i], file))
                        continue;
                if (!vb_label_mark_file(labels->list->pdata[i], file, &mark, error))
                        return false;
                if (mark) {
                        g_mutex_lock(&labels->lock);
                        g_ptr_array_add(labels->marks, mark);
                        g_mutex_unlock(&labels->lock);
                }
        }
        return true;
}

static bool is_closing(VbLabels *labels, GError **error)
{
        bool closing;

        g_mutex_lock(&labels->lock);
        closing = labels->closing;
        g_mutex_unlock(&labels->lock);
        if (closing)
                vb_error_set(error, VB_ERROR_INVALID_STATE, "the domain has been shut off");
        return closing;
}

bool vb_labels_apply(VbLabels *labels, GError **error)
{
        while (labels->n_marked < labels->files->len) {
                if (is_closing(labels, error) ||
                    !mark_file(labels, labels->files->pdata[labels->n_marked], error))
                        return false;
                labels->n_marked++;
        }
        for (guint i = 0; i < labels->list->len; i++) {
                VbLabel *label = labels->list->pdata[i];

                if (is_closing(labels, error) ||
                    (label->model->prepare && !label->model->prepare(label, labels->files, error)))
                        return false;
        }
        return true;
}


void vb_labels_enter(const VbLabels *labels, VbSpawn *spawn)
{
        for (guint i = 0; i < labels->list->len; i++) {
                const VbLabel *label = labels->list->pdata[i];

                if (label->model->enter)
                        label->model->enter(label, spawn);
        }
}

void vb_labels_enter_beside(const VbLabels *labels, VbSpawn *spawn)
{
        for (guint i = 0; i < labels->list->len; i++) {
                const VbLabel *label = labels->list->pdata[i];

                if (label->model->enter && label->model->for_companions)
                        label->model->enter(label, spawn);
        }
}

bool vb_labels_begin_sockets(const VbLabels *labels, GError **error)
{
        for (guint i = 0; i < labels->list->len; i++) {
                const VbLabel *label = labels->list->pdata[i];

                if (label->model->enter_socket && !label->model->enter_socket(label, error)) {
                        vb_labels_end_sockets(labels);
                        return false;
                }
        }
        return true;
}

void vb_labels_end_sockets(const VbLabels *labels)
{
        for (guint i = 0; i < labels->list->len; i++) {
                const VbLabel *label = labels->list->pdata[i];

                if (label->model->enter_socket)
                        (void) label->model->enter_socket(NULL, NULL);
        }
}

bool vb_labels_set(const VbLabels *labels, int fd, GError **error)
{
        for (guint i = 0; i < labels->list->len; i++) {
                const VbLabel *label = labels->list->pdata[i];
                int r = label->file && label->model->set ? label->model->set(fd, label->file) : 0;

                if (r < 0 && r != -ENOTSUP)
                        return vb_error_set_errno(error, VB_ERROR_SECURITY_LABEL, -r,
                                                  "the domain's directory cannot be given the %s label %s",
                                                  label->model->name, label->file);
        }
        return true;
}

static void add_text(json_object *object, const char *key, const char *text)
{
        if (text)
                json_object_object_add(object, key, json_object_new_string(text));
}

static json_object *save_label(const VbLabel *label)
{
        json_object *object = json_object_new_object();

        add_text(object, "model", label->model->name);
        add_text(object, "process", label->process);
        add_text(object, "file", label->file);
        add_text(object, "entry", label->entry);
        json_object_object_add(object, "relabel", json_object_new_boolean(label->relabel));
        return object;
}

static json_object *save_file(const VbLabelFile *file)
{
        json_object *object = json_object_new_object(), *overrides = json_object_new_object();
        GHashTableIter iter;
        gpointer model, label;

        add_text(object, "path", file->path);
        json_object_object_add(object, "access", json_object_new_uint64((uint64_t) file->access));
        g_hash_table_iter_init(&iter, file->overrides);
        while (g_hash_table_iter_next(&iter, &model, &label))
                add_text(overrides, model, label);
        json_object_object_add(object, "overrides", overrides);
        return object;
}

json_object *vb_labels_save(VbLabels *labels)
{
        json_object *object = json_object_new_object(), *list = json_object_new_array(),
                    *files = json_object_new_array(), *marks = json_object_new_array();

        for (guint i = 0; i < labels->list->len; i++)
                json_object_array_add(list, save_label(labels->list->pdata[i]));
        g_mutex_lock(&labels->lock);
        for (guint i = 0; i < labels->files->len; i++)
                json_object_array_add(files, save_file(labels->files->pdata[i]));
        for (guint i = 0; i < labels->marks->len; i++)
                json_object_array_add(marks, vb_label_mark_save(labels->marks->pdata[i]));
        g_mutex_unlock(&labels->lock);
        /* A profile is written anew when a device is plugged in. */
        add_text(object, "emulator", labels->subject.emulator);
        add_text(object, "private", labels->subject.private_dir);
        json_object_object_add(object, "foreign-emulator", json_object_new_boolean(labels->subject.foreign_emulator));
        json_object_object_add(object, "labels", list);
        json_object_object_add(object, "files", files);
        json_object_object_add(object, "marks", marks);
        return object;
}

static char *get_text(json_object *object, const char *key)
{
        const char *text;

        return vb_json_get_string(object, key, &text) ? g_strdup(text) : NULL;
}

static void load_label(VbLabels *labels, json_object *saved)
{
        const char *name;
        VbLabel *label;

        if (!vb_json_get_string(saved, "model", &name))
                return;
        for (const VbLabelModel *const *model = vb_label_models(); *model; model++) {
                if (!g_str_equal((*model)->name, name))
                        continue;
                label = g_new0(VbLabel, 1);
                label->model = *model;
                label->subject = &labels->subject;
                label->process = get_text(saved, "process");
                label->file = get_text(saved, "file");
                label->entry = get_text(saved, "entry");
                (void) vb_json_get_bool(saved, "relabel", &label->relabel);
                g_ptr_array_add(labels->list, label);
                if (label->model->adopt)
                        label->model->adopt(label);
        }
}

static void load_file(VbLabels *labels, json_object *saved)
{
        json_object *overrides;
        VbLabelFile *file;
        uint64_t access;
        const char *path;

        if (!vb_json_get_string(saved, "path", &path) || !vb_json_get_uint64(saved, "access", &access) ||
            access > VB_LABEL_SHARED)
                return;
        file = file_new(path, (VbLabelAccess) access);
        g_ptr_array_add(labels->files, file);
        if (!vb_json_get_object(saved, "overrides", &overrides))
                return;
        json_object_object_foreach(overrides, model, label)
        {
                if (vb_json_string(label))
                        g_hash_table_insert(file->overrides, g_strdup(model),
                                            g_strdup(vb_json_string(label)));
        }
}

static bool is_marked(const VbLabels *labels, const VbLabelFile *file, const VbLabel *label)
{
        for (guint i = 0; i < labels->marks->len; i++) {
                const VbLabelMark *mark = labels->marks->pdata[i];

                if (mark->model == label->model && g_str_equal(mark->path, file->path))
                        return true;
        }
        return false;
}

/* Calls @visit with what could be labelled and has no mark. */
static void visit_unmarked(VbLabels *labels, void (*visit)(VbLabels *, const VbLabelFile *, const VbLabel *))
{
        for (guint i = 0; i < labels->files->len; i++)
                for (guint j = 0; j < labels->list->len; j++) {
                        const VbLabelFile *file = labels->files->pdata[i];
                        const VbLabel *label = labels->list->pdata[j];

                        if (!is_left_alone(label, file) && !is_marked(labels, file, label))
                                visit(labels, file, label);
                }
}

static void note_doubt(VbLabels *labels, const VbLabelFile *file, const VbLabel *label)
{
        labels->unsure = true;
}

static void look_at(VbLabels *labels, const VbLabelFile *file, const VbLabel *label)
{
        VbLabelMark *mark = vb_label_mark_find(label, file);

        if (!mark)
                return;
        g_mutex_lock(&labels->lock);
        g_ptr_array_add(labels->marks, mark);
        g_mutex_unlock(&labels->lock);
}

bool vb_labels_are_unsure(const VbLabels *labels)
{
        return labels->unsure;
}

void vb_labels_look(VbLabels *labels)
{
        visit_unmarked(labels, look_at);
        labels->unsure = false;
}

VbLabels *vb_labels_load(const VbLabelSubject *subject, json_object *saved)
{
        json_object *list, *files, *marks;
        VbLabels *labels;

        if (!vb_json_get_array(saved, "labels", &list) || !vb_json_get_array(saved, "files", &files) ||
            !vb_json_get_array(saved, "marks", &marks))
                return NULL;
        labels = labels_new(subject);
        if (!labels->subject.emulator)
                labels->subject.emulator = get_text(saved, "emulator");
        if (!labels->subject.private_dir)
                labels->subject.private_dir = get_text(saved, "private");
        (void) vb_json_get_bool(saved, "foreign-emulator", &labels->subject.foreign_emulator);
        for (size_t i = 0; i < json_object_array_length(list); i++)
                load_label(labels, json_object_array_get_idx(list, i));
        for (size_t i = 0; i < json_object_array_length(files); i++)
                load_file(labels, json_object_array_get_idx(files, i));
        for (size_t i = 0; i < json_object_array_length(marks); i++) {
                VbLabelMark *mark = vb_label_mark_load(json_object_array_get_idx(marks, i));

                if (mark)
                        g_ptr_array_add(labels->marks, mark);
        }
        visit_unmarked(labels, note_doubt);
        labels->n_marked = labels->files->len;
        return labels;
}
