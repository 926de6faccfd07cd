/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probing: what the real QEMU's machine types are made of, by hand-written expectations; that everything is
 * found out once, kept, and found out again when it has to be; and emulators that are none. Each case ends
 * with no process, no descriptor and no temporary file left behind. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/facts-record.h"
#include "qemu/kvm-check.h"
#include "qemu/probe-internal.h"
#include "util/error.h"

#define QEMU "/usr/bin/qemu-system-x86_64"
#define SECOND G_USEC_PER_SEC

typedef struct {
        char *directory, *cache;
        sd_event *event;
        VbProber *prober;
        guint n_fds;
} Fixture;

typedef struct {
        guint calls;
        VbEmulatorFacts *emulator;
        VbMachineFacts *machine;
        GError *error;
} Answer;

static guint count_fds(void)
{
        g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
        guint n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

static void fixture_set_up(Fixture *f, const void *data)
{
        f->n_fds = count_fds();
        f->directory = g_dir_make_tmp("test-probe-XXXXXX", NULL);
        f->cache = g_build_filename(f->directory, "cache", NULL);
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        f->prober = vb_prober_new(f->event, f->cache);
}

static void remove_tree(const char *path)
{
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name = NULL;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
                        remove_tree(child);
                else
                        g_unlink(child);
        }
        g_rmdir(path);
}

static void assert_no_temporary_files(const char *path)
{
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name = NULL;

        while (dir && (name = g_dir_read_name(dir)))
                g_assert_true(g_str_has_suffix(name, ".json"));
}

static void fixture_tear_down(Fixture *f, const void *data)
{
        vb_prober_free(f->prober);
        sd_event_unref(f->event);
        g_assert_cmpint(waitpid(-1, NULL, WNOHANG), <, 0);
        g_assert_cmpint(errno, ==, ECHILD);
        g_assert_cmpuint(count_fds(), ==, f->n_fds);
        assert_no_temporary_files(f->cache);
        remove_tree(f->directory);
        g_free(f->directory);
        g_free(f->cache);
}

static void new_prober(Fixture *f)
{
        vb_prober_free(f->prober);
        f->prober = vb_prober_new(f->event, f->cache);
}

static void on_answer(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        Answer *answer = userdata;

        g_assert_true((emulator && machine) != !!error);
        answer->calls++;
        answer->emulator = emulator ? vb_emulator_facts_ref(emulator) : NULL;
        answer->machine = machine ? vb_machine_facts_ref(machine) : NULL;
        answer->error = error ? g_error_copy(error) : NULL;
}

