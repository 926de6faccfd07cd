/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of what is wrong with devices. */
#include "refusal.h"

#include <string.h>

#include "facts.h"

char *test_definition(const char *devices, const char *machine)
{
        return g_strdup_printf("<domain type='qemu'>\n"
                               "<name>right</name>\n"
                               "<memory>262144</memory>\n"
                               "<vcpu>1</vcpu>\n"
                               "<os><type machine='%s'>hvm</type></os>\n"
                               "<on_poweroff>destroy</on_poweroff>\n"
                               "<devices>%s</devices>\n"
                               "</domain>\n",
                               machine ? machine : "pc", devices);
}

void test_refusal_run(gconstpointer data)
{
        const TestRefusal *refusal = data;
        g_autofree char *text = test_definition(refusal->devices, refusal->machine);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts(refusal->machine);
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);

        if (def)
                g_assert_false(vb_domain_def_complete(def, emulator, machine, &error));
        g_assert_nonnull(error);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, refusal->message));
        g_assert_cmpint(error->code, ==, refusal->code);
}

void test_refusals_add(const char *prefix, const TestRefusal *refusals, gsize n)
{
        for (gsize i = 0; i < n; i++) {
                g_autofree char *path = g_strconcat(prefix, refusals[i].name, NULL);

                g_test_add_data_func(path, &refusals[i], test_refusal_run);
        }
}
