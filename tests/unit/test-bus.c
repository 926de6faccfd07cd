/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the bus floor: every method has a rule, every rule a method, every error a documented name. */
#include <glib.h>

#include "bus/bus-private.h"
#include "bus/errors.h"
#include "bus/paths.h"
#include "util/error.h"

static const struct {
        const char *interface;
        const sd_bus_vtable *vtable;
        const VbMethodRule *rules;
} interfaces[] = {
        { VB_INTERFACE_MANAGER, vb_manager_vtable, vb_manager_rules },
        { VB_INTERFACE_DOMAIN, vb_domain_vtable, vb_domain_rules },
        { VB_INTERFACE_DEVICE, vb_device_vtable, vb_device_rules },
};

static bool has_method(const sd_bus_vtable *vtable, const char *member)
{
        for (; vtable->type != _SD_BUS_VTABLE_END; vtable++)
                if (vtable->type == _SD_BUS_VTABLE_METHOD && g_str_equal(vtable->x.method.member, member))
                        return true;
        return false;
}

static void test_every_method_has_a_rule(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++) {
                unsigned n = 0;

                for (const sd_bus_vtable *v = interfaces[i].vtable; v->type != _SD_BUS_VTABLE_END; v++) {
                        const VbMethodRule *rule;

                        if (v->type != _SD_BUS_VTABLE_METHOD)
                                continue;
                        n++;
                        rule = vb_call_find_rule(interfaces[i].rules, v->x.method.member);
                        g_test_message("%s.%s", interfaces[i].interface, v->x.method.member);
                        g_assert_nonnull(rule);
                        g_assert_cmpint(rule->verb, !=, VB_VERB_NONE);
                        g_assert_nonnull(rule->handler);
                }
                g_assert_cmpuint(n, >, 0);
        }
}

static void test_every_rule_has_a_method(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++)
                for (const VbMethodRule *rule = interfaces[i].rules; rule->member; rule++)
                        g_assert_true(has_method(interfaces[i].vtable, rule->member));
}

static void test_only_lookups_are_public(void)
{
        static const char *const public_methods[] = { "GetDomain", "GetDomainByUUID", "GetDomainByPID", "ListDomains",
                                                     "ListEmulators", "ListMachineTypes", "DescribeMachineType",
                                                      NULL };

        for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++)
                for (const VbMethodRule *rule = interfaces[i].rules; rule->member; rule++)
                        g_assert_cmpint(rule->verb == VB_VERB_PUBLIC, ==, g_strv_contains(public_methods, rule->member));
}

static void test_controllers_have_no_methods(void)
{
        for (const sd_bus_vtable *v = vb_controller_vtable; v->type != _SD_BUS_VTABLE_END; v++)
                g_assert_cmpint(v->type, !=, _SD_BUS_VTABLE_METHOD);
}

static void test_every_error_is_documented(void)
{
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(g_getenv("VIRTBUS_INTERFACE_XML"), &text, NULL, NULL));
        for (int code = 0; code < _VB_ERROR_MAX; code++) {
                g_autoptr(GError) error = g_error_new(VB_ERROR, code, "x");
                const char *name = vb_bus_error_name(error);
                g_autofree char *documented = g_strconcat("\n    ", name, ": ", NULL);

                g_test_message("%s", name);
                if (g_str_has_prefix(name, "org.virtbus1.Error."))
                        g_assert_nonnull(strstr(text, documented));
                else
                        g_assert_true(g_str_has_prefix(name, "org.freedesktop.DBus.Error."));
        }
}

/* What the interface XML says at "Who may". */
static char *describe_rule(const char *interface, VbVerb verb)
{
        g_autofree char *own = NULL, *any = NULL, *also = NULL;

        if (verb == VB_VERB_PUBLIC)
                return g_strdup("anybody.");
        own = vb_verb_action(verb, true);
        any = vb_verb_action(verb, false);
        if (!g_str_equal(interface, VB_INTERFACE_MANAGER))
                return g_strdup_printf("%s; for others' domains %s.", own, any);
        if (vb_verb_also(verb) == VB_VERB_NONE)
                return g_strdup_printf("%s.", own);
        also = vb_verb_action(vb_verb_also(verb), true);
        return g_strdup_printf("%s, with %s.", own, also);
}

static void test_the_documentation_names_the_actions(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(interfaces); i++) {
                g_autofree char *file = g_strdup_printf("%s.xml", interfaces[i].interface);
                g_autofree char *path = g_build_filename(g_getenv("VIRTBUS_SOURCE"), "dbus-interfaces", file, NULL);
                g_autofree char *text = NULL;

                g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
                for (const VbMethodRule *rule = interfaces[i].rules; rule->member; rule++) {
                        g_autofree char *who = describe_rule(interfaces[i].interface, rule->verb);
                        g_autofree char *expected =
                                g_strdup_printf("\n      Who may: %s\n    -->\n    <method name=\"%s\">", who,
                                                rule->member);

                        g_test_message("%s: %s", rule->member, who);
                        g_assert_nonnull(strstr(text, expected));
                }
        }
}

static void test_paths_are_taken_apart(void)
{
        static const struct {
                const char *path;
                bool ok, controller;
                uint32_t id;
                const char *alias;
        } cases[] = {
                { "/org/virtbus1/domain/7/controller/pci_2e1", true, true, 7, "pci.1" },
                { "/org/virtbus1/domain/4294967295/device/net0", true, false, 4294967295, "net0" },
                { "/org/virtbus1/domain/0/device/net0", false, false, 0, NULL },
                { "/org/virtbus1/domain/4294967296/device/net0", false, false, 0, NULL },
                { "/org/virtbus1/domain/7", false, false, 0, NULL },
                { "/org/virtbus1/domain/7/device", false, false, 0, NULL },
                { "/org/virtbus1/domain/7/device/net0/x", false, false, 0, NULL },
                { "/org/virtbus1/domain/7/device/net_30", false, false, 0, NULL },
                { "/org/virtbus1/domain/07/device/net0", false, false, 0, NULL },
                { "/org/virtbus1/domain/x/device/net0", false, false, 0, NULL },
                { "/org/virtbus1/job/7", false, false, 0, NULL },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *alias = NULL;
                bool controller;
                uint32_t id;

                g_test_message("%s", cases[i].path);
                g_assert_cmpint(vb_path_parse_device(cases[i].path, &id, &controller, &alias), ==, cases[i].ok);
                if (!cases[i].ok)
                        continue;
                g_assert_cmpuint(id, ==, cases[i].id);
                g_assert_cmpint(controller, ==, cases[i].controller);
                g_assert_cmpstr(alias, ==, cases[i].alias);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus/every-method-has-a-rule", test_every_method_has_a_rule);
        g_test_add_func("/bus/every-rule-has-a-method", test_every_rule_has_a_method);
        g_test_add_func("/bus/only-lookups-are-public", test_only_lookups_are_public);
        g_test_add_func("/bus/controllers-have-no-methods", test_controllers_have_no_methods);
        g_test_add_func("/bus/every-error-is-documented", test_every_error_is_documented);
        g_test_add_func("/bus/the-documentation-names-the-actions", test_the_documentation_names_the_actions);
        g_test_add_func("/bus/paths-are-taken-apart", test_paths_are_taken_apart);
        return g_test_run();
}
