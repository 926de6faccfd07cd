/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes beside an emulator: real ones, in an event loop of their own. */
#include <stdio.h>
#include <string.h>

#include "host/companion.h"
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
        static const char *const missing[] = { "/nonexistent/swtpm", NULL }, *const waits[] = { "/bin/sleep", "60", NULL };
        g_autoptr(GString) story = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        VbCompanion *first, *second;
        sd_event *event = NULL;
        guint before;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        second = add(event, "second", waits, story);
        before = watched(event);
        vb_companion_kill(second);
        first = add(event, "first", missing, story);
        second = add(event, "second", waits, story);

        g_assert_false(vb_companion_release(first, &error));
        g_assert_cmpstr(error->message, ==, "first: cannot execute /nonexistent/swtpm: No such file or directory");
        g_assert_cmpint(vb_companion_pid(first), ==, 0);
        vb_companion_kill(first);
        while (sd_event_run(event, 0) > 0)
                ;
        g_assert_cmpuint(watched(event), ==, before);

        g_assert_true(vb_companion_release(second, NULL));
        g_assert_cmpint(vb_companion_pid(second), >, 0);
        g_assert_cmpuint(watched(event), ==, before);
        vb_companion_kill(second);
        g_assert_cmpstr(story->str, ==, "");
        sd_event_unref(event);
}

/* One that is let go is watched as it was before. */
static void test_end_is_told(void)
{
        static const char *const ends[] = { "/bin/true", NULL };
        g_autoptr(GString) story = g_string_new(NULL);
        sd_event *event = NULL;
        VbCompanion *companion;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        companion = add(event, "it", ends, story);
        g_assert_true(vb_companion_release(companion, NULL));
        while (story->len == 0)
                g_assert_cmpint(sd_event_run(event, 60 * G_USEC_PER_SEC), >, 0);
        g_assert_cmpstr(story->str, ==, "it exited with status 0\n");
        g_assert_cmpint(vb_companion_pid(companion), ==, 0);
        vb_companion_kill(companion);
        sd_event_unref(event);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/companion/one-fails", test_one_fails);
        g_test_add_func("/companion/end-is-told", test_end_is_told);
        return g_test_run();
}
