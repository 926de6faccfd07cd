/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where distributions put emulators. QEMU calls its programs after its targets. */
#include "qemu/emulators.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "conf/arch.h"
#include "util/error.h"

#define PROGRAM "qemu-system-"
#define TARGET_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

static const char *const directories[] = { "/usr/bin", "/usr/local/bin", "/usr/libexec" };

const char *vb_arch_host(void)
{
        static char arch[sizeof(((struct utsname *) NULL)->machine)];
        struct utsname name;

        if (!*arch && uname(&name) == 0)
                g_strlcpy(arch, name.machine, sizeof(arch));
        return arch;
}

char *vb_emulator_find(const char *arch, GError **error)
{
        const char *target = vb_arch_to_target(arch);
        g_autofree char *places = NULL;

        for (const char *c = arch; *c; c++)
                if (!g_ascii_isalnum(*c) && *c != '_') {
                        vb_error_set(error, VB_ERROR_NO_EMULATOR, "'%s' is no architecture", arch);
                        return NULL;
                }
        for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
                g_autofree char *path = g_strdup_printf("%s/qemu-system-%s", directories[i], target);

                if (access(path, X_OK) == 0)
                        return g_steal_pointer(&path);
        }
        places = g_strjoin(", ", directories[0], directories[1], directories[2], NULL);
        vb_error_set(error, VB_ERROR_NO_EMULATOR,
                     "There is no emulator for %s: qemu-system-%s is not in any of %s; install it "
                     "or name one with <emulator>",
                     arch, target, places);
        return NULL;
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

GPtrArray *vb_emulator_list(void)
{
        GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
                g_autoptr(GDir) directory = g_dir_open(directories[i], 0, NULL);
                const char *name = NULL;

                while (directory && (name = g_dir_read_name(directory))) {
                        g_autofree char *path = g_build_filename(directories[i], name, NULL);
                        const char *target = g_str_has_prefix(name, PROGRAM) ? name + strlen(PROGRAM) : "";

                        if (*target && target[strspn(target, TARGET_CHARACTERS)] == '\0' &&
                            access(path, X_OK) == 0 && g_hash_table_add(seen, g_strdup(target)))
                                g_ptr_array_add(paths, g_steal_pointer(&path));
                }
        }
        g_ptr_array_sort(paths, compare_paths);
        return paths;
}

const char *vb_arch_of_emulator(const char *path)
{
        const char *name = strrchr(path, '/');

        return vb_arch_from_target(name + 1 + strlen(PROGRAM));
}
