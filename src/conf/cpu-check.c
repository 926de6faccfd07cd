/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors against what the emulator said that it has. QEMU ends at a model or a feature that it does not
 * know. */
#include "conf/cpu-check.h"

#include <string.h>

#include "conf/arch.h"
#include "util/error.h"

/* What QEMU calls all that it can emulate. */
#define EVERYTHING "max"

/* Where libvirt's name of a feature is not QEMU's, or its underscores written as hyphens. */
static const struct {
        const char *name, *property;
} renamed[] = {
        { "pclmuldq", "pclmulqdq" },
        /* Set by the guest's system, not by the machine. */
        { "osxsave", NULL },
        { "ospke", NULL },
        /* Of the host's caches and memory, never shown to a guest. */
        { "cmt", NULL },
        { "mbm_local", NULL },
        { "mbm_total", NULL },
};

char *vb_cpu_feature_property(const char *name)
{
        for (gsize i = 0; i < G_N_ELEMENTS(renamed); i++)
                if (g_str_equal(renamed[i].name, name))
                        return g_strdup(renamed[i].property);
        return g_strdelimit(g_strdup(name), "_", '-');
}

/* Power's processors are found by names in capitals or not. */
static bool has_model(const VbEmulatorFacts *emulator, const char *name)
{
        bool any_case = g_str_equal(vb_arch_to_target(emulator->arch), "ppc64");

        for (guint i = 0; i < emulator->cpu_models->len; i++) {
                const VbCpuModel *model = g_ptr_array_index(emulator->cpu_models, i);

                if (any_case ? g_ascii_strcasecmp(model->name, name) == 0 : g_str_equal(model->name, name))
                        return true;
        }
        return false;
}

static bool check_model(const VbCpu *cpu, const VbEmulatorFacts *emulator, GError **error)
{
        if (cpu->mode == VB_CPU_CUSTOM)
                return !cpu->model || !cpu->model->name || has_model(emulator, cpu->model->name) ||
                       vb_error_set_at(error, VB_ERROR_UNSUPPORTED, cpu->model->line,
                                       "<model> in <cpu>: %s has no processor '%s'", emulator->path,
                                       cpu->model->name);
        return cpu->mode == VB_CPU_HOST_PASSTHROUGH || has_model(emulator, EVERYTHING) ||
               vb_error_set_at(error, VB_ERROR_UNSUPPORTED, cpu->line,
                               "<cpu mode='%s'>: %s has no processor that has everything; name a <model>",
                               cpu->mode == VB_CPU_MAXIMUM ? "maximum" : "host-model", emulator->path);
}

static bool check_features(const VbCpu *cpu, const VbEmulatorFacts *emulator, GError **error)
{
        if (g_hash_table_size(emulator->words[VB_FACT_CPU_FEATURE]) == 0)
                return true;
        for (guint i = 0; i < vb_list_length(cpu->features); i++) {
                const VbCpuFeature *feature = g_ptr_array_index(cpu->features, i);
                g_autofree char *property = vb_cpu_feature_property(feature->name);

                if (property && !vb_emulator_facts_has_word(emulator, VB_FACT_CPU_FEATURE, property))
                        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, feature->line,
                                               "<feature> in <cpu>: no processor of %s has a feature '%s'",
                                               emulator->path, feature->name);
        }
        return true;
}

bool vb_cpu_check(const VbCpu *cpu, const VbEmulatorFacts *emulator, GError **error)
{
        return !emulator->has_detail || emulator->cpu_models->len == 0 ||
               (check_model(cpu, emulator, error) && check_features(cpu, emulator, error));
}
