/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probing the real QEMU: what it and its machine types are made of, by hand-written expectations, and that
 * everything is found out once for all who ask. */
#include "probe-fixture.h"

#include <string.h>
#include <unistd.h>

#include "conf/capabilities.h"
#include "qemu/kvm-check.h"

/* From QEMU's documentation of its boards and the data sheets that these follow. */
/* clang-format off */
static const struct {
        const char *machine, *expected;
} boards[] = {
        { "pc", "root pci pci.0, sata -, ide ide, isa 1, floppy 1, i8042 1, acpi 1, vmport 1; 00.0 0600 i440FX; 01.0 0601 PIIX3; "
                "01.1 0101 piix3-ide; 01.3 0680 PIIX4_PM" },
        { "q35", "root pcie pcie.0, sata ide, ide -, isa 1, floppy 0, i8042 1, acpi 1, vmport 1; 00.0 0600 mch; 1f.0 0601 ICH9-LPC; "
                 "1f.2 0106 ich9-ahci; 1f.3 0c05 ICH9-SMB" },
        { "microvm", "root none -, sata -, ide -, isa 1, floppy 0, i8042 0, acpi 1, vmport 0" },
        { "isapc", "root none -, sata -, ide ide, isa 1, floppy 1, i8042 1, acpi 1, vmport 1" },
        { "none", "root none -, sata -, ide -, isa 0, floppy 0, i8042 0, acpi 0, vmport 0" },
};
/* clang-format on */

static void test_boards(Fixture *f, const void *data)
{
        for (gsize i = 0; i < G_N_ELEMENTS(boards); i++) {
                g_auto(Answer) answer = { 0 };
                g_autofree char *text = NULL;

                assert_facts(f, boards[i].machine, &answer);
                text = describe_machine(answer.machine);
                g_assert_cmpstr(text, ==, boards[i].expected);
        }
}

static void test_emulator(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };
        const VbMachineInfo *info = NULL;
        const VbCpuModel *model = NULL;

        assert_facts(f, NULL, &answer);
        g_assert_cmpstr(answer.emulator->path, ==, QEMU);
        g_assert_cmpstr(answer.emulator->arch, ==, "x86_64");
        g_assert_cmpuint(answer.emulator->version, >=, 6002000);
        g_assert_true(vb_emulator_facts_has_device(answer.emulator, "virtio-blk-pci"));
        g_assert_true(vb_emulator_facts_has_device(answer.emulator, "virtio-vga"));
        g_assert_false(vb_emulator_facts_has_device(answer.emulator, "toaster"));
        info = vb_emulator_facts_find_machine(answer.emulator, "q35");
        g_assert_nonnull(info);
        g_assert_true(g_str_has_prefix(info->name, "pc-q35-"));
        g_assert_cmpstr(info->default_ram_id, ==, "pc.ram");
        g_assert_cmpuint(info->cpu_max, >=, 255);
        g_assert_true(info->hotpluggable_cpus);
        g_assert_false(info->is_default);
        model = vb_emulator_facts_find_cpu_model(answer.emulator, "qemu64");
        g_assert_nonnull(model);
        g_assert_cmpstr(model->type, ==, "qemu64-x86_64-cpu");
        g_assert_true(model->migratable);
        g_assert_false(model->is_static);
        g_assert_true(vb_emulator_facts_find_cpu_model(answer.emulator, "base")->is_static);
        g_assert_null(vb_emulator_facts_find_cpu_model(answer.emulator, "toaster"));
        info = vb_emulator_facts_find_machine(answer.emulator, NULL);
        g_assert_cmpstr(answer.machine->name, ==, info->name);
}

