/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes beside an emulator: real ones, in an event loop of their own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/companion.h"
#include "host/identity.h"
#include "host/marked.h"
#include "util/error.h"

static void on_ended(const char *what, const char *how, void *userdata)
{
        GString *story = userdata;

        g_string_append_printf(story, "%s %s\n", what, how);
}

static VbCompanion *add(sd_event *event, const char *what, const char *const *argv, GString *story)
{
        g_autoptr(GError) error = NULL;
        VbHeldChild held;
        bool ok = vb_spawn_held(&(VbSpawn){ .argv = argv, .stderr_fd = -1 }, &held, &error);

        g_assert_no_error(error);
        g_assert_true(ok);
        return vb_companion_new(event, what, &held, on_ended, story);
}

static void end(VbCompanion *companion)
{
        g_autoptr(GPtrArray) all = g_ptr_array_new();

        g_ptr_array_add(all, companion);
        g_assert_true(vb_companion_kill_all(all, 60000));
        g_assert_cmpuint(all->len, ==, 0);
}

static void on_released(const GError *error, void *userdata)
{
        char **told = userdata;

        *told = g_strdup(error ? error->message : "executed");
}

/* What is said of it; the caller frees that. */
static char *release(VbCompanion *companion)
{
        char *told = NULL;

        vb_companion_release(companion, on_released, &told);
        while (!told)
                g_main_context_iteration(NULL, TRUE);
        return told;
}

/* What the kernel still watches for the loop, whoever has it open. */
static guint watched(sd_event *event)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", sd_event_get_fd(event));
        g_autofree char *text = NULL;
        guint n = 0;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        for (const char *at = text; (at = strstr(at, "tfd:")); at++)
                n++;
        return n;
}

/* One that cannot be executed, while another waits: its descriptors are copies of ours. */
static void test_one_fails(void)
{
        static const char *const missing[] = { "/nonexistent/swtpm", NULL }, *const waits[] = { "/bin/sleep",
                                                                                                "60", NULL };
        g_autoptr(GString) story = g_string_new(NULL);
        g_autofree char *failed = NULL, *executed = NULL;
        VbCompanion *first, *second;
        sd_event *event = NULL;
        guint before;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        second = add(event, "second", waits, story);
        before = watched(event);
        end(second);
        first = add(event, "first", missing, story);
        second = add(event, "second", waits, story);

        failed = release(first);
        g_assert_cmpstr(failed, ==, "first: cannot execute /nonexistent/swtpm: No such file or directory");
        g_assert_cmpint(vb_companion_pid(first), ==, 0);
        end(first);
        while (sd_event_run(event, 0) > 0)
                ;
        g_assert_cmpuint(watched(event), ==, before);

        executed = release(second);
        g_assert_cmpstr(executed, ==, "executed");
        g_assert_cmpint(vb_companion_pid(second), >, 0);
        g_assert_cmpuint(watched(event), ==, before);
        end(second);
        g_assert_cmpstr(story->str, ==, "");
        sd_event_unref(event);
}

/* One that is let go is watched as it was before. */
static void test_end_is_told(void)
{
        static const char *const ends[] = { "/bin/true", NULL };
        g_autoptr(GString) story = g_string_new(NULL);
        g_autofree char *executed = NULL;
        sd_event *event = NULL;
        VbCompanion *companion;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        companion = add(event, "it", ends, story);
        executed = release(companion);
        g_assert_cmpstr(executed, ==, "executed");
        while (story->len == 0)
                g_assert_cmpint(sd_event_run(event, 60 * G_USEC_PER_SEC), >, 0);
        g_assert_cmpstr(story->str, ==, "it exited with status 0\n");
        g_assert_cmpint(vb_companion_pid(companion), ==, 0);
        end(companion);
        sd_event_unref(event);
}

