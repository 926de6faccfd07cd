/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each data/conf/NAME.xml, completed, is data/conf/NAME.expected: the canonical XML. VIRTBUS_REGENERATE=1
 * writes the expectations anew; read the diff. */
#include <glib/gstdio.h>
#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "facts.h"

static VbDomainDef *complete(const char *text, GError **error)
{
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), error);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = NULL;

        if (!def)
                return NULL;
        machine = test_machine_facts(def->os.machine);
        g_assert_nonnull(machine);
        return vb_domain_def_complete(def, emulator, machine, error) ? g_steal_pointer(&def) : NULL;
}

static void check_aliases(const VbDomainDef *def)
{
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                g_assert_nonnull(device->alias);
                g_assert_true(g_hash_table_add(seen, device->alias));
                g_assert_true(vb_domain_def_find_device(def, device->alias) == device);
        }
}

static void check_copy(const VbDomainDef *def, const char *canonical)
{
        g_autoptr(VbDomainDef) copy = vb_domain_def_copy(def);
        g_autofree char *text = vb_domain_def_format(copy);

        g_assert_cmpstr(text, ==, canonical);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *a = g_ptr_array_index(def->devices, i),
                               *b = g_ptr_array_index(copy->devices, i);

                g_assert_true(a->implicit == b->implicit && a->builtin == b->builtin && a->line == b->line);
        }
}

/* Every device alone reads back as itself. */
static void check_devices(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                g_autofree char *text = vb_device_format(g_ptr_array_index(def->devices, i));
                g_autofree char *again = NULL;
                g_autoptr(VbDevice) device = NULL;
                g_autoptr(GError) error = NULL;

                device = vb_device_parse(text, strlen(text), NULL, &error);
                g_assert_no_error(error);
                again = vb_device_format(device);
                g_assert_cmpstr(again, ==, text);
        }
}

/* What goes to another release is completed to the same again, and says no names that need not be said. */
static void check_migratable(const VbDomainDef *def, const char *canonical)
{
        g_autofree char *migratable = vb_domain_def_format_migratable(def), *again = NULL;
        g_autoptr(VbDomainDef) other = NULL;
        g_autoptr(GError) error = NULL;

        other = complete(migratable, &error);
        g_assert_no_error(error);
        again = vb_domain_def_format(other);
        g_assert_cmpstr(again, ==, canonical);
        g_assert_null(strstr(migratable, "<model name='i82801b11-bridge'/>"));
        g_assert_null(strstr(migratable, "<model name='x3130-upstream'/>"));
        for (guint i = 0; i < def->devices->len; i++) {
                const VbController *controller = g_ptr_array_index(def->devices, i);

                /* Of root ports there are two kinds, and which is taken has changed. */
                if (controller->base.kind == VB_DEVICE_CONTROLLER && controller->model == VB_PCIE_ROOT_PORT)
                        g_assert_nonnull(strstr(migratable, controller->model_name));
        }
}

/* Given a definition, when it is completed, then it is the expected one, and completing that changes nothing.
 */
static void test_file(gconstpointer data)
{
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "conf", (const char *) data, NULL);
        g_autofree char *expected_path = g_strdup(path);
        g_autofree char *text = NULL, *expected = NULL, *canonical = NULL, *again = NULL;
        g_autoptr(VbDomainDef) def = NULL, second = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        def = complete(text, &error);
        g_assert_no_error(error);
        canonical = vb_domain_def_format(def);
        check_aliases(def);
        check_copy(def, canonical);
        check_devices(def);
        check_migratable(def, canonical);

        second = complete(canonical, &error);
        g_assert_no_error(error);
        again = vb_domain_def_format(second);
        g_assert_cmpstr(again, ==, canonical);

        strcpy(strrchr(expected_path, '.'), ".exp");
        if (g_getenv("VIRTBUS_REGENERATE"))
                g_assert_true(g_file_set_contents(expected_path, canonical, -1, NULL));
        g_assert_true(g_file_get_contents(expected_path, &expected, NULL, NULL));
        g_assert_cmpstr(canonical, ==, expected);
}

int main(int argc, char **argv)
{
        g_autofree char *folder = NULL;
        g_autoptr(GDir) dir = NULL;
        const char *name;
        int files = 0;

        g_test_init(&argc, &argv, NULL);
        folder = g_test_build_filename(G_TEST_DIST, "data", "conf", NULL);
        dir = g_dir_open(folder, 0, NULL);
        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir)))
                if (g_str_has_suffix(name, ".xml")) {
                        g_autofree char *test = g_strdup_printf("/conf/complete/%s", name);

                        g_test_add_data_func_full(test, g_strdup(name), test_file, g_free);
                        files++;
                }
        g_assert_cmpint(files, >, 50);
        return g_test_run();
}
