/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One walk over what a definition names, for giving labels and for taking them back. */
#include "domain/label-files.h"

#include "conf/chardev.h"
#include "conf/disk.h"
#include "conf/source-label.h"
#include "domain/host-nodes.h"
#include "qemu/argv.h"

typedef struct {
        const char *path;
        VbLabelAccess access;
        bool output;             /* the emulator makes it where there is none */
        const GPtrArray *labels; /* VbSourceLabel *: what the definition says of it; NULL: nothing */
} File;

/* False ends the walk. */
typedef bool (*Visit)(const File *file, void *userdata, GError **error);

static bool visit_path(const char *path, VbLabelAccess access, Visit visit, void *userdata, GError **error)
{
        return !path || visit(&(File){ .path = path, .access = access }, userdata, error);
}

static bool visit_storage(const VbStorage *storage, VbLabelAccess access, Visit visit, void *userdata,
                          GError **error)
{
        const char *path = vb_storage_path(storage);

        return !path || visit(&(File){ .path = path, .access = access, .labels = storage->source->labels },
                              userdata, error);
}

/* What a disk is based on is read only, by every disk that is based on it. */
static bool visit_disk(const VbDisk *disk, Visit visit, void *userdata, GError **error)
{
        VbLabelAccess access = vb_disk_is_readonly(disk) ? VB_LABEL_READ_ONLY
                               : disk->shareable         ? VB_LABEL_SHARED
                                                         : VB_LABEL_READ_WRITE;

        if (!visit_storage(&disk->storage, access, visit, userdata, error))
                return false;
        for (const VbStorage *at = vb_storage_next(&disk->storage); at; at = vb_storage_next(at))
                if (!visit_storage(at, VB_LABEL_READ_ONLY, visit, userdata, error))
                        return false;
        return true;
}

/* What the emulator opens by itself for a character device; it connects to sockets as anybody would. */
static bool visit_chardev(const VbChardev *source, Visit visit, void *userdata, GError **error)
{
        if (source->type == VB_CHARDEV_FILE && source->path)
                return visit(&(File){ .path = source->path, .access = VB_LABEL_READ_WRITE, .output = true },
                             userdata, error);
        return (source->type != VB_CHARDEV_PIPE && source->type != VB_CHARDEV_DEV) ||
               visit_path(source->path, VB_LABEL_READ_WRITE, visit, userdata, error);
}

typedef struct {
        Visit visit;
        void *userdata;
        GError **error;
} Walk;

static bool visit_node(const char *path, VbLabelAccess access, void *userdata)
{
        const Walk *walk = userdata;

        return visit_path(path, access, walk->visit, walk->userdata, walk->error);
}

static bool visit_device(const VbDevice *device, Visit visit, void *userdata, GError **error)
{
        const VbChardev *chardev = vb_device_chardev(device);

        return (!chardev || visit_chardev(chardev, visit, userdata, error)) &&
               vb_host_nodes_visit(device, visit_node, &(Walk){ visit, userdata, error }) &&
               (device->kind != VB_DEVICE_DISK ||
                visit_disk((const VbDisk *) device, visit, userdata, error));
}

/* The firmware, and its variables where the definition names their file; ours are in the private directory.
 */
static bool visit_os(const VbDomainDef *def, Visit visit, void *userdata, GError **error)
{
        const char *flash = vb_loader_flash(def->os.loader);
        bool named = def->os.nvram && (def->os.nvram->source || def->os.nvram->path);
        g_autofree char *nvram = named ? vb_argv_nvram_path(def, NULL) : NULL;
        VbLabelAccess access = flash && def->os.loader->readonly == VB_TRISTATE_OFF ? VB_LABEL_READ_WRITE
                                                                                    : VB_LABEL_READ_ONLY;

        return visit_path(flash, access, visit, userdata, error) &&
               visit_path(nvram, VB_LABEL_READ_WRITE, visit, userdata, error) &&
               visit_path(def->os.kernel, VB_LABEL_READ_ONLY, visit, userdata, error) &&
               visit_path(def->os.initrd, VB_LABEL_READ_ONLY, visit, userdata, error);
}

static bool add(const File *file, void *userdata, GError **error)
{
        VbLabels *labels = userdata;

        if (file->output)
                vb_labels_add_output(labels, file->path);
        else
                vb_labels_add_file(labels, file->path, file->access);
        for (guint i = 0; i < vb_list_length(file->labels); i++) {
                const VbSourceLabel *label = file->labels->pdata[i];

                if (!vb_labels_override(labels, file->path, label->model, label->label, error))
                        return false;
        }
        return true;
}

bool vb_label_files_add(VbLabels *labels, const VbDomainDef *def, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++)
                if (!visit_device(def->devices->pdata[i], add, labels, error))
                        return false;
        return visit_os(def, add, labels, error);
}

bool vb_label_files_add_device(VbLabels *labels, const VbDevice *device, GError **error)
{
        return visit_device(device, add, labels, error);
}

static bool is_another(const File *file, void *path, GError **error)
{
        return !g_str_equal(file->path, path);
}

static bool is_used(const VbDomainDef *def, const VbDevice *but, char *path)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (g_strcmp0(device->alias, but->alias) != 0 &&
                    !visit_device(device, is_another, path, NULL))
                        return true;
        }
        return !visit_os(def, is_another, path, NULL);
}

static bool collect(const File *file, void *paths, GError **error)
{
        g_ptr_array_add(paths, g_strdup(file->path));
        return true;
}

void vb_label_files_list(const VbDomainDef *def, GPtrArray *paths)
{
        for (guint i = 0; i < def->devices->len; i++)
                (void) visit_device(def->devices->pdata[i], collect, paths, NULL);
        (void) visit_os(def, collect, paths, NULL);
}

GPtrArray *vb_label_files_own(const VbDomainDef *def, const VbDevice *device)
{
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

        (void) visit_device(device, collect, paths, NULL);
        for (guint i = paths->len; i > 0; i--)
                if (is_used(def, device, paths->pdata[i - 1]))
                        g_ptr_array_remove_index(paths, i - 1);
        return paths;
}
