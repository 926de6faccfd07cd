/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of probing share: a prober with a cache of its own, questions, and what stands for an
 * emulator. Each case ends with no process, no descriptor and no temporary file left behind. */
#include "probe-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static guint count_fds(void)
{
        g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
        guint n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

void fixture_set_up(Fixture *f, const void *data)
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

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                if (g_str_has_prefix(name, "owner-"))
                        assert_no_temporary_files(child);
                else
                        g_assert_true(g_str_has_suffix(name, ".json"));
        }
}

void fixture_tear_down(Fixture *f, const void *data)
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

void new_prober(Fixture *f)
{
        vb_prober_free(f->prober);
        f->prober = vb_prober_new(f->event, f->cache);
}

void on_answer(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        Answer *answer = userdata;

        g_assert_true(!!emulator != !!error);
        answer->calls++;
        answer->emulator = emulator ? vb_emulator_facts_ref(emulator) : NULL;
        answer->machine = machine ? vb_machine_facts_ref(machine) : NULL;
        answer->error = error ? g_error_copy(error) : NULL;
}

void answer_clear(Answer *answer)
{
        vb_emulator_facts_unref(answer->emulator);
        vb_machine_facts_unref(answer->machine);
        g_clear_error(&answer->error);
        *answer = (Answer){ 0 };
}

void run_until_answered(Fixture *f, const Answer *answer)
{
        gint64 end = g_get_monotonic_time() + 30 * SECOND;

        while (answer->calls == 0) {
                g_assert_cmpint(sd_event_run(f->event, SECOND), >=, 0);
                g_assert_cmpint(g_get_monotonic_time(), <, end);
        }
        g_assert_cmpuint(answer->calls, ==, 1);
}

void run_for(Fixture *f, uint64_t usec)
{
        gint64 end = g_get_monotonic_time() + (gint64) usec;

        while (g_get_monotonic_time() < end)
                g_assert_cmpint(sd_event_run(f->event, 10000), >=, 0);
}

void query(Fixture *f, const char *path, const char *machine, Answer *answer)
{
        answer_clear(answer);
        vb_prober_query(f->prober, "x86_64", path, machine, on_answer, answer);
        run_until_answered(f, answer);
}

void assert_facts(Fixture *f, const char *machine, Answer *answer)
{
        query(f, QEMU, machine, answer);
        g_assert_no_error(answer->error);
}

void assert_fails(Fixture *f, const char *path, const char *machine, VbError code, const char *text)
{
        g_auto(Answer) answer = { 0 };

        query(f, path, machine, &answer);
        g_assert_error(answer.error, VB_ERROR, (int) code);
        if (!strstr(answer.error->message, text))
                g_error("no '%s' in: %s", text, answer.error->message);
}

/* What stands for an emulator. The text is a shell script; M is the number of the monitor's descriptor. */
char *make_emulator(Fixture *f, const char *name, const char *script)
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

char *describe_machine(const VbMachineFacts *facts)
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

int run_cases(int argc, char **argv, const Case *cases, gsize n)
{
        g_test_init(&argc, &argv, NULL);
        signal(SIGPIPE, SIG_IGN);
        for (gsize i = 0; i < n; i++)
                g_test_add(cases[i].path, Fixture, NULL, fixture_set_up, cases[i].run, fixture_tear_down);
        return g_test_run();
}