static void answer_clear(Answer *answer)
{
        vb_emulator_facts_unref(answer->emulator);
        vb_machine_facts_unref(answer->machine);
        g_clear_error(&answer->error);
        *answer = (Answer){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

static void run_until_answered(Fixture *f, const Answer *answer)
{
        gint64 end = g_get_monotonic_time() + 30 * SECOND;

        while (answer->calls == 0) {
                g_assert_cmpint(sd_event_run(f->event, SECOND), >=, 0);
                g_assert_cmpint(g_get_monotonic_time(), <, end);
        }
        g_assert_cmpuint(answer->calls, ==, 1);
}

static void run_for(Fixture *f, uint64_t usec)
{
        gint64 end = g_get_monotonic_time() + (gint64) usec;

        while (g_get_monotonic_time() < end)
                g_assert_cmpint(sd_event_run(f->event, 10000), >=, 0);
}

static void query(Fixture *f, const char *path, const char *machine, Answer *answer)
{
        answer_clear(answer);
        vb_prober_query(f->prober, "x86_64", path, machine, on_answer, answer);
        run_until_answered(f, answer);
}

static void assert_facts(Fixture *f, const char *machine, Answer *answer)
{
        query(f, QEMU, machine, answer);
        g_assert_no_error(answer->error);
}

static void assert_fails(Fixture *f, const char *path, const char *machine, VbError code, const char *text)
{
        g_auto(Answer) answer = { 0 };

        query(f, path, machine, &answer);
        g_assert_error(answer.error, VB_ERROR, (int) code);
        if (!strstr(answer.error->message, text))
                g_error("no '%s' in: %s", text, answer.error->message);
}

/* What stands for an emulator. The text is a shell script; M is the number of the monitor's descriptor. */
static char *make_emulator(Fixture *f, const char *name, const char *script)
{
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_autofree char *text =
                g_strdup_printf("#!/bin/bash\n"
                                "M=$(echo \"$*\" | sed 's/.*id=monitor,fd=\\([0-9]*\\).*/\\1/')\n"
                                "%s\n",
                                script);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        return g_steal_pointer(&path);
}

/* -- the real QEMU -- */

static char *describe_machine(const VbMachineFacts *facts)
{
        static const char *const roots[] = { "none", "pci", "pcie" };
        GString *text = g_string_new(NULL);

        g_string_append_printf(text,
                               "root %s %s, sata %s, ide %s, isa %d, floppy %d, i8042 %d, acpi %d, "
                               "vmport %d",
                               roots[facts->root_bus], facts->root_bus_name ? facts->root_bus_name : "-",
                               facts->sata_bus ? facts->sata_bus : "-", facts->ide_bus ? facts->ide_bus : "-",
                               facts->has_isa, facts->has_floppy, facts->has_i8042, facts->has_acpi,
                               facts->has_vmport);
        for (guint i = 0; i < facts->builtin_pci->len; i++) {
                const VbBuiltinPci *pci = &g_array_index(facts->builtin_pci, VbBuiltinPci, i);

                g_string_append_printf(text, "; %02x.%x %04x %s", pci->slot, pci->function, pci->class_code,
                                       pci->driver);
        }
        return g_string_free(text, FALSE);
}

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
        info = vb_emulator_facts_find_machine(answer.emulator, NULL);
        g_assert_cmpstr(answer.machine->name, ==, info->name);
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
        g_assert_nonnull(strstr(answer.error->message, "not for aarch64"));
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
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 3);
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
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 2);

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

/* -- the cache -- */

static char *cache_file(Fixture *f)
{
        return vb_facts_cache_path(f->cache, QEMU);
}

/* How many emulators a new service starts to know q35: 0 with a good cache, 2 with none. */
static guint sessions_of_new_prober(Fixture *f)
{
        g_auto(Answer) answer = { 0 };

        new_prober(f);
        assert_facts(f, "q35", &answer);
        return vb_prober_n_sessions(f->prober);
}

static void test_cached(Fixture *f, const void *data)
{
        g_auto(Answer) asked = { 0 };
        g_auto(Answer) read = { 0 };
        g_autofree char *path = cache_file(f), *before = NULL, *after = NULL;
        struct stat st;

        assert_facts(f, "q35", &asked);
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
        g_assert_cmpint(st.st_size, <, 1 << 20);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        assert_facts(f, "q35", &read);
        before = describe_machine(asked.machine);
        after = describe_machine(read.machine);
        g_assert_cmpstr(before, ==, after);
        g_assert_cmpuint(asked.emulator->machines->len, ==, read.emulator->machines->len);
        g_assert_cmpuint(g_hash_table_size(asked.emulator->device_types), ==,
                         g_hash_table_size(read.emulator->device_types));
        g_assert_cmpstr(asked.emulator->package, ==, read.emulator->package);
        g_assert_cmpuint(asked.emulator->version, ==, read.emulator->version);
}

