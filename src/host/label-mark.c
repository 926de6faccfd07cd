/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels of files: given once for all domains that use a file, remembered, and given back. One table for the
 * host, as there is one host; it is used from several threads. */
#include "host/label-mark.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "host/image.h"
#include "host/trusted-path.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"
#include "util/log.h"

/* Not among the kernel's public headers. */
#define CIFS_MAGIC 0xFF534D42
#define FUSE_MAGIC 0x65735546
#define CEPH_MAGIC 0x00C36400
#define LABEL_SIZE_MAX 4096

/* Attributes of a file that is lent: trusted.virtbus.MODEL, and one more. */
#define ORIGINAL ""
#define TARGET ".lent"

typedef struct {
        VbLabelMark mark; /* owned */
        int fd;           /* of the file, whatever it is called by now; -1: it could not be kept open */
        guint users;
} Entry;

static GMutex lock;
static GHashTable *entries; /* Entry *, by what its mark is of */

static guint mark_hash(gconstpointer p)
{
        const VbLabelMark *mark = p;

        return (guint) mark->inode ^ (guint) mark->device << 8 ^ g_direct_hash(mark->model);
}

static gboolean mark_equal(gconstpointer a, gconstpointer b)
{
        const VbLabelMark *one = a, *other = b;

        return one->model == other->model && one->device == other->device && one->inode == other->inode;
}

static void clear(VbLabelMark *mark)
{
        g_free(mark->path);
        g_free(mark->target);
        g_free(mark->original);
}

void vb_label_mark_free(VbLabelMark *mark)
{
        if (!mark)
                return;
        clear(mark);
        g_free(mark);
}

static void entry_free(gpointer p)
{
        Entry *entry = p;

        clear(&entry->mark);
        vb_clear_fd(&entry->fd);
        g_free(entry);
}

static VbLabelMark duplicate(const VbLabelMark *mark)
{
        VbLabelMark copy = *mark;

        copy.path = g_strdup(mark->path);
        copy.target = g_strdup(mark->target);
        copy.original = g_strdup(mark->original);
        return copy;
}

static Entry *find(const VbLabelMark *mark)
{
        if (!entries)
                entries = g_hash_table_new_full(mark_hash, mark_equal, NULL, entry_free);
        return g_hash_table_lookup(entries, mark);
}

/* @fd, of the file, stays the caller's; -1: none. */
static void count(const VbLabelMark *mark, int fd)
{
        Entry *entry = find(mark);

        if (!entry) {
                entry = g_new0(Entry, 1);
                entry->mark = duplicate(mark);
                entry->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
                g_hash_table_insert(entries, &entry->mark, entry);
        }
        entry->users++;
}

/* A server's files have the labels that the server, or the mount, gives them. */
static bool is_remote(int fd)
{
        struct statfs st;

        if (fstatfs(fd, &st) < 0)
                return true;
        switch ((unsigned long) st.f_type) {
        case NFS_SUPER_MAGIC:
        case SMB_SUPER_MAGIC:
        case SMB2_SUPER_MAGIC:
        case CIFS_MAGIC:
        case FUSE_MAGIC:
        case CEPH_MAGIC:
                return true;
        default:
                return false;
        }
}

/* Of what may be open as a path only. */
static char *recall(int fd, const VbLabelModel *model, const char *suffix)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        g_autofree char *name = g_strconcat("trusted.virtbus.", model->name, suffix, NULL);
        char value[LABEL_SIZE_MAX + 1];
        ssize_t length = getxattr(path, name, value, LABEL_SIZE_MAX);

        return length > 0 && g_utf8_validate(value, length, NULL) ? g_strndup(value, (gsize) length) : NULL;
}

/* A file system that cannot keep it leaves it to the status file. NULL: nothing any more. */
static void remember_as(int fd, const VbLabelModel *model, const char *suffix, const char *label)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        g_autofree char *name = g_strconcat("trusted.virtbus.", model->name, suffix, NULL);

        if (label)
                (void) setxattr(path, name, label, strlen(label), 0);
        else
                (void) removexattr(path, name);
}

static void remember(int fd, const VbLabelModel *model, const char *original, const char *target)
{
        remember_as(fd, model, ORIGINAL, original);
        remember_as(fd, model, TARGET, target);
}

static int give_label_back(int fd, const VbLabelModel *model, const char *original)
{
        return model->give_back ? model->give_back(fd, original) : model->set(fd, original);
}

