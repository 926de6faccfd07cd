/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors of a definition against what the emulator has, and which emulator is for which architecture. */
#include <string.h>

#include "conf/arch.h"
#include "conf/complete.h"
#include "conf/cpu-check.h"
#include "facts.h"
#include "qemu/argv.h"
#include "util/error.h"

static void add_model(VbEmulatorFacts *facts, const char *name)
{
        VbCpuModel *model = g_new0(VbCpuModel, 1);

        model->name = g_strdup(name);
        g_ptr_array_add(facts->cpu_models, model);
}

/* An emulator that told of a few models and features. */
static VbEmulatorFacts *small_emulator(void)
{
        VbEmulatorFacts *facts = test_emulator_facts();

        facts->has_detail = true;
        add_model(facts, "Nehalem");
        add_model(facts, "max");
        vb_emulator_facts_add_word(facts, VB_FACT_CPU_FEATURE, "aes");
        vb_emulator_facts_add_word(facts, VB_FACT_CPU_FEATURE, "lahf-lm");
        vb_emulator_facts_add_word(facts, VB_FACT_CPU_FEATURE, "pclmulqdq");
        return facts;
}

typedef struct {
        const char *name, *cpu;
        const char *message; /* a part of the refusal; NULL: it is right */
} Case;

static const Case cases[] = {
        { "model", "<cpu><model>Nehalem</model></cpu>", NULL },
        { "model-unknown", "<cpu>\n<model>Nehelem</model></cpu>",
          "line 5: <model> in <cpu>: /usr/bin/qemu-system-x86_64 has no processor 'Nehelem'" },
        { "model-capitals", "<cpu><model>nehalem</model></cpu>", "no processor 'nehalem'" },
        { "maximum", "<cpu mode='maximum'/>", NULL },
        { "host-model", "<cpu mode='host-model'/>", NULL },
        { "feature", "<cpu><model>Nehalem</model><feature name='aes'/></cpu>", NULL },
        { "feature-underscore", "<cpu><model>Nehalem</model><feature name='lahf_lm'/></cpu>", NULL },
        { "feature-renamed", "<cpu><model>Nehalem</model><feature name='pclmuldq'/></cpu>", NULL },
        { "feature-no-switch", "<cpu><model>Nehalem</model><feature name='osxsave'/></cpu>", NULL },
        { "feature-unknown", "<cpu><model>Nehalem</model>\n<feature policy='disable' name='aesop'/></cpu>",
          "line 5: <feature> in <cpu>: no processor of /usr/bin/qemu-system-x86_64 has a feature 'aesop'" },
        { "cache-without-level", "<cpu><model>Nehalem</model><cache mode='emulate'/></cpu>",
          "needs level='3'" },
};

static void test_case(gconstpointer data)
{
        const Case *test = data;
        g_autofree char *xml = g_strdup_printf(
                "<domain type='qemu'><name>x</name><memory>65536</memory>\n\n"
                "<os><type arch='x86_64' machine='q35'>hvm</type></os>\n%s<devices/></domain>",
                test->cpu);
        g_autoptr(VbEmulatorFacts) emulator = small_emulator();
        g_autoptr(VbMachineFacts) machine = test_machine_facts("q35");
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), &error);
        bool ok = def && vb_domain_def_complete(def, emulator, machine, &error);

        if (!test->message) {
                g_assert_no_error(error);
                return;
        }
        g_assert_false(ok);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, test->message));
}

/* Where QEMU did not tell what it has, nothing is held against a definition. */
static void test_untold(void)
{
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        VbCpuModelName model = { .name = (char *) "whatever" };

        g_assert_true(vb_cpu_check(&(VbCpu){ .mode = VB_CPU_CUSTOM, .model = &model }, emulator, NULL));
}

static void test_architectures(void)
{
        g_assert_true(vb_arch_serves("x86_64", "i686"));
        g_assert_false(vb_arch_serves("i686", "x86_64"));
        g_assert_true(vb_arch_serves("aarch64", "armv7l"));
        g_assert_false(vb_arch_serves("armv7l", "aarch64"));
        g_assert_true(vb_arch_serves("ppc64", "ppc64le"));
        g_assert_false(vb_arch_serves("x86_64", "aarch64"));
}

/* Given a guest of an older architecture, when it is completed for the emulator of the newer one, then it
 * stays one. */
static void test_older_architecture(void)
{
        static const char xml[] = "<domain type='qemu'><name>x</name><memory>65536</memory>"
                                  "<os><type arch='i686' machine='pc'>hvm</type></os><devices/></domain>";
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts("pc");
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), &error);

        vb_domain_def_complete(def, emulator, machine, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(def->os.arch, ==, "i686");
        g_assert_cmpstr(def->emulator, ==, emulator->path);
}

/* Given a definition that means the host's interrupt controller, when there is no KVM, then it is a
 * definition, but no guest. */
static void test_host_gic(void)
{
        static const char xml[] = "<domain type='qemu'><name>x</name><memory>65536</memory>\n"
                                  "<os><type arch='aarch64' machine='virt'>hvm</type></os>\n"
                                  "<features><gic version='host'/></features><devices/></domain>";
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), &error);

        g_assert_no_error(error);
        g_assert_false(vb_argv_check_start(def, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "line 3: <gic version='host'> needs KVM"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/conf/cpu/", cases[i].name, NULL);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/conf/cpu/untold", test_untold);
        g_test_add_func("/conf/cpu/architectures", test_architectures);
        g_test_add_func("/conf/cpu/older-architecture", test_older_architecture);
        g_test_add_func("/conf/cpu/host-gic", test_host_gic);
        return g_test_run();
}
