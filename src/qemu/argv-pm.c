/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the firmware's power management offers: properties of the chip that does it. */
#include "conf/domain-def.h"
#include "qemu/argv-parts.h"

static const char *const chips[] = { "ICH9-LPC", "PIIX4_PM" };

static const char *find_chip(const VbMachineFacts *machine)
{
        for (guint i = 0; i < machine->builtin_pci->len; i++) {
                const VbBuiltinPci *builtin = &g_array_index(machine->builtin_pci, VbBuiltinPci, i);

                for (gsize c = 0; c < G_N_ELEMENTS(chips); c++)
                        if (g_strcmp0(builtin->driver, chips[c]) == 0)
                                return chips[c];
        }
        return NULL;
}

static void add_state(VbArgv *argv, const char *chip, const char *property, const VbSuspend *suspend)
{
        g_autofree char *value = NULL;

        if (!suspend || suspend->enabled == VB_TRISTATE_UNSET)
                return;
        value = g_strdup_printf("%s.%s=%d", chip, property, suspend->enabled == VB_TRISTATE_OFF);
        vb_argv_add(argv, "-global", value);
}

/* Where there is no such chip there are no such states, and nothing to switch off. */
bool vb_argv_add_pm(VbArgv *argv, GError **error)
{
        const VbPm *pm = argv->def->pm;
        const char *chip = find_chip(argv->context->machine);

        if (!pm || !chip)
                return true;
        add_state(argv, chip, "disable_s3", pm->to_memory);
        add_state(argv, chip, "disable_s4", pm->to_disk);
        return true;
}
