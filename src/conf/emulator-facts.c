/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of what an emulator said about itself. Filled by src/qemu/, only looked at here. */
#include "conf/emulator-facts.h"

static void machine_info_free(gpointer data)
{
        VbMachineInfo *info = data;

        g_free(info->name);
        g_free(info->alias);
        g_free(info->default_cpu_type);
        g_free(info->default_ram_id);
        g_free(info);
}

VbEmulatorFacts *vb_emulator_facts_new(void)
{
        VbEmulatorFacts *facts = g_new0(VbEmulatorFacts, 1);

        facts->refs = 1;
        facts->machines = g_ptr_array_new_with_free_func(machine_info_free);
        facts->device_types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return facts;
}

VbEmulatorFacts *vb_emulator_facts_ref(VbEmulatorFacts *facts)
{
        g_atomic_int_inc(&facts->refs);
        return facts;
}

void vb_emulator_facts_unref(VbEmulatorFacts *facts)
{
        if (!facts || !g_atomic_int_dec_and_test(&facts->refs))
                return;
        g_free(facts->path);
        g_free(facts->arch);
        g_free(facts->package);
        g_ptr_array_unref(facts->machines);
        g_hash_table_unref(facts->device_types);
        g_free(facts);
}

const VbMachineInfo *vb_emulator_facts_find_machine(const VbEmulatorFacts *facts, const char *name)
{
        for (guint i = 0; i < facts->machines->len; i++) {
                const VbMachineInfo *info = g_ptr_array_index(facts->machines, i);

                if (name ? g_str_equal(info->name, name) || g_strcmp0(info->alias, name) == 0
                         : info->is_default)
                        return info;
        }
        return NULL;
}

bool vb_emulator_facts_has_device(const VbEmulatorFacts *facts, const char *type)
{
        return g_hash_table_contains(facts->device_types, type);
}
