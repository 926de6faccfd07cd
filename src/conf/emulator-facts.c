/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of what an emulator said about itself. Filled by src/qemu/, only looked at here. */
#include "conf/emulator-facts.h"

static const char *const kind_words[] = {
        [VB_FACT_DEVICE] = "device",
        [VB_FACT_OBJECT] = "object",
        [VB_FACT_CHARDEV] = "character device",
        [VB_FACT_ACCELERATOR] = "accelerator",
        [VB_FACT_DEVICE_PROPERTY] = "device property",
        [VB_FACT_OBJECT_PROPERTY] = "object property",
        [VB_FACT_OPTION] = "option",
        [VB_FACT_MIGRATION_CAPABILITY] = "migration capability",
        [VB_FACT_MIGRATION_PARAMETER] = "migration parameter",
        [VB_FACT_TPM_MODEL] = "TPM model",
        [VB_FACT_TPM_BACKEND] = "TPM backend",
        [VB_FACT_GIC_EMULATED] = "emulated GIC",
        [VB_FACT_GIC_KVM] = "GIC of KVM",
        [VB_FACT_CPU_FEATURE] = "CPU feature",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_words) == _VB_FACT_MAX);

const char *vb_fact_kind_to_string(VbFactKind kind)
{
        return kind_words[kind];
}

VbMachineInfo *vb_machine_info_new(void)
{
        return g_new0(VbMachineInfo, 1);
}

void vb_machine_info_free(VbMachineInfo *info)
{
        if (!info)
                return;
        g_free(info->name);
        g_free(info->alias);
        g_free(info->default_cpu_type);
        g_free(info->default_ram_id);
        g_free(info);
}

void vb_cpu_model_free(VbCpuModel *model)
{
        if (!model)
                return;
        g_free(model->name);
        g_free(model->type);
        g_free(model->alias_of);
        g_free(model);
}

VbEmulatorFacts *vb_emulator_facts_new(void)
{
        VbEmulatorFacts *facts = g_new0(VbEmulatorFacts, 1);

        facts->refs = 1;
        facts->machines = g_ptr_array_new_with_free_func((GDestroyNotify) vb_machine_info_free);
        for (gsize i = 0; i < _VB_FACT_MAX; i++)
                facts->words[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        facts->cpu_models = g_ptr_array_new_with_free_func((GDestroyNotify) vb_cpu_model_free);
        return facts;
}

VbEmulatorFacts *vb_emulator_facts_copy(const VbEmulatorFacts *facts)
{
        VbEmulatorFacts *copy = g_new0(VbEmulatorFacts, 1);

        *copy = *facts;
        copy->refs = 1;
        copy->path = g_strdup(facts->path);
        copy->arch = g_strdup(facts->arch);
        copy->package = g_strdup(facts->package);
        copy->machines = g_ptr_array_ref(facts->machines);
        for (gsize i = 0; i < _VB_FACT_MAX; i++)
                copy->words[i] = g_hash_table_ref(facts->words[i]);
        copy->cpu_models = g_ptr_array_ref(facts->cpu_models);
        copy->firmware = facts->firmware ? g_ptr_array_ref(facts->firmware) : NULL;
        copy->schema = facts->schema ? vb_qmp_schema_ref(facts->schema) : NULL;
        return copy;
}

void vb_emulator_facts_take_detail(VbEmulatorFacts *facts, const VbEmulatorFacts *detail)
{
        for (gsize i = VB_FACT_DETAIL; i < _VB_FACT_MAX; i++) {
                g_hash_table_unref(facts->words[i]);
                facts->words[i] = g_hash_table_ref(detail->words[i]);
        }
        g_ptr_array_unref(facts->cpu_models);
        facts->cpu_models = g_ptr_array_ref(detail->cpu_models);
        vb_qmp_schema_unref(facts->schema);
        facts->schema = detail->schema ? vb_qmp_schema_ref(detail->schema) : NULL;
        facts->has_detail = detail->has_detail;
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
        g_clear_pointer(&facts->firmware, g_ptr_array_unref);
        g_ptr_array_unref(facts->machines);
        for (gsize i = 0; i < _VB_FACT_MAX; i++)
                g_hash_table_unref(facts->words[i]);
        g_ptr_array_unref(facts->cpu_models);
        vb_qmp_schema_unref(facts->schema);
        g_free(facts);
}

void vb_emulator_facts_add_word(VbEmulatorFacts *facts, VbFactKind kind, const char *word)
{
        g_hash_table_add(facts->words[kind], g_strdup(word));
}

bool vb_emulator_facts_has_word(const VbEmulatorFacts *facts, VbFactKind kind, const char *word)
{
        return g_hash_table_contains(facts->words[kind], word);
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

const VbCpuModel *vb_emulator_facts_find_cpu_model(const VbEmulatorFacts *facts, const char *name)
{
        for (guint i = 0; i < facts->cpu_models->len; i++) {
                const VbCpuModel *model = g_ptr_array_index(facts->cpu_models, i);

                if (g_str_equal(model->name, name))
                        return model;
        }
        return NULL;
}

bool vb_emulator_facts_has_device(const VbEmulatorFacts *facts, const char *type)
{
        return vb_emulator_facts_has_word(facts, VB_FACT_DEVICE, type);
}
