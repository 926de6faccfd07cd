/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of capabilities: its rows are well formed, and each looks where it says it does. */
#include <string.h>

#include "conf/capabilities.h"
#include "util/error.h"

static bool is_word(const char *text)
{
        return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static void test_rows(void)
{
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

        for (gsize i = 0; i < _VB_CAP_MAX; i++) {
                const char *name = vb_capability_name((VbCapability) i);
                g_autofree char *what = vb_capability_describe((VbCapability) i);

                g_test_message("%s: %s", name, what);
                g_assert_true(is_word(name));
                g_assert_true(g_hash_table_add(names, (char *) name));
                /* A property is of one type, and has a name. */
                if (strstr(what, "property"))
                        g_assert_true(strchr(what, '.') && strchr(what, '.') == strrchr(what, '.') &&
                                      strchr(what, '.')[1]);
        }
}

static void test_types(void)
{
        static const VbFactKind kinds[] = { VB_FACT_DEVICE_PROPERTY, VB_FACT_OBJECT_PROPERTY };

        for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
                g_autoptr(GPtrArray) types = vb_capability_types(kinds[k]);

                g_assert_cmpuint(types->len, >, 0);
                for (guint i = 0; i < types->len; i++)
                        for (guint j = 0; j < i; j++)
                                g_assert_cmpstr(types->pdata[i], !=, types->pdata[j]);
        }
}

/* A schema with one command, of every kind of type. */
static VbQmpSchema *make_schema(void)
{
        VbQmpSchema *schema = vb_qmp_schema_new();

        vb_qmp_schema_add_type(schema, "add"); /* 0 */
        vb_qmp_schema_add_entry(schema, VB_QMP_ARGUMENT, NULL, 1);
        vb_qmp_schema_add_entry(schema, VB_QMP_RESULT, NULL, 5);
        vb_qmp_schema_add_entry(schema, VB_QMP_FEATURE, "new", VB_QMP_NO_TYPE);
        vb_qmp_schema_add_type(schema, NULL); /* 1: a union */
        vb_qmp_schema_add_entry(schema, VB_QMP_MEMBER, "kind", 2);
        vb_qmp_schema_add_entry(schema, VB_QMP_CASE, "a", 3);
        vb_qmp_schema_add_entry(schema, VB_QMP_CASE, "b", 4);
        vb_qmp_schema_add_type(schema, NULL); /* 2: an enumeration */
        vb_qmp_schema_add_entry(schema, VB_QMP_VALUE, "a", VB_QMP_NO_TYPE);
        vb_qmp_schema_add_entry(schema, VB_QMP_VALUE, "b", VB_QMP_NO_TYPE);
        vb_qmp_schema_add_type(schema, NULL); /* 3 */
        vb_qmp_schema_add_entry(schema, VB_QMP_MEMBER, "of-a", VB_QMP_NO_TYPE);
        vb_qmp_schema_add_entry(schema, VB_QMP_FEATURE, "dynamic", VB_QMP_NO_TYPE);
        vb_qmp_schema_add_type(schema, NULL); /* 4 */
        vb_qmp_schema_add_entry(schema, VB_QMP_MEMBER, "of-b", 6);
        vb_qmp_schema_add_type(schema, NULL); /* 5: an array */
        vb_qmp_schema_add_entry(schema, VB_QMP_ELEMENT, NULL, 4);
        vb_qmp_schema_add_type(schema, NULL); /* 6: an alternate, one way is the union again */
        vb_qmp_schema_add_entry(schema, VB_QMP_ELEMENT, NULL, VB_QMP_NO_TYPE);
        vb_qmp_schema_add_entry(schema, VB_QMP_ELEMENT, NULL, 1);
        return schema;
}

static void test_schema(void)
{
        static const char *const there[] = {
                "add",
                "add+new",
                "add.kind",
                "add.kind=a",
                "add.of-a",
                "add:a.of-a",
                "add:a+dynamic",
                "add>of-b",
                "add>of-b.kind=b",
                "add.of-b",
                "add.of-b.of-b.of-a",
                "add:b.of-b:a.of-a",
        };
        static const char *const not_there[] = {
                "ad",         "addition",      "add+old",  "add.kind=c", "add.kind=",  "add:a.of-b",
                "add:c",      "add:b+dynamic", "add>kind", "add.kin",    "add.kind.a", "add=a",
                "add.of-a.x", "kind",          ".kind",    ">of-b",      "add>",       "add..kind",
        };
        g_autoptr(VbQmpSchema) schema = make_schema();

        for (gsize i = 0; i < G_N_ELEMENTS(there); i++) {
                g_test_message("%s", there[i]);
                g_assert_true(vb_qmp_schema_has(schema, there[i]));
        }
        for (gsize i = 0; i < G_N_ELEMENTS(not_there); i++) {
                g_test_message("%s", not_there[i]);
                g_assert_false(vb_qmp_schema_has(schema, not_there[i]));
        }
}

/* Types that lead to themselves, in more ways than could be walked. */
static void test_circles(void)
{
        g_autoptr(VbQmpSchema) schema = vb_qmp_schema_new();
        gint64 start = g_get_monotonic_time();

        vb_qmp_schema_add_type(schema, "add");
        vb_qmp_schema_add_entry(schema, VB_QMP_ARGUMENT, NULL, 1);
        vb_qmp_schema_add_type(schema, NULL);
        for (guint i = 0; i < 10; i++) {
                vb_qmp_schema_add_entry(schema, VB_QMP_CASE, "x", 1);
                vb_qmp_schema_add_entry(schema, VB_QMP_ELEMENT, NULL, 1);
        }
        g_assert_false(vb_qmp_schema_has(schema, "add.member"));
        g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);
}

static void test_check(void)
{
        g_autoptr(VbEmulatorFacts) facts = vb_emulator_facts_new();
        g_autoptr(GError) error = NULL;

        facts->path = g_strdup("/usr/bin/qemu");
        g_assert_false(vb_emulator_facts_check(facts, VB_CAP_RNG_BUILTIN, "<rng>", 7, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_cmpstr(
                error->message, ==,
                "line 7: <rng> needs rng-builtin, but /usr/bin/qemu does not have the object rng-builtin");
        vb_emulator_facts_add_word(facts, VB_FACT_OBJECT, "rng-builtin");
        g_assert_true(vb_emulator_facts_check(facts, VB_CAP_RNG_BUILTIN, "<rng>", 7, NULL));
        /* Nobody knows yet; then it is known. */
        g_assert_true(vb_emulator_facts_has(facts, VB_CAP_NETDEV_USER));
        g_assert_true(vb_emulator_facts_has(facts, VB_CAP_VIRTIO_NET_RSS));
        facts->has_detail = true;
        g_assert_false(vb_emulator_facts_has(facts, VB_CAP_NETDEV_USER));
        g_assert_false(vb_emulator_facts_has(facts, VB_CAP_VIRTIO_NET_RSS));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/capabilities/rows", test_rows);
        g_test_add_func("/capabilities/types", test_types);
        g_test_add_func("/capabilities/schema", test_schema);
        g_test_add_func("/capabilities/circles", test_circles);
        g_test_add_func("/capabilities/check", test_check);
        return g_test_run();
}