/* With the lock held. */
static bool set_label(int fd, VbLabelMark *mark, GError **error)
{
        const Entry *entry = find(mark);
        int r;

        if (entry && !g_str_equal(entry->mark.target, mark->target))
                return vb_error_set(
                        error, VB_ERROR_BUSY,
                        "%s is used by another domain; to let several use it, say <shareable/> or "
                        "<readonly/> in all of them",
                        mark->path);
        if (entry) {
                g_free(mark->original);
                mark->original = g_strdup(entry->mark.original);
                count(mark, fd);
                return true;
        }
        remember(fd, mark->model, mark->original, mark->target);
        r = mark->model->set(fd, mark->target);
        if (r < 0) {
                /* Half of it may have been done. */
                (void) give_label_back(fd, mark->model, mark->original);
                remember(fd, mark->model, NULL, NULL);
                return vb_error_set_errno(error, VB_ERROR_SECURITY_LABEL, -r,
                                          "%s cannot be given the %s label %s", mark->path, mark->model->name,
                                          mark->target);
        }
        count(mark, fd);
        return true;
}

static bool is_lent(const VbLabelModel *model, const char *current, const char *target, const char *original)
{
        return g_strcmp0(current, target) == 0 ||
               (current && model->is_lent && model->is_lent(current, target, original));
}

static bool suffices(const VbLabel *label, const VbLabelFile *file, const char *current)
{
        return current && label->model->suffices && label->model->suffices(label, file, current);
}

/* It may be as it should be, wherever it is: then nothing has to be done to it. */
static bool refuse(const VbLabel *label, const VbLabelFile *file, const char *target, const char *problem,
                   int errnum, GError **error)
{
        const VbLabelModel *model = label->model;
        const char *path = file->path;
        bool trusted;
        vb_autoclose int fd = vb_trusted_path_open(path, &trusted);
        g_autofree char *current = fd < 0 ? NULL : model->get(fd);

        if (is_lent(model, current, target, target) || suffices(label, file, current))
                return true;
        if (fd >= 0 && (!current || is_remote(fd)))
                return true;
        if (!problem)
                return vb_error_set_errno(error, VB_ERROR_SECURITY_LABEL, errnum, "%s cannot be labelled",
                                          path);
        return vb_error_set(
                error, VB_ERROR_SECURITY_LABEL,
                "%s does not get the %s label %s: it %s. Put it where only root can write, or give "
                "it its label and say <seclabel model='%s' relabel='no'/> in its <source>",
                path, model->name, target, problem, model->name);
}

bool vb_label_mark_file(const VbLabel *label, const VbLabelFile *file, VbLabelMark **ret, GError **error)
{
        g_autofree char *target = label->model->target(label, file);
        const char *problem = NULL;
        vb_autoclose int fd = target ? vb_image_open(file->path, false, &problem) : -1;
        VbLabelMark *mark;
        struct stat st;
        bool ok;

        *ret = NULL;
        if (!target)
                return true;
        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse(label, file, target, problem, fd < 0 ? -fd : errno, error);
        /* Another name may be one that somebody else relies on. A guest can give its file one while that is
         * its own, which must not keep the file from being given back. */
        if (S_ISREG(st.st_mode) && st.st_nlink > 1)
                return refuse(label, file, target, "has several names (hard links)", 0, error);
        /* What a guest has written nobody runs as root. */
        if (S_ISREG(st.st_mode) && (st.st_mode & (S_ISUID | S_ISGID)) && file->access != VB_LABEL_READ_ONLY)
                return refuse(label, file, target, "is marked to run as its owner or group (chmod ug-s)", 0, error);
        if (is_remote(fd))
                return true;
        mark = g_new0(VbLabelMark, 1);
        *mark = (VbLabelMark){ .model = label->model,
                               .path = g_strdup(file->path),
                               .device = st.st_dev,
                               .inode = st.st_ino,
                               .target = g_steal_pointer(&target) };
        g_mutex_lock(&lock);
        mark->original = recall(fd, label->model, ORIGINAL);
        if (!mark->original) {
                mark->original = label->model->get(fd);
                if (!find(mark) && suffices(label, file, mark->original))
                        g_clear_pointer(&mark->original, g_free);
        }
        /* What has no label can have none. */
        ok = !mark->original || set_label(fd, mark, error);
        g_mutex_unlock(&lock);
        if (ok && mark->original)
                *ret = mark;
        else
                vb_label_mark_free(mark);
        return ok;
}

VbLabelMark *vb_label_mark_find(const VbLabel *label, const VbLabelFile *file)
{
        g_autofree char *target = label->model->target(label, file);
        const char *problem = NULL;
        vb_autoclose int fd = target ? vb_image_open(file->path, false, &problem) : -1;
        g_autofree char *original = fd < 0 ? NULL : recall(fd, label->model, ORIGINAL);
        VbLabelMark *mark;
        struct stat st;

        if (!original || fstat(fd, &st) < 0)
                return NULL;
        mark = g_new0(VbLabelMark, 1);
        *mark = (VbLabelMark){ .model = label->model,
                               .path = g_strdup(file->path),
                               .device = st.st_dev,
                               .inode = st.st_ino,
                               .target = g_steal_pointer(&target),
                               .original = g_steal_pointer(&original) };
        g_mutex_lock(&lock);
        count(mark, fd);
        g_mutex_unlock(&lock);
        return mark;
}