/* When that returns, they have gone: nothing that is given back next is still used. */
static void test_all_are_killed(void)
{
        static const char *const waits[] = { "/bin/sleep", "60", NULL };
        g_autoptr(GPtrArray) all = g_ptr_array_new();
        g_autoptr(GString) story = g_string_new(NULL);
        g_autofree char *executed = NULL;
        unsigned long long start;
        sd_event *event = NULL;
        pid_t pids[3];

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        for (guint i = 0; i < G_N_ELEMENTS(pids); i++) {
                g_ptr_array_add(all, add(event, "it", waits, story));
                pids[i] = vb_companion_pid(all->pdata[i]);
                g_assert_true(vb_process_start_time(pids[i], &start));
        }
        executed = release(all->pdata[0]);
        g_assert_cmpstr(executed, ==, "executed");
        g_assert_true(vb_companion_kill_all(all, 60000));
        g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
        g_assert_cmpint(errno, ==, ECHILD);
        for (guint i = 0; i < G_N_ELEMENTS(pids); i++)
                g_assert_false(vb_process_start_time(pids[i], &start));
        while (sd_event_run(event, 0) > 0)
                ;
        g_assert_cmpstr(story->str, ==, "");
        sd_event_unref(event);
}

static pid_t start_marked(const char *const *argv, const char *mark, const VbIdentity *identity)
{
        g_autoptr(GError) error = NULL;
        VbChild child;

        vb_spawn(&(VbSpawn){ .argv = argv, .stderr_fd = -1, .mark = mark, .identity = identity }, &child,
                 &error);
        g_assert_no_error(error);
        close(child.pidfd);
        return child.pid;
}

/* An emulator may be a script, whose processes all have its mark; somebody else may have it, too. */
static void test_marked(void)
{
        static const char *const script[] = { "/bin/sh", "-c", "sleep 60 & exec sleep 60", NULL };
        static const char *const waits[] = { "/bin/sleep", "60", NULL };
        g_autofree char *mark = g_strdup_printf("/a mark of %d", (int) getpid());
        g_autofree char *longer = g_strconcat(mark, "1", NULL);
        g_autoptr(VbIdentity) nobody = vb_identity_new_nobody(), other = vb_identity_new(65533, 65533);
        pid_t foreign = 0, similar, pid;
        unsigned long long start;
        guint n = 1;

        g_assert_true(vb_marked_kill(mark, geteuid(), 60000, &n));
        g_assert_cmpuint(n, ==, 0);
        if (geteuid() == 0)
                foreign = start_marked(waits, mark, other);
        similar = start_marked(waits, longer, NULL);
        pid = start_marked(script, mark, geteuid() == 0 ? nobody : NULL);
        /* The shell has started its own when it is another program itself. */
        for (g_autofree char *name = NULL; g_strcmp0(name, "sleep\n") != 0; g_usleep(1000)) {
                g_autofree char *path = g_strdup_printf("/proc/%d/comm", (int) pid);

                g_clear_pointer(&name, g_free);
                g_assert_true(g_file_get_contents(path, &name, NULL, NULL));
        }
        g_assert_true(vb_marked_kill(mark, geteuid() == 0 ? nobody->uid : geteuid(), 60000, &n));
        g_assert_cmpuint(n, ==, 2);
        g_assert_false(vb_process_start_time(pid, &start));
        g_assert_true(vb_process_start_time(similar, &start));
        if (foreign) {
                g_assert_true(vb_process_start_time(foreign, &start));
                g_assert_true(vb_marked_kill(mark, other->uid, 60000, &n));
                g_assert_cmpuint(n, ==, 1);
        }
        /* Ours count whoever is asked for. */
        g_assert_true(vb_marked_kill(longer, nobody->uid, 60000, &n));
        g_assert_cmpuint(n, ==, 1);
        while (waitpid(-1, NULL, 0) > 0)
                ;
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/companion/one-fails", test_one_fails);
        g_test_add_func("/companion/end-is-told", test_end_is_told);
        g_test_add_func("/companion/all-are-killed", test_all_are_killed);
        g_test_add_func("/companion/marked", test_marked);
        return g_test_run();
}