/* What is in QEMU 6.2 and newer, in whatever way it is built, and what is in none. */
static void test_capabilities(Fixture *f, const void *data)
{
        /* clang-format off */
        static const struct {
                VbFactKind kind;
                const char *word;
                bool has;
        } words[] = {
                { VB_FACT_OBJECT, "iothread", true },
                { VB_FACT_OBJECT, "virtio-blk-pci", false },
                { VB_FACT_CHARDEV, "chardev-socket", true },
                { VB_FACT_ACCELERATOR, "tcg-accel", true },
                { VB_FACT_DEVICE_PROPERTY, "virtio-net-pci.mac", true },
                { VB_FACT_DEVICE_PROPERTY, "virtio-net-pci.wings", false },
                { VB_FACT_OBJECT_PROPERTY, "memory-backend-file.mem-path", true },
                { VB_FACT_OPTION, "machine", true },
                { VB_FACT_OPTION, "drive.file", true },
                { VB_FACT_OPTION, "toaster", false },
                { VB_FACT_MIGRATION_CAPABILITY, "xbzrle", true },
                { VB_FACT_MIGRATION_PARAMETER, "max-bandwidth", true },
        };
        static const struct {
                const char *path;
                bool has;
        } paths[] = {
                { "query-version", true },
                { "query-version>qemu.major", true },
                { "query-version>qemu.toaster", false },
                { "query-block>inserted.node-name", true },
                { "SHUTDOWN", true },
                { "SHUTDOWN.guest", true },
                { "blockdev-add.driver=qcow2", true },
                { "blockdev-add.driver=toaster", false },
                { "blockdev-add.filename", true },
                { "blockdev-add:file.filename", true },
                { "blockdev-add:qcow2.filename", false },
                { "blockdev-add:qcow2.backing", true },
                { "blockdev-add:file.aio=native", true },
                { "chardev-add.backend.type=socket", true },
                { "chardev-add.backend:socket.data.reconnect", true },
                { "netdev_add.type=user", true },
                { "qcow2", false },
                { "", false },
                { "blockdev-add.", false },
                { "blockdev-add.driver", true },
                { "blockdev-add.driver=", false },
        };
        /* clang-format on */
        g_auto(Answer) answer = { 0 };

        assert_facts(f, "q35", &answer);
        for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
                g_test_message("%s %s", vb_fact_kind_to_string(words[i].kind), words[i].word);
                g_assert_true(vb_emulator_facts_has_word(answer.emulator, words[i].kind, words[i].word) ==
                              words[i].has);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
                g_test_message("%s", paths[i].path);
                g_assert_true(vb_qmp_schema_has(answer.emulator->schema, paths[i].path) == paths[i].has);
        }
        g_assert_true(vb_emulator_facts_has(answer.emulator, VB_CAP_MEMORY_RESERVE));
        g_assert_true(vb_emulator_facts_has(answer.emulator, VB_CAP_NETDEV_VHOST_USER));
        g_assert_true(vb_emulator_facts_has(answer.emulator, VB_CAP_RNG_BUILTIN));
        /* What a module brings: both are in the same. */
        g_assert_true(vb_emulator_facts_has(answer.emulator, VB_CAP_DISPLAY_SPICE) ==
                      vb_emulator_facts_has(answer.emulator, VB_CAP_CHARDEV_SPICEVMC));
        g_assert_false(vb_emulator_facts_has(answer.emulator, VB_CAP_CPU_DUMP_SKEYS));
        g_assert_false(vb_emulator_facts_has(answer.emulator, VB_CAP_GIC_V3));
}

static void test_found_by_architecture(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };

        query(f, NULL, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpstr(answer.emulator->path, ==, QEMU);
        answer_clear(&answer);
        vb_prober_query(f->prober, "pdp11", NULL, NULL, on_answer, &answer);
        run_until_answered(f, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_NO_EMULATOR);
        answer_clear(&answer);
        vb_prober_query(f->prober, "../../bin/sh", NULL, NULL, on_answer, &answer);
        run_until_answered(f, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_NO_EMULATOR);
}

static void test_kvm_is_tried(Fixture *f, const void *data)
{
        g_autoptr(VbKvmCheck) check = vb_kvm_check_new(f->event);
        g_auto(Answer) answer = { 0 };
        const char *problem = NULL;
        gint64 start = g_get_monotonic_time();

        g_assert_false(vb_kvm_check_get(check, &problem));
        vb_kvm_check_run(check, (void (*)(void *)) g_atomic_int_inc, &answer.calls);
        g_assert_false(vb_kvm_check_run(check, NULL, NULL));
        run_until_answered(f, &answer);
        g_assert_true(vb_kvm_check_get(check, &problem));
        g_assert_cmpint(g_get_monotonic_time() - start, <, 3 * SECOND);
        g_test_message("KVM: %s", problem ? problem : "usable");
        if (access("/dev/kvm", R_OK | W_OK) < 0)
                g_assert_nonnull(problem);

        assert_facts(f, "q35", &answer);
        g_assert_cmpint(answer.emulator->kvm_present, ==, !problem);
}

static void test_unknown_machine(Fixture *f, const void *data)
{
        assert_fails(f, QEMU, "toaster", VB_ERROR_UNSUPPORTED, "isapc");
        assert_fails(f, QEMU, "q35,kernel=/etc/passwd", VB_ERROR_UNSUPPORTED, "no machine type");
        assert_fails(f, QEMU, "", VB_ERROR_UNSUPPORTED, "no machine type");
}

