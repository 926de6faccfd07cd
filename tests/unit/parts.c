/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How parts of a definition are tried. */
#include "parts.h"

#include <string.h>

#include "conf/complete.h"
#include "facts.h"

#define BEFORE                                                                                               \
        "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' xmlns:o='urn:outer'>\n" \
        "<name>n</name>\n<memory unit='MiB'>512</memory>\n"
#define OS "<os><type machine='q35'>hvm</type></os>"

/* A definition with @part in it, in line 4. */
char *text_around_part(const char *part)
{
        return g_strconcat(BEFORE, part, strstr(part, "<os") ? "" : OS, "\n</domain>\n", NULL);
}

VbDomainDef *complete_text(const char *text, GError **error)
{
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), error);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = NULL;

        if (!def)
                return NULL;
        machine = test_machine_facts(def->os.machine);
        return vb_domain_def_complete(def, emulator, machine, error) ? g_steal_pointer(&def) : NULL;
}

/* Given a part, when the definition is completed, then it is written as expected, and stays so. */
static void test_accepted(gconstpointer data)
{
        const AcceptedPart *row = data;
        bool absent = *row->expected == '!';
        g_autofree char *text = text_around_part(row->part), *canonical = NULL, *again = NULL,
                        *of_copy = NULL;
        g_autoptr(VbDomainDef) def = NULL, second = NULL, copy = NULL;
        g_autoptr(GError) error = NULL;

        def = complete_text(text, &error);
        g_assert_no_error(error);
        canonical = vb_domain_def_format(def);
        if (!strstr(canonical, row->expected + absent) != absent)
                g_test_message("%s", canonical);
        g_assert_true(!strstr(canonical, row->expected + absent) == absent);
        copy = vb_domain_def_copy(def);
        of_copy = vb_domain_def_format(copy);
        g_assert_cmpstr(of_copy, ==, canonical);
        second = complete_text(canonical, &error);
        g_assert_no_error(error);
        again = vb_domain_def_format(second);
        g_assert_cmpstr(again, ==, canonical);
}

static void test_refused(gconstpointer data)
{
        const RefusedPart *row = data;
        g_autofree char *text = text_around_part(row->part);
        g_autoptr(VbDomainDef) def = NULL;
        g_autoptr(GError) error = NULL;

        def = complete_text(text, &error);
        g_assert_null(def);
        g_assert_nonnull(error);
        if (!strstr(error->message, row->message))
                g_test_message("expected \"%s\" in \"%s\"", row->message, error->message);
        g_assert_nonnull(strstr(error->message, row->message));
}

void add_accepted_parts(const char *area, const AcceptedPart *parts, gsize n)
{
        for (gsize i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("/conf/%s/accepted/%s", area, parts[i].name);

                g_test_add_data_func(name, &parts[i], test_accepted);
        }
}

void add_refused_parts(const char *area, const RefusedPart *parts, gsize n)
{
        for (gsize i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("/conf/%s/refused/%s", area, parts[i].name);

                g_test_add_data_func(name, &parts[i], test_refused);
        }
}
