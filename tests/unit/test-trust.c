/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether only root decides what a path leads to, what a program's build id is, and becoming another user. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/build-id.h"
#include "host/identity.h"
#include "host/spawn.h"
#include "host/trusted-path.h"
#include "util/error.h"
#include "util/fd.h"

/* -1: it cannot be found; else whether it is trusted. */
static int trust(const char *path)
{
        bool trusted = false;
        int fd = vb_trusted_path_open(path, &trusted);

        if (fd < 0)
                return -1;
        close(fd);
        return trusted;
}

static void test_paths(void)
{
        /* clang-format off */
        static const struct {
                const char *path;
                int trust;
        } paths[] = {
                { "/usr/bin/env", 1 },
                { "/usr/bin/../bin/./env", 1 },
                { "//usr///bin//env", 1 },
                { "/bin/sh", 1 }, /* two links */
                { "/proc/self/exe", 0 },
                { "/proc/self/root/usr/bin/env", 0 }, /* it reads "/", and leads to whatever is root to us */
                { "/usr/bin/nothing-of-the-kind", -1 },
                { "/usr/bin/env/more", -1 },
                { "/", -1 },
                { "/usr/..", -1 },
        };
        /* clang-format on */

        for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
                int got = trust(paths[i].path);

                g_test_message("%s: %d", paths[i].path, got);
                g_assert_cmpint(got, ==, paths[i].trust);
        }
}

typedef struct {
        char *directory;
} Place;

/* Below a directory of root's, if we are root, and then all is trusted. */
static void place_set_up(Place *place, const void *data)
{
        place->directory = g_strdup(geteuid() == 0 ? "/run/test-trust-XXXXXX" : "/tmp/test-trust-XXXXXX");
        g_assert_nonnull(g_mkdtemp_full(place->directory, 0755));
}

static void place_tear_down(Place *place, const void *data)
{
        const char *const argv[] = { "/bin/rm", "-rf", place->directory, NULL };

        g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL));
        g_free(place->directory);
}

static char *at(const Place *place, const char *name)
{
        return g_build_filename(place->directory, name, NULL);
}

static void test_changes(Place *place, const void *data)
{
        g_autofree char *sub = at(place, "sub"), *file = at(place, "sub/file"), *link = at(place, "link");
        g_autofree char *through = at(place, "link/file"), *loop = at(place, "loop");

        g_assert_cmpint(mkdir(sub, 0755), ==, 0);
        g_assert_true(g_file_set_contents(file, "x", -1, NULL));
        g_assert_cmpint(symlink("./sub", link), ==, 0);
        g_assert_cmpint(symlink("loop", loop), ==, 0);
        g_assert_cmpint(trust(loop), ==, -1);
        if (geteuid() != 0) {
                g_assert_cmpint(trust(file), ==, 0);
                return;
        }
        g_assert_cmpint(g_chmod(file, 0755), ==, 0);
        g_assert_cmpint(trust(file), ==, 1);
        g_assert_cmpint(trust(through), ==, 1);
        /* Each thing on the way, one after the other. */
        g_assert_cmpint(g_chmod(file, 0775), ==, 0);
        g_assert_cmpint(trust(through), ==, 0);
        g_assert_cmpint(g_chmod(file, 0755), ==, 0);
        g_assert_cmpint(chown(file, 1, 0), ==, 0);
        g_assert_cmpint(trust(through), ==, 0);
        g_assert_cmpint(chown(file, 0, 0), ==, 0);
        g_assert_cmpint(g_chmod(sub, 01777), ==, 0);
        g_assert_cmpint(trust(through), ==, 0);
        g_assert_cmpint(g_chmod(sub, 0755), ==, 0);
        g_assert_cmpint(lchown(link, 1, 1), ==, 0);
        g_assert_cmpint(trust(through), ==, 0);
        g_assert_cmpint(trust(file), ==, 1);
        g_assert_cmpint(lchown(link, 0, 0), ==, 0);
        g_assert_cmpint(chown(place->directory, 1, 1), ==, 0);
        g_assert_cmpint(trust(through), ==, 0);
        g_assert_cmpint(chown(place->directory, 0, 0), ==, 0);
        g_assert_cmpint(trust(through), ==, 1);
}

static char *build_id(const char *path)
{
        vb_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        return vb_build_id_read(fd);
}

/* Whatever is cut off or flipped: an id, or none, and nothing worse. */
static void test_build_id(Place *place, const void *data)
{
        g_autofree char *good = build_id("/proc/self/exe"), *text = NULL, *copy = at(place, "copy");
        g_autoptr(GRand) random = g_rand_new_with_seed(7);
        gsize length = 0;

        g_test_message("%s", good);
        g_assert_cmpuint(strlen(good), ==, 40);
        g_assert_true(g_file_get_contents("/proc/self/exe", &text, &length, NULL));
        /* The headers and the notes are all in there. */
        length = MIN(length, 4096);
        for (guint i = 0; i < 300; i++) {
                g_autofree char *bad = g_memdup2(text, length), *got = NULL;
                gsize size = i < 100 ? (gsize) g_rand_int_range(random, 0, (gint) length) : length;

                for (guint flips = 0; i >= 100 && flips < 8; flips++)
                        bad[g_rand_int_range(random, 0, 1024)] = (char) g_rand_int(random);
                g_assert_true(g_file_set_contents(copy, bad, (gssize) size, NULL));
                got = build_id(copy);
                g_assert_cmpuint(strlen(got), <=, 128);
        }
        g_assert_true(g_file_set_contents(copy, "#!/bin/sh\n", -1, NULL));
        g_free(good);
        good = build_id(copy);
        g_assert_cmpstr(good, ==, "");
}