static void test_other_architecture(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };

        vb_prober_query(f->prober, "aarch64", QEMU, "virt", on_answer, &answer);
        run_until_answered(f, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(answer.error->message, "<type arch='aarch64'>"));
        answer_clear(&answer);
        vb_prober_query(f->prober, "i686", QEMU, "pc", on_answer, &answer);
        run_until_answered(f, &answer);
        g_assert_no_error(answer.error);
}

/* -- once -- */

static void test_joined(Fixture *f, const void *data)
{
        Answer answers[8] = { 0 };

        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
                vb_prober_query(f->prober, "x86_64", QEMU, i % 2 ? "q35" : "pc", on_answer, &answers[i]);
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
                run_until_answered(f, &answers[i]);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 4);
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_assert_no_error(answers[i].error);
                g_assert_true(answers[i].machine == answers[i % 2].machine);
                g_assert_true(answers[i].emulator == answers[0].emulator);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
                answer_clear(&answers[i]);
}

static void test_in_memory(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };
        g_autofree char *versioned = NULL;
        gint64 start = 0;

        assert_facts(f, "q35", &answer);
        versioned = g_strdup(answer.machine->name);
        answer_clear(&answer);
        vb_prober_query(f->prober, "x86_64", QEMU, versioned, on_answer, &answer);
        g_assert_cmpuint(answer.calls, ==, 1);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 3);

        start = g_get_monotonic_time();
        for (guint i = 0; i < 1000; i++) {
                answer_clear(&answer);
                vb_prober_query(f->prober, "x86_64", QEMU, "q35", on_answer, &answer);
        }
        g_test_message("%.1f us a query", (double) (g_get_monotonic_time() - start) / 1000);
}

static void test_limit(Fixture *f, const void *data)
{
        Answer answers[6] = { 0 };
        g_autofree char *path[6] = { 0 };

        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_autofree char *name = g_strdup_printf("qemu-%zu", i);

                path[i] = make_emulator(f, name, "sleep 1000");
                vb_prober_query(f->prober, "x86_64", path[i], NULL, on_answer, &answers[i]);
        }
        run_for(f, SECOND / 5);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 4);
        g_clear_pointer(&f->prober, vb_prober_free);
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_assert_error(answers[i].error, VB_ERROR, VB_ERROR_BUSY);
                answer_clear(&answers[i]);
                if (i > 0)
                        g_free(path[i]);
        }
}

static void test_cancelled(Fixture *f, const void *data)
{
        g_auto(Answer) cancelled = { 0 };
        g_auto(Answer) answer = { 0 };

        vb_prober_query(f->prober, "x86_64", QEMU, "q35", on_answer, &cancelled);
        vb_prober_query(f->prober, "x86_64", QEMU, "q35", on_answer, &answer);
        vb_prober_cancel(f->prober, &cancelled);
        run_until_answered(f, &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(cancelled.calls, ==, 0);
}

static void on_answer_free(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error,
                           void *userdata)
{
        Fixture *f = userdata;

        g_clear_pointer(&f->prober, vb_prober_free);
}

static void test_freed_in_callback(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };

        vb_prober_query(f->prober, "x86_64", QEMU, "q35", on_answer_free, f);
        vb_prober_query(f->prober, "x86_64", QEMU, "q35", on_answer, &answer);
        run_until_answered(f, &answer);
        g_assert_null(f->prober);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_BUSY);
        run_for(f, SECOND / 10);
}

int main(int argc, char **argv)
{
        /* clang-format off */
        static const Case cases[] = {
                { "/probe/boards", test_boards },
                { "/probe/emulator", test_emulator },
                { "/probe/capabilities", test_capabilities },
                { "/probe/found-by-architecture", test_found_by_architecture },
                { "/probe/kvm-is-tried", test_kvm_is_tried },
                { "/probe/unknown-machine", test_unknown_machine },
                { "/probe/other-architecture", test_other_architecture },
                { "/probe/joined", test_joined },
                { "/probe/in-memory", test_in_memory },
                { "/probe/limit", test_limit },
                { "/probe/cancelled", test_cancelled },
                { "/probe/freed-in-callback", test_freed_in_callback },
        };
        /* clang-format on */

        return run_cases(argc, argv, cases, G_N_ELEMENTS(cases));
}