/* By its path where it still is there: what leads there has been looked at, and is once more. Else it is the file
 * that was labelled, wherever it was moved. */
static int open_again(const Entry *entry)
{
        const VbLabelMark *mark = &entry->mark;
        const char *problem = NULL;
        vb_autoclose int fd = vb_image_open(mark->path, false, &problem);
        struct stat st;

        if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == mark->device && st.st_ino == mark->inode)
                return vb_steal_fd(&fd);
        if (entry->fd >= 0)
                return fcntl(entry->fd, F_DUPFD_CLOEXEC, 0);
        if (problem)
                vb_log_warning("%s keeps its %s label: it %s", mark->path, mark->model->name, problem);
        else
                vb_log_warning("%s is not where it was, and keeps its %s label", mark->path,
                               mark->model->name);
        return -1;
}

static void give_back(const Entry *entry)
{
        const VbLabelMark *mark = &entry->mark;
        vb_autoclose int fd = open_again(entry);
        g_autofree char *current = fd < 0 ? NULL : mark->model->get(fd);
        int r;

        if (fd < 0)
                return;
        /* Somebody else may have labelled it since. */
        r = is_lent(mark->model, current, mark->target, mark->original)
                    ? give_label_back(fd, mark->model, mark->original)
                    : 0;
        if (r < 0)
                vb_log_warning("%s cannot be given back its %s label %s: %s", mark->path, mark->model->name,
                               mark->original, g_strerror(-r));
        remember(fd, mark->model, NULL, NULL);
}

void vb_label_unmark(const VbLabelMark *mark)
{
        Entry *entry;

        g_mutex_lock(&lock);
        entry = find(mark);
        if (entry && --entry->users == 0) {
                give_back(entry);
                g_hash_table_remove(entries, mark);
        }
        g_mutex_unlock(&lock);
}

/* With the lock held. What somebody else has changed since is his. */
static void recover(int fd, const struct stat *st, const char *path, const VbLabelModel *model)
{
        const VbLabelMark mark = { .model = model, .device = st->st_dev, .inode = st->st_ino };
        g_autofree char *original = find(&mark) ? NULL : recall(fd, model, ORIGINAL);
        g_autofree char *target = original ? recall(fd, model, TARGET) : NULL;
        g_autofree char *current = target ? model->get(fd) : NULL;
        int r;

        if (!target)
                return;
        if (is_lent(model, current, target, original)) {
                r = give_label_back(fd, model, original);
                if (r < 0) {
                        vb_log_warning("%s was a guest's when the host went down, and cannot be given back "
                                       "its %s label "
                                       "%s: %s",
                                       path, model->name, original, g_strerror(-r));
                        return;
                }
                vb_log_info("%s was a guest's when the host went down, and has its %s label %s again", path,
                            model->name, original);
        }
        remember(fd, model, NULL, NULL);
}

void vb_label_mark_recover(const char *path)
{
        const char *problem;
        vb_autoclose int fd = vb_image_open(path, false, &problem);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return;
        g_mutex_lock(&lock);
        for (const VbLabelModel *const *model = vb_label_models(); *model; model++)
                if ((*model)->set)
                        recover(fd, &st, path, *model);
        g_mutex_unlock(&lock);
}

json_object *vb_label_mark_save(const VbLabelMark *mark)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, "model", json_object_new_string(mark->model->name));
        json_object_object_add(object, "path", json_object_new_string(mark->path));
        json_object_object_add(object, "device", json_object_new_uint64(mark->device));
        json_object_object_add(object, "inode", json_object_new_uint64(mark->inode));
        json_object_object_add(object, "target", json_object_new_string(mark->target));
        json_object_object_add(object, "original", json_object_new_string(mark->original));
        return object;
}

static const VbLabelModel *find_model(const char *name)
{
        for (const VbLabelModel *const *model = vb_label_models(); *model; model++)
                if (g_str_equal((*model)->name, name))
                        return *model;
        return NULL;
}

VbLabelMark *vb_label_mark_load(json_object *saved)
{
        const char *model, *path, *target, *original;
        uint64_t device, inode;
        VbLabelMark *mark;

        if (!vb_json_get_string(saved, "model", &model) || !find_model(model) || !find_model(model)->set ||
            !vb_json_get_string(saved, "path", &path) || !vb_json_get_string(saved, "target", &target) ||
            !vb_json_get_string(saved, "original", &original) ||
            !vb_json_get_uint64(saved, "device", &device) || !vb_json_get_uint64(saved, "inode", &inode))
                return NULL;
        mark = g_new0(VbLabelMark, 1);
        *mark = (VbLabelMark){ .model = find_model(model),
                               .path = g_strdup(path),
                               .device = device,
                               .inode = inode,
                               .target = g_strdup(target),
                               .original = g_strdup(original) };
        g_mutex_lock(&lock);
        /* Opening it may wait for its file system, and this is the loop. */
        count(mark, -1);
        g_mutex_unlock(&lock);
        return mark;
}