static void set_cache(Fixture *f, const char *text, gssize length)
{
        g_autofree char *path = cache_file(f);

        g_unlink(path);
        g_assert_true(g_file_set_contents_full(path, text, length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static char *replace(const char *text, const char *find, const char *by)
{
        GString *result = g_string_new(text);

        if (g_string_replace(result, find, by, 1) != 1)
                g_error("no '%s' in the cache", find);
        return g_string_free(result, FALSE);
}

static void test_odd_cache(Fixture *f, const void *data)
{
        /* clang-format off */
        static const struct {
                const char *find, *by;
        } changes[] = {
                { "\"version\":\"", "\"version\":\"0" },
                { "\"format\":", "\"format\":1" },
                { "\"inode\":", "\"inode\":1" },
                { "\"size\":", "\"size\":1" },
                { "\"mtime-nsec\":", "\"mtime-nsec\":1" },
                { "\"device-types\":[", "\"device-types\":[7," },
                { "\"device-types\":[", "\"device-types\":[\"a b\"," },
                { "\"machines\":[", "\"machines\":[{\"name\":\"x\",\"cpu-max\":-1}," },
                { "\"machines\":[", "\"machines\":[null," },
                { "\"slot\":0", "\"slot\":32" },
                { "\"slot\":0", "\"slot\":\"0\"" },
                { "\"root-bus\":2", "\"root-bus\":0" },
                { "\"root-bus-name\":\"pcie.0\"", "\"root-bus-name\":\"pcie.0\\n\"" },
                { "\"PCIE\":", "\"PCIE\":9" },
                { "{", "" },
        };
        /* clang-format on */
        g_autofree char *path = cache_file(f), *good = NULL;

        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        g_assert_true(g_file_get_contents(path, &good, NULL, NULL));
        for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
                g_autofree char *bad = replace(good, changes[i].find, changes[i].by);

                g_test_message("%s", changes[i].by);
                set_cache(f, bad, -1);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        }
        for (gsize length = 0; length < strlen(good); length += 1 + strlen(good) / 7) {
                g_test_message("%zu of %zu bytes", length, strlen(good));
                set_cache(f, good, (gssize) length);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        }
}

static void test_foreign_cache(Fixture *f, const void *data)
{
        g_autofree char *path = cache_file(f), *elsewhere = g_build_filename(f->directory, "elsewhere", NULL);
        g_autofree char *huge = NULL;

        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        g_assert_cmpint(g_chmod(path, 0666), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        g_assert_cmpint(rename(path, elsewhere), ==, 0);
        g_assert_cmpint(symlink(elsewhere, path), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        g_assert_false(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        if (geteuid() == 0) {
                g_assert_cmpint(chown(path, 12345, 12345), ==, 0);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        }
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        huge = g_strnfill((2 << 20) - 1, ' ');
        set_cache(f, huge, -1);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
}

static void test_unwritable_cache(Fixture *f, const void *data)
{
        g_assert_true(g_file_set_contents(f->cache, "", 0, NULL));
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 2);
        g_unlink(f->cache);
}

static void test_replaced_binary(Fixture *f, const void *data)
{
        g_autofree char *path = make_emulator(f, "qemu", "exec " QEMU " \"$@\"");
        g_auto(Answer) answer = { 0 };

        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 2);
        g_free(path);
        path = make_emulator(f, "qemu", "echo no more >&2; exit 3");
        assert_fails(f, path, "q35", VB_ERROR_EMULATOR_FAILED, "no more");
        g_free(path);
        path = make_emulator(f, "qemu", "exec " QEMU " \"$@\" # again");
        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 5);
}

/* -- what is no emulator -- */

#define GREET                                                                                                \
        "echo '{\"QMP\":{\"version\":{\"qemu\":{\"micro\":0,\"minor\":2,\"major\":7},\"package\":\"\"},"     \
        "\"capabilities\":[]}}' >&$M\n"

/* clang-format off */
static const struct {
        const char *name, *script;
        VbError code;
        const char *text; /* in the message */
} fakes[] = {
        { "says-why", "echo first >&2; echo 'cannot do that' >&2; exit 1", VB_ERROR_EMULATOR_FAILED,
          "exited with status 1: first\ncannot do that" },
        { "says-nothing", "exit 0", VB_ERROR_EMULATOR_FAILED, "exited with status 0" },
        { "crashes", "kill -SEGV $$", VB_ERROR_EMULATOR_FAILED, "signal 11" },
        { "crashes-later", GREET "read -r line <&$M; echo 'oh no' >&2; kill -ABRT $$", VB_ERROR_EMULATOR_FAILED, "oh no" },
        { "hangs", "echo hm >&2; sleep 1000", VB_ERROR_TIMEOUT, "within 0.3 s: hm" },
        { "hangs-later", GREET "sleep 1000", VB_ERROR_TIMEOUT, "within 0.3 s" },
        { "garbage", "head -c 100000 /dev/urandom >&$M; sleep 1000", VB_ERROR_EMULATOR_FAILED, "QMP" },
        { "not-qmp", "echo 'SSH-2.0-OpenSSH_9.2' >&$M; sleep 1000", VB_ERROR_EMULATOR_FAILED, "QMP" },
        { "hangs-up", GREET "eval \"exec $M>&-\"; sleep 1000", VB_ERROR_EMULATOR_FAILED, "QMP" },
        { "floods", "yes >&2", VB_ERROR_TIMEOUT, "y\ny" },
        { "rude", "printf 'a\\033[31m\\377b\\0c' >&2; exit 1", VB_ERROR_EMULATOR_FAILED, "a [31m" },
        { "a-program", "exec /bin/true", VB_ERROR_EMULATOR_FAILED, "exited" },
        { "leaves-children", "sleep 1000 & echo gone >&2; exit 1", VB_ERROR_EMULATOR_FAILED, "gone" },
};
/* clang-format on */

static void test_fakes(Fixture *f, const void *data)
{
        vb_prober_set_timeout(f->prober, SECOND * 3 / 10);
        for (gsize i = 0; i < G_N_ELEMENTS(fakes); i++) {
                g_autofree char *path = make_emulator(f, fakes[i].name, fakes[i].script);

                g_test_message("%s", fakes[i].name);
                assert_fails(f, path, "q35", fakes[i].code, fakes[i].text);
                /* The next call tries again. */
                assert_fails(f, path, "q35", fakes[i].code, fakes[i].text);
                g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 2 * (i + 1));
        }
}

static void test_no_emulator(Fixture *f, const void *data)
{
        g_autofree char *path = make_emulator(f, "text", "");

        assert_fails(f, "/nonexistent/qemu", "q35", VB_ERROR_NO_EMULATOR, "/nonexistent/qemu");
        assert_fails(f, "qemu-system-x86_64", "q35", VB_ERROR_NO_EMULATOR, "absolute");
        assert_fails(f, "", "q35", VB_ERROR_NO_EMULATOR, "absolute");
        assert_fails(f, f->directory, "q35", VB_ERROR_NO_EMULATOR, "not a file");
        assert_fails(f, "/dev/zero", "q35", VB_ERROR_NO_EMULATOR, "not a file");
        g_assert_cmpint(g_chmod(path, 0644), ==, 0);
        assert_fails(f, path, "q35", VB_ERROR_NO_EMULATOR, path);
        g_assert_true(g_file_set_contents(path, "no program", -1, NULL));
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        assert_fails(f, path, "q35", VB_ERROR_NO_EMULATOR, path);
}

/* Speaks QMP, and answers each command with what the rest of the script (Python) puts into `answers`. */
static char *make_liar(Fixture *f, const char *name, const char *answers)
{
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_autofree char *text =
                g_strdup_printf("#!/usr/bin/python3 -S\n"
                                "import json, re, socket, sys\n"
                                "fd = int(re.search('id=monitor,fd=([0-9]+)', ' '.join(sys.argv)).group(1))\n"
                                "version = {'qemu': {'major': 7, 'minor': 2, 'micro': 0}, 'package': ''}\n"
                                "answers = {'query-version': version, 'query-target': {'arch': 'x86_64'},\n"
                                "           'query-machines': [{'name': 'q35', 'cpu-max': 1}], "
                                "'qom-list-types': [], 'query-pci': [],\n"
                                "           'query-kvm': {'present': False}, 'qmp_capabilities': {}, "
                                "'qom-list': [], 'qom-get': 0}\n"
                                "%s\n"
                                "peer = socket.socket(fileno=fd)\n"
                                "def say(x): peer.sendall((json.dumps(x) + '\\n').encode())\n"
                                "say({'QMP': {'version': version, 'capabilities': []}})\n"
                                "decoder, text = json.JSONDecoder(), ''\n"
                                "while True:\n"
                                "    text = (text + peer.recv(65536).decode()).lstrip()\n"
                                "    while text:\n"
                                "        q, end = decoder.raw_decode(text)\n"
                                "        text = text[end:].lstrip()\n"
                                "        a = answers.get(q['execute'])\n"
                                "        e = {'error': {'class': 'GenericError', 'desc': 'no'}} if a is None "
                                "else {'return': a}\n"
                                "        say(e | ({'id': q['id']} if 'id' in q else {}))\n",
                                answers);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        return g_steal_pointer(&path);
}

static void test_liars(Fixture *f, const void *data)
{
        /* clang-format off */
        static const struct {
                const char *name, *answers;
                VbError code; /* _VB_ERROR_MAX: it is believed */
                const char *text;
        } liars[] = {
                { "honest", "", _VB_ERROR_MAX, NULL },
                { "old", "version['qemu']['major'] = 5", VB_ERROR_UNSUPPORTED, "6.2" },
                { "other-target", "answers['query-target'] = {'arch': 'arm'}", VB_ERROR_UNSUPPORTED, "armv7l" },
                { "no-version", "answers['query-version'] = None", VB_ERROR_EMULATOR_FAILED, "query-version" },
                { "odd-version", "version['qemu']['major'] = '7'", VB_ERROR_EMULATOR_FAILED, "" },
                { "odd-target", "answers['query-target'] = ['x86_64']", VB_ERROR_EMULATOR_FAILED, "query-target" },
                { "no-machines", "answers['query-machines'] = []", VB_ERROR_UNSUPPORTED, "no machine type" },
                { "odd-machines", "answers['query-machines'] = {'name': 'q35'}", VB_ERROR_EMULATOR_FAILED,
                  "query-machines" },
                { "mixed-machines", "answers['query-machines'] += [7, {}, {'name': 7}, {'name': 'a\\nb'}]", _VB_ERROR_MAX,
                  NULL },
                { "many-machines", "answers['query-machines'] *= 5000", VB_ERROR_EMULATOR_FAILED, "query-machines" },
                { "no-tree", "answers['qom-list'] = None", VB_ERROR_EMULATOR_FAILED, "made of" },
                { "odd-tree", "answers['qom-list'] = [7, [], {'name': 'x', 'type': 'child<'}, {'name': 'x', 'type': 7}]",
                  _VB_ERROR_MAX, NULL },
                { "endless-tree",
                  "answers['qom-list'] = [{'name': str(i), 'type': 'child<container>'} for i in range(30)]",
                  VB_ERROR_EMULATOR_FAILED, "than any machine" },
                { "odd-pci", "answers['query-pci'] = [{'devices': [{'slot': -1, 'function': 99, 'class_info': 0}]}]",
                  _VB_ERROR_MAX, NULL },
        };
        /* clang-format on */

        for (gsize i = 0; i < G_N_ELEMENTS(liars); i++) {
                g_autofree char *path = make_liar(f, liars[i].name, liars[i].answers);
                g_auto(Answer) answer = { 0 };

                g_test_message("%s", liars[i].name);
                if (liars[i].code != _VB_ERROR_MAX) {
                        assert_fails(f, path, "q35", liars[i].code, liars[i].text);
                        continue;
                }
                query(f, path, "q35", &answer);
                g_assert_no_error(answer.error);
        }
}

int main(int argc, char **argv)
{
        /* clang-format off */
        static const struct {
                const char *path;
                void (*run)(Fixture *, const void *);
        } cases[] = {
                { "/probe/boards", test_boards },
                { "/probe/emulator", test_emulator },
                { "/probe/found-by-architecture", test_found_by_architecture },
                { "/probe/kvm-is-tried", test_kvm_is_tried },
                { "/probe/unknown-machine", test_unknown_machine },
                { "/probe/other-architecture", test_other_architecture },
                { "/probe/joined", test_joined },
                { "/probe/in-memory", test_in_memory },
                { "/probe/limit", test_limit },
                { "/probe/cancelled", test_cancelled },
                { "/probe/freed-in-callback", test_freed_in_callback },
                { "/probe/cached", test_cached },
                { "/probe/odd-cache", test_odd_cache },
                { "/probe/foreign-cache", test_foreign_cache },
                { "/probe/unwritable-cache", test_unwritable_cache },
                { "/probe/replaced-binary", test_replaced_binary },
                { "/probe/fakes", test_fakes },
                { "/probe/no-emulator", test_no_emulator },
                { "/probe/liars", test_liars },
        };
        /* clang-format on */

        g_test_init(&argc, &argv, NULL);
        signal(SIGPIPE, SIG_IGN);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
                g_test_add(cases[i].path, Fixture, NULL, fixture_set_up, cases[i].run, fixture_tear_down);
        return g_test_run();
}
