/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was found out is kept in a file, which is believed only if it is ours, whole, and about this very
 * emulator on this host. */
#include "probe-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "conf/capabilities.h"
#include "qemu/facts-record.h"
#include "qemu/facts-stamp.h"

static char *cache_file(Fixture *f)
{
        return vb_facts_cache_path(f->cache, QEMU);
}

/* How many emulators a new service starts to know q35: 0 with a good cache, 3 with none. */
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
        new_prober(f);
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
        g_assert_cmpint(st.st_size, <, 1 << 20);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        assert_facts(f, "q35", &read);
        before = describe_machine(asked.machine);
        after = describe_machine(read.machine);
        g_assert_cmpstr(before, ==, after);
        g_assert_cmpuint(asked.emulator->machines->len, ==, read.emulator->machines->len);
        for (gsize i = 0; i < _VB_FACT_MAX; i++)
                g_assert_cmpuint(g_hash_table_size(asked.emulator->words[i]), ==,
                                 g_hash_table_size(read.emulator->words[i]));
        for (gsize i = 0; i < _VB_CAP_MAX; i++)
                g_assert_true(vb_emulator_facts_has(asked.emulator, (VbCapability) i) ==
                              vb_emulator_facts_has(read.emulator, (VbCapability) i));
        g_assert_cmpuint(asked.emulator->cpu_models->len, ==, read.emulator->cpu_models->len);
        g_assert_cmpstr(asked.emulator->package, ==, read.emulator->package);
        g_assert_cmpuint(asked.emulator->version, ==, read.emulator->version);
}

static void set_cache(Fixture *f, const char *text, gssize length)
{
        g_autofree char *path = cache_file(f);

        /* Nothing is on its way there any more. */
        new_prober(f);
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
                { "\"build-id\":\"", "\"build-id\":\"0" },
                { "\"modules\":\"", "\"modules\":\"/lib 1, " },
                { "\"kernel\":\"", "\"kernel\":\"0" },
                { "\"cpu\":\"", "\"cpu\":\"0" },
                { "\"kvm\":\"", "\"kvm\":\"0" },
                { "\"questions\":", "\"questions\":1" },
                { "\"path\":\"", "\"path\":\"/" },
                { "\"size\":", "\"size\":1" },
                { "\"mtime-nsec\":", "\"mtime-nsec\":1" },
                { "\"device\":[", "\"device\":[7," },
                { "\"device\":[", "\"device\":[\"a b\"," },
                { "\"machines\":[", "\"machines\":[{\"name\":\"x\",\"cpu-max\":-1}," },
                { "\"machines\":[", "\"machines\":[null," },
                { "\"cpu-models\":[", "\"cpu-models\":[{\"name\":7}," },
                { "\"schema\":[", "\"schema\":[7," },
                { "\"schema\":[", "\"schema\":[[null,99,\"a\",-1]," },
                { "\"schema\":[", "\"schema\":[[null,0,\"a\",100000]," },
                { "\"schema\":[", "\"schema\":[[null,0]," },
                { "\"slot\":0", "\"slot\":32" },
                { "\"slot\":0", "\"slot\":\"0\"" },
                { "\"root-bus\":2", "\"root-bus\":0" },
                { "\"root-bus-name\":\"pcie.0\"", "\"root-bus-name\":\"pcie.0\\n\"" },
                { "\"PCIE\":", "\"PCIE\":9" },
                { "{", "" },
        };
        /* clang-format on */
        g_autofree char *path = cache_file(f), *good = NULL;

        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        new_prober(f);
        g_assert_true(g_file_get_contents(path, &good, NULL, NULL));
        for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
                g_autofree char *bad = replace(good, changes[i].find, changes[i].by);

                g_test_message("%s", changes[i].by);
                set_cache(f, bad, -1);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        }
        for (gsize length = 0; length < strlen(good); length += 1 + strlen(good) / 7) {
                g_test_message("%zu of %zu bytes", length, strlen(good));
                set_cache(f, good, (gssize) length);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        }
}

