/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether an emulator will do, and which of its machine types is meant. */
#include "qemu/machine-choice.h"

#include "conf/arch.h"
#include "qemu/emulators.h"
#include "util/error.h"

/* Names come from users: no message gets long by a long one. Caller frees. */
#define SHOWN_MAX 64

static char *shown(const char *name)
{
        return g_utf8_substring(name, 0, MIN(g_utf8_strlen(name, -1), SHOWN_MAX));
}

bool vb_emulator_check_arch(const VbEmulatorFacts *facts, const char *arch, GError **error)
{
        g_autofree char *name = NULL;

        if (!arch)
                arch = vb_arch_host();
        if (vb_arch_serves(facts->arch, arch))
                return true;
        name = shown(arch);
        return vb_error_set(error, VB_ERROR_UNSUPPORTED, "<type arch='%s'>: %s emulates %s", name,
                            facts->path, facts->arch);
}

static void list_machines(const VbEmulatorFacts *facts, GString *text)
{
        for (guint i = 0; i < facts->machines->len; i++) {
                const VbMachineInfo *info = g_ptr_array_index(facts->machines, i);

                g_string_append_printf(text, "%s%s", i ? ", " : "", info->name);
                if (info->alias)
                        g_string_append_printf(text, " (%s)", info->alias);
        }
}

const VbMachineInfo *vb_machine_choose(const VbEmulatorFacts *facts, const char *name, GError **error)
{
        const VbMachineInfo *info = vb_emulator_facts_find_machine(facts, name);
        g_autoptr(GString) names = NULL;
        g_autofree char *short_name = NULL;

        if (info)
                return info;
        names = g_string_new(NULL);
        list_machines(facts, names);
        short_name = name ? shown(name) : NULL;
        if (name)
                vb_error_set(error, VB_ERROR_UNSUPPORTED,
                             "<type machine='%s'>: %s has no machine type of that name; it has %s",
                             short_name, facts->path, names->str);
        else
                vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s has no default machine type; name one of %s",
                             facts->path, names->str);
        return NULL;
}
