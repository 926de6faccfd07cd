/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds descriptors of firmware. What is in them is for others to read. */
#include "host/firmware.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

/* Far beyond any set of descriptors, and any of them. */
#define FILES_MAX 256
#define SIZE_MAX_BYTES (256U << 10)

static void file_free(gpointer data)
{
        VbFirmwareFile *file = data;

        g_free(file->path);
        g_bytes_unref(file->text);
        g_free(file);
}

char **vb_firmware_folders(void)
{
        GPtrArray *folders = g_ptr_array_new();

        g_ptr_array_add(folders, g_strdup("/usr/share/qemu/firmware"));
        g_ptr_array_add(folders, g_strdup("/etc/qemu/firmware"));
        if (geteuid() != 0)
                g_ptr_array_add(folders, g_build_filename(g_get_user_config_dir(), "qemu", "firmware", NULL));
        g_ptr_array_add(folders, NULL);
        return (char **) g_ptr_array_free(folders, FALSE);
}

char *vb_firmware_stamp(const char *const *folders)
{
        GString *stamp = g_string_new(NULL);

        for (; *folders; folders++) {
                struct stat st;

                if (stat(*folders, &st) < 0)
                        g_string_append(stamp, "-;");
                else
                        g_string_append_printf(stamp, "%ju.%ju.%ju.%09ld;", (uintmax_t) st.st_dev,
                                               (uintmax_t) st.st_ino, (uintmax_t) st.st_mtim.tv_sec,
                                               st.st_mtim.tv_nsec);
        }
        return g_string_free(stamp, FALSE);
}

/* Fills @names: name -> path, the last folder's. */
static void look_into(const char *folder, GHashTable *names)
{
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir)) && g_hash_table_size(names) < FILES_MAX)
                if (g_str_has_suffix(name, ".json") && *name != '.')
                        g_hash_table_replace(names, g_strdup(name), g_build_filename(folder, name, NULL));
}

static void read_file(const char *path, GPtrArray *files)
{
        struct stat st;
        VbFirmwareFile *file;
        char *text = NULL;
        gsize size = 0;

        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_BYTES ||
            !g_file_get_contents(path, &text, &size, NULL)) {
                vb_log_warning("%s cannot be read, or is no descriptor of a firmware", path);
                return;
        }
        if (size == 0) {
                g_free(text);
                return;
        }
        file = g_new0(VbFirmwareFile, 1);
        file->path = g_strdup(path);
        file->text = g_bytes_new_take(text, size);
        g_ptr_array_add(files, file);
}

GPtrArray *vb_firmware_read(const char *const *folders)
{
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        GPtrArray *files = g_ptr_array_new_with_free_func(file_free);
        g_autoptr(GList) sorted = NULL;

        for (; *folders; folders++)
                look_into(*folders, names);
        sorted = g_list_sort(g_hash_table_get_keys(names), (GCompareFunc) (void (*)(void)) strcmp);
        for (GList *l = sorted; l; l = l->next)
                read_file(g_hash_table_lookup(names, l->data), files);
        return files;
}