static void test_foreign_cache(Fixture *f, const void *data)
{
        g_autofree char *path = cache_file(f), *elsewhere = g_build_filename(f->directory, "elsewhere", NULL);
        g_autofree char *huge = NULL;

        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        new_prober(f);
        g_assert_cmpint(g_chmod(path, 0666), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        new_prober(f);
        g_assert_cmpint(rename(path, elsewhere), ==, 0);
        g_assert_cmpint(symlink(elsewhere, path), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        new_prober(f);
        g_assert_false(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        if (geteuid() == 0) {
                g_assert_cmpint(chown(path, 12345, 12345), ==, 0);
                g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
                new_prober(f);
        }
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        /* A directory that others may write to. */
        new_prober(f);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
        g_assert_cmpint(g_chmod(f->cache, 0777), ==, 0);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        g_assert_cmpint(g_chmod(f->cache, 0700), ==, 0);
        huge = g_strnfill((2 << 20) - 1, ' ');
        set_cache(f, huge, -1);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
}

static void test_unwritable_cache(Fixture *f, const void *data)
{
        g_assert_true(g_file_set_contents(f->cache, "", 0, NULL));
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        g_unlink(f->cache);
}

static void test_replaced_binary(Fixture *f, const void *data)
{
        g_autofree char *path = make_emulator(f, "qemu", "exec " QEMU " \"$@\"");
        g_auto(Answer) answer = { 0 };

        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 3);
        g_free(path);
        path = make_emulator(f, "qemu", "echo no more >&2; exit 3");
        assert_fails(f, path, "q35", VB_ERROR_EMULATOR_FAILED, "no more");
        g_free(path);
        path = make_emulator(f, "qemu", "exec " QEMU " \"$@\" # again");
        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        g_assert_cmpuint(vb_prober_n_sessions(f->prober), ==, 9);
}

/* A wrapper at @path, relative to the fixture's directory; the path is returned. */
static char *make_wrapper(Fixture *f, const char *path)
{
        g_autofree char *file = g_build_filename(f->directory, path, NULL), *dir = g_path_get_dirname(file);

        g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
        g_free(make_emulator(f, path, "exec " QEMU " \"$@\""));
        return g_steal_pointer(&file);
}

static guint sessions_for(Fixture *f, const char *path)
{
        guint before = vb_prober_n_sessions(f->prober);
        g_auto(Answer) answer = { 0 };

        query(f, path, "q35", &answer);
        g_assert_no_error(answer.error);
        return vb_prober_n_sessions(f->prober) - before;
}

/* QEMU loads modules from beside where it really is, and finds more when a package of them is installed. */
static void test_modules(Fixture *f, const void *data)
{
        g_autofree char *path = make_wrapper(f, "opt/bin/qemu"),
                        *link = g_build_filename(f->directory, "link", NULL);
        g_autofree char *modules = g_build_filename(f->directory, "opt/lib/qemu", NULL);
        g_autofree char *module = g_build_filename(modules, "hw-x.so", NULL);

        g_assert_cmpint(symlink(path, link), ==, 0);
        g_assert_cmpuint(sessions_for(f, path), ==, 3);
        g_assert_cmpuint(sessions_for(f, link), ==, 3);
        g_assert_cmpuint(sessions_for(f, link) + sessions_for(f, path), ==, 0);
        /* The first one, and another. */
        g_assert_cmpint(g_mkdir_with_parents(modules, 0755), ==, 0);
        g_assert_cmpuint(sessions_for(f, path), ==, 3);
        g_assert_cmpuint(sessions_for(f, link), ==, 3);
        g_assert_true(g_file_set_contents(module, "", 0, NULL));
        g_assert_cmpuint(sessions_for(f, path), ==, 3);
        g_assert_cmpuint(sessions_for(f, link), ==, 3);
        new_prober(f);
        g_assert_cmpuint(sessions_for(f, link) + sessions_for(f, path), ==, 0);
        /* The last one goes. */
        g_assert_cmpint(g_unlink(module), ==, 0);
        g_assert_cmpint(g_rmdir(modules), ==, 0);
        new_prober(f);
        g_assert_cmpuint(sessions_for(f, link), ==, 3);
}

static guint count_files(const char *directory)
{
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        guint n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

/* Any number of emulators can be named; the files of those that were are not more than so many. */
static void test_full_cache(Fixture *f, const void *data)
{
        g_autofree char *path = cache_file(f), *kept = g_build_filename(f->cache, "other.json", NULL);
        g_autofree char *newest = NULL;

        g_assert_cmpint(g_mkdir(f->cache, 0700), ==, 0);
        g_assert_true(g_file_set_contents(kept, "", 0, NULL));
        for (guint i = 0; i < 100; i++) {
                g_autofree char *name = g_strdup_printf("emulator-%04u.json", i);
                struct timespec times[2] = { { .tv_sec = 1000 + i }, { .tv_sec = 1000 + i } };

                g_free(newest);
                newest = g_build_filename(f->cache, name, NULL);
                g_assert_true(g_file_set_contents(newest, "", 0, NULL));
                g_assert_cmpint(utimensat(AT_FDCWD, newest, times, 0), ==, 0);
        }
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 3);
        new_prober(f);
        g_assert_cmpuint(count_files(f->cache), ==, 64 + 1);
        g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS) && g_file_test(kept, G_FILE_TEST_EXISTS) &&
                      g_file_test(newest, G_FILE_TEST_EXISTS));
        g_assert_cmpuint(sessions_of_new_prober(f), ==, 0);
}

/* As udev does it for each guest that runs with KVM. */
static void test_touched_kvm(Fixture *f, const void *data)
{
        static const char node[] = "/dev/kvm";
        static const struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
        bool made = access(node, F_OK) < 0;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbFactsStamp) stamp = NULL;
        bool trusted;

        if (made)
                g_assert_cmpint(mknod(node, S_IFCHR | 0600, makedev(10, 232)), ==, 0);
        stamp = vb_facts_stamp_take(QEMU, &trusted, &error);
        g_assert_no_error(error);
        g_assert_cmpint(utimensat(AT_FDCWD, node, times, 0), ==, 0);
        g_assert_true(vb_facts_stamp_is_current(stamp));
        if (made)
                g_assert_cmpint(unlink(node), ==, 0);
}

int main(int argc, char **argv)
{
        /* clang-format off */
        static const Case cases[] = {
                { "/probe/cached", test_cached },
                { "/probe/odd-cache", test_odd_cache },
                { "/probe/foreign-cache", test_foreign_cache },
                { "/probe/unwritable-cache", test_unwritable_cache },
                { "/probe/replaced-binary", test_replaced_binary },
                { "/probe/modules", test_modules },
                { "/probe/full-cache", test_full_cache },
                { "/probe/touched-kvm", test_touched_kvm },
        };
        /* clang-format on */

        return run_cases(argc, argv, cases, G_N_ELEMENTS(cases));
}