static void test_lookup(void)
{
        g_autoptr(VbIdentity) me = vb_identity_new_for_uid(geteuid(), NULL);
        g_autoptr(VbIdentity) root = vb_identity_new_for_service("root");
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        g_autoptr(GError) error = NULL;

        g_assert_nonnull(me);
        g_assert_cmpuint(me->uid, ==, geteuid());
        g_assert_cmpuint(me->n_groups, >=, 1);
        g_assert_null(root); /* never as a service's user */
        g_assert_cmpuint(nobody->uid, !=, 0);
        g_assert_null(vb_identity_new_for_uid(3999999999U, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_ACCESS_DENIED);
        g_assert_null(vb_identity_new_for_service("nobody-of-that-name"));
}

/* What a shell says, run with the identity. Caller frees. */
static char *ask_shell(const VbIdentity *identity, const char *script)
{
        const char *const argv[] = { "/bin/sh", "-c", script, NULL };
        g_autoptr(GError) error = NULL;
        g_autofree char *status = NULL;
        GString *text = g_string_new(NULL);
        VbChild child;
        char buffer[256];
        int fds[2];
        ssize_t n = 0;

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        g_assert_true(vb_spawn(&(VbSpawn){ .argv = argv, .stderr_fd = fds[1], .identity = identity }, &child,
                               &error));
        close(fds[1]);
        while ((n = read(fds[0], buffer, sizeof(buffer))) > 0)
                g_string_append_len(text, buffer, n);
        close(fds[0]);
        g_assert_cmpint(waitpid(child.pid, NULL, 0), ==, child.pid);
        close(child.pidfd);
        return g_strstrip(g_string_free(text, FALSE));
}

static void test_assume(void)
{
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody();
        g_autofree char *text = NULL;
        gid_t groups[] = { 1, 2 };
        VbIdentity other = { .uid = 1, .gid = 3, .groups = groups, .n_groups = 2 };

        if (geteuid() != 0) {
                const char *const argv[] = { "/bin/true", NULL };
                g_autoptr(GError) error = NULL;
                VbChild child;

                g_assert_false(vb_spawn(&(VbSpawn){ .argv = argv, .stderr_fd = -1, .identity = &other },
                                        &child, &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
                return;
        }
        text = ask_shell(nobody, "echo $(id -ru) $(id -u) $(id -rg) $(id -g) $(id -G)");
        g_assert_cmpstr(text, ==, "65534 65534 65534 65534 65534");
        g_free(text);
        text = ask_shell(&other, "echo $(id -u) $(id -G); grep -E '^(CapPrm|CapEff)' /proc/self/status");
        g_assert_cmpstr(text, ==, "1 3 1 2\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000");
        g_assert_cmpuint(geteuid(), ==, 0);
}

static bool is_running(pid_t pid)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int) pid), *stat = NULL;

        return g_file_get_contents(path, &stat, NULL, NULL) && !strstr(stat, ") Z");
}

/* Starts a sleeper from a process that ends at once, and returns its number. */
static pid_t leave_sleeper(const VbIdentity *identity, bool dies_with_us)
{
        const char *const argv[] = { "/bin/sleep", "1000", NULL };
        int fds[2];
        pid_t pid = 0, parent = 0;

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        parent = fork();
        if (parent == 0) {
                VbChild child = { 0 };

                (void) vb_spawn(&(VbSpawn){ .argv = argv,
                                            .stderr_fd = -1,
                                            .identity = identity,
                                            .dies_with_us = dies_with_us },
                                &child, NULL);
                (void) !write(fds[1], &child.pid, sizeof(child.pid));
                _exit(0);
        }
        close(fds[1]);
        g_assert_cmpint(read(fds[0], &pid, sizeof(pid)), ==, sizeof(pid));
        close(fds[0]);
        g_assert_cmpint(waitpid(parent, NULL, 0), ==, parent);
        g_assert_cmpint(pid, >, 0);
        return pid;
}

static void test_dies_with_us(void)
{
        g_autoptr(VbIdentity) nobody = geteuid() == 0 ? vb_identity_new_nobody() : NULL;
        pid_t stays = leave_sleeper(NULL, false), goes = leave_sleeper(NULL, true);
        pid_t other = leave_sleeper(nobody, true);
        gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;

        while ((is_running(goes) || is_running(other)) && g_get_monotonic_time() < end)
                g_usleep(1000);
        g_assert_false(is_running(goes));
        g_assert_false(is_running(other));
        g_assert_true(is_running(stays));
        kill(stays, SIGKILL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/trust/paths", test_paths);
        g_test_add("/trust/changes", Place, NULL, place_set_up, test_changes, place_tear_down);
        g_test_add("/trust/build-id", Place, NULL, place_set_up, test_build_id, place_tear_down);
        g_test_add_func("/trust/lookup", test_lookup);
        g_test_add_func("/trust/assume", test_assume);
        g_test_add_func("/trust/dies-with-us", test_dies_with_us);
        return g_test_run();
}
