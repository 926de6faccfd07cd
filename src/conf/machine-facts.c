/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of what QEMU said about a machine type. Filled by src/qemu/, only looked at here. */
#include "conf/machine-facts.h"

static void builtin_clear(gpointer data)
{
        VbBuiltinPci *builtin = data;

        g_free(builtin->driver);
}

VbMachineFacts *vb_machine_facts_new(void)
{
        VbMachineFacts *facts = g_new0(VbMachineFacts, 1);

        facts->refs = 1;
        facts->builtin_pci = g_array_new(FALSE, TRUE, sizeof(VbBuiltinPci));
        g_array_set_clear_func(facts->builtin_pci, builtin_clear);
        return facts;
}

VbMachineFacts *vb_machine_facts_ref(VbMachineFacts *facts)
{
        g_atomic_int_inc(&facts->refs);
        return facts;
}

void vb_machine_facts_unref(VbMachineFacts *facts)
{
        if (!facts || !g_atomic_int_dec_and_test(&facts->refs))
                return;
        g_free(facts->name);
        g_free(facts->root_bus_name);
        g_array_unref(facts->builtin_pci);
        g_free(facts->sata_bus);
        g_free(facts->ide_bus);
        g_free(facts);
}

const VbBuiltinPci *vb_machine_facts_find_class(const VbMachineFacts *facts, uint16_t class_code)
{
        for (guint i = 0; i < facts->builtin_pci->len; i++) {
                const VbBuiltinPci *builtin = &g_array_index(facts->builtin_pci, VbBuiltinPci, i);

                if (builtin->class_code == class_code)
                        return builtin;
        }
        return NULL;
}
