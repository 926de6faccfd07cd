/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who runs an emulator in order to ask it: as root, a system user runs what only root can change, and the
 * owner everything else, each with a cache of his own. */
#include "host/own-program.h"
#include "probe-fixture.h"
#include "qemu/stamp-look.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/probe-place.h"

#define DAEMON 1 /* a user that is on every host */

/* It says who it is, and ends. */
#define WHO "echo \"as $(id -u) $(id -G)\" >&2; exit 1"

static void begin(Fixture *f, const char *path, uid_t owner, VbProbeScope scope, Answer *answer)
{
        answer_clear(answer);
        vb_prober_ask(
                f->prober,
                &(VbProbeQuestion){
                        .arch = "x86_64", .path = path, .machine = "q35", .owner = owner, .scope = scope },
                on_answer, answer);
}

static void ask(Fixture *f, const char *path, uid_t owner, VbProbeScope scope, Answer *answer)
{
        begin(f, path, owner, scope, answer);
        run_until_answered(f, answer);
}

/* As ask(), of a path that nobody named. */
static void ask_found(Fixture *f, const char *path, uid_t owner, Answer *answer)
{
        answer_clear(answer);
        vb_prober_ask(
                f->prober,
                &(VbProbeQuestion){
                        .arch = "x86_64", .path = path, .found = true, .machine = "q35", .owner = owner },
                on_answer, answer);
        run_until_answered(f, answer);
}

static void assert_run_as(Fixture *f, const char *path, uid_t owner, const char *as)
{
        g_auto(Answer) answer = { 0 };

        ask(f, path, owner, VB_PROBE_SCOPE_ALL, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
        if (!strstr(answer.error->message, as))
                g_error("not '%s': %s", as, answer.error->message);
}

static void test_as_ourselves(Fixture *f, const void *data)
{
        g_autofree char *path = make_emulator(f, "qemu", WHO), *as = g_strdup_printf("as %u ", geteuid());

        assert_run_as(f, path, geteuid(), as);
}

/* Emulators are made where only root can put anything; false, and the test is skipped, for anybody else. */
static bool move_to_roots_place(Fixture *f)
{
        g_autofree char *directory = g_strdup("/run/test-probe-XXXXXX");

        if (geteuid() != 0) {
                g_test_skip("not root");
                return false;
        }
        g_assert_nonnull(g_mkdtemp_full(directory, 0755));
        g_assert_cmpint(g_rmdir(f->directory), ==, 0);
        g_free(f->directory);
        f->directory = g_steal_pointer(&directory);
        return true;
}

static void test_trusted(Fixture *f, const void *data)
{
        const struct passwd *user = getpwnam(VB_PROBE_USER);
        g_autofree char *as = NULL, *path = NULL;
        g_autofree char *cache = g_strdup_printf("%s/owner-%d", f->cache, DAEMON);

        if (!move_to_roots_place(f))
                return;
        path = make_emulator(f, "qemu", WHO);
        as = user ? g_strdup_printf("as %u %u\n", user->pw_uid, user->pw_gid) : g_strdup("as 65534 65534");
        assert_run_as(f, path, 0, g_strchomp(as));
        assert_run_as(f, path, DAEMON, as);
        /* From now on somebody else could put another program there. */
        g_assert_cmpint(chown(path, DAEMON, DAEMON), ==, 0);
        assert_run_as(f, path, DAEMON, "as 1 1");
        assert_run_as(f, path, 0, "as 0 0");
        g_assert_false(g_file_test(cache, G_FILE_TEST_EXISTS));
}

/* Who may write where emulators are looked for is not made root by root's asking for a list. */
static void test_found(Fixture *f, const void *data)
{
        g_autofree char *path = make_emulator(f, "qemu", WHO), *as = g_strdup_printf("as %u ", geteuid());
        g_auto(Answer) answer = { 0 };

        ask_found(f, path, geteuid(), &answer);
        g_assert_nonnull(answer.error);
        if (geteuid() != 0) {
                g_assert_nonnull(strstr(answer.error->message, as));
                return;
        }
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_ACCESS_DENIED);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 0);
        g_assert_cmpint(g_chmod(f->directory, 0755), ==, 0);
        ask_found(f, path, DAEMON, &answer);
        g_assert_nonnull(strstr(answer.error->message, "as 1 1"));
        /* Root's own word. */
        assert_run_as(f, path, 0, "as 0 0");
}

/* What only root can have put there is nobody's secret, whoever runs the service. */
static void test_for_everybody(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };

        ask(f, QEMU, geteuid() + 1, VB_PROBE_SCOPE_EMULATOR, &answer);
        g_assert_no_error(answer.error);
        ask(f, QEMU, geteuid(), VB_PROBE_SCOPE_EMULATOR, &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 1);
}

#define N_HANGING 8

static void test_patience(Fixture *f, const void *data)
{
        Answer hanging[N_HANGING] = { 0 };
        g_auto(Answer) answer = { 0 };
        g_autofree char *same = NULL;
        gint64 began, patience;

        if (geteuid() != 0) {
                g_test_skip("not root");
                return;
        }
        g_assert_cmpint(g_chmod(f->directory, 0755), ==, 0);
        /* What answers gets many times what an answer takes here and now. */
        same = make_emulator(f, "qemu", "exec " QEMU " \"$@\"");
        began = g_get_monotonic_time();
        ask(f, same, DAEMON + 1, VB_PROBE_SCOPE_EMULATOR, &answer);
        g_assert_no_error(answer.error);
        patience = CLAMP(10 * (g_get_monotonic_time() - began), 3 * SECOND, 20 * SECOND);
        vb_prober_set_timeout(f->prober, (uint64_t) patience);
        for (gsize i = 0; i < N_HANGING; i++) {
                g_autofree char *name = g_strdup_printf("qemu%zu", i);
                g_autofree char *path = make_emulator(f, name, "exec sleep 1000");

                begin(f, path, DAEMON, VB_PROBE_SCOPE_EMULATOR, &hanging[i]);
        }
        /* As many as one user may have run hang by now. */
        run_for(f, SECOND / 2);
        ask(f, QEMU, DAEMON + 1, VB_PROBE_SCOPE_EMULATOR, &answer);
        g_assert_no_error(answer.error);
        for (gsize i = 0; i < N_HANGING; i++)
                g_assert_cmpuint(hanging[i].calls, ==, 0);
        for (gsize i = 0; i < N_HANGING; i++) {
                run_until_answered(f, &hanging[i]);
                g_assert_error(hanging[i].error, VB_ERROR, VB_ERROR_TIMEOUT);
                answer_clear(&hanging[i]);
        }
}

static void test_owners(Fixture *f, const void *data)
{
        g_autofree char *path = NULL, *cache = g_strdup_printf("%s/owner-%d", f->cache, DAEMON);
        g_autofree char *mine = g_strdup_printf("%s/owner-0", f->cache);
        g_auto(Answer) answer = { 0 };

        if (geteuid() != 0) {
                path = make_emulator(f, "qemu", WHO);
                ask(f, path, 0, VB_PROBE_SCOPE_ALL, &answer);
                g_assert_error(answer.error, VB_ERROR, VB_ERROR_ACCESS_DENIED);
                return;
        }
        g_assert_cmpint(g_chmod(f->directory, 0755), ==, 0);
        path = make_emulator(f, "qemu", "exec " QEMU " \"$@\"");
        ask(f, path, DAEMON, VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 2);
        ask(f, path, DAEMON, VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 2);
        /* What it said to one is not what it said to another. */
        ask(f, path, 0, VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 4);
        new_prober(f);
        g_assert_true(g_file_test(cache, G_FILE_TEST_IS_DIR));
        g_assert_true(g_file_test(mine, G_FILE_TEST_IS_DIR));
        ask(f, path, DAEMON, VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 0);
        /* He may not look into root's places through us. */
        g_assert_cmpint(g_chmod(f->directory, 0700), ==, 0);
        new_prober(f);
        ask(f, path, 2, VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_NO_EMULATOR);
        ask(f, path, 3999999999U, VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_ACCESS_DENIED);
}

/* A user's look at what is everybody's takes nothing away from the others. */
static void test_beside(Fixture *f, const void *data)
{
        g_autofree char *path = NULL;
        g_auto(Answer) his = { 0 }, roots = { 0 };

        if (!move_to_roots_place(f))
                return;
        path = make_emulator(f, "qemu", "exec " QEMU " \"$@\"");
        begin(f, path, DAEMON, VB_PROBE_SCOPE_MACHINE, &his);
        begin(f, path, 0, VB_PROBE_SCOPE_MACHINE, &roots);
        run_until_answered(f, &his);
        g_assert_no_error(his.error);
        run_until_answered(f, &roots);
        g_assert_no_error(roots.error);
        /* Two for each of them at most: nothing was asked twice. */
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), <=, 4);
}

static void test_never_the_same(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };
        uid_t owner = geteuid() == 0 ? DAEMON : geteuid();
        g_autofree char *path = make_emulator(
                f, "qemu", "cp \"$0\" \"$0.new\" && mv \"$0.new\" \"$0\"\nexec " QEMU " \"$@\"");

        g_assert_cmpint(g_chmod(f->directory, 0755), ==, 0);
        if (geteuid() == 0)
                g_assert_cmpint(chown(f->directory, DAEMON, DAEMON), ==, 0);
        ask(f, path, owner, VB_PROBE_SCOPE_ALL, &answer);
        g_assert_error(answer.error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
        g_assert_nonnull(strstr(answer.error->message, "another file each time"));
}

static void test_scopes(Fixture *f, const void *data)
{
        g_auto(Answer) answer = { 0 };

        ask(f, QEMU, geteuid(), VB_PROBE_SCOPE_EMULATOR, &answer);
        g_assert_nonnull(answer.emulator);
        g_assert_null(answer.machine);
        g_assert_false(answer.emulator->has_detail);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 1);
        ask(f, QEMU, geteuid(), VB_PROBE_SCOPE_MACHINE, &answer);
        g_assert_nonnull(answer.machine);
        g_assert_false(answer.emulator->has_detail);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 2);
        ask(f, QEMU, geteuid(), VB_PROBE_SCOPE_ALL, &answer);
        g_assert_nonnull(answer.machine);
        g_assert_true(answer.emulator->has_detail);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 3);
}

int main(int argc, char **argv)
{
        /* clang-format off */
        static const Case cases[] = {
                { "/probe/as-ourselves", test_as_ourselves },
                { "/probe/trusted", test_trusted },
                { "/probe/found", test_found },
                { "/probe/for-everybody", test_for_everybody },
                { "/probe/patience", test_patience },
                { "/probe/owners", test_owners },
                { "/probe/beside", test_beside },
                { "/probe/never-the-same", test_never_the_same },
                { "/probe/scopes", test_scopes },
        };
        /* clang-format on */

        /* What virtbusd does as another user's process. */
        if (argc > 1 && g_str_equal(argv[1], VB_STAMP_LOOK_ARGUMENT))
                return vb_stamp_look_main(argc, argv);
        if (argc > 1 && g_str_equal(argv[1], VB_EXECUTE_ARGUMENT))
                return vb_own_program_execute_main(argc, argv);
        return run_cases(argc, argv, cases, G_N_ELEMENTS(cases));
}
