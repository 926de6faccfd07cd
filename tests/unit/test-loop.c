/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd-event inside GLib's loop, and the end of both. */
#include <glib.h>
#include <systemd/sd-event.h>

#include "util/loop.h"

typedef struct {
        sd_event *event;
        unsigned exit_handlers; /* that have run */
        unsigned deliveries, late_deliveries;
} Test;

static void test_set_up(Test *test, gconstpointer unused)
{
        g_assert_cmpint(sd_event_new(&test->event), >=, 0);
}

/* What is left undelivered is the context's, which is the process's. */
static void test_tear_down(Test *test, gconstpointer unused)
{
        while (g_source_remove_by_user_data(test))
                ;
        sd_event_unref(test->event);
}

static gboolean on_delivery(gpointer userdata)
{
        Test *test = userdata;

        test->deliveries++;
        test->late_deliveries += test->exit_handlers > 0;
        return G_SOURCE_REMOVE;
}

/* As a GTask's completion is queued. */
static void queue_delivery(Test *test, int priority)
{
        g_idle_add_full(priority, on_delivery, test, NULL);
}

static int on_exit_handler(sd_event_source *source, void *userdata)
{
        Test *test = userdata;

        test->exit_handlers++;
        queue_delivery(test, G_PRIORITY_HIGH);
        return 0;
}

static void add_exit_handlers(Test *test)
{
        for (int i = 0; i < 3; i++)
                g_assert_cmpint(sd_event_add_exit(test->event, NULL, on_exit_handler, test), >=, 0);
}

static int on_defer(sd_event_source *source, void *userdata)
{
        Test *test = userdata;

        queue_delivery(test, G_PRIORITY_HIGH);
        return sd_event_exit(test->event, 7);
}

static void test_nothing_is_delivered_after_exit_handlers(Test *test, gconstpointer unused)
{
        add_exit_handlers(test);
        g_assert_cmpint(sd_event_add_defer(test->event, NULL, on_defer, test), >=, 0);
        queue_delivery(test, G_PRIORITY_DEFAULT);
        g_assert_cmpint(vb_loop_run(test->event), ==, 7);
        g_assert_cmpuint(test->exit_handlers, ==, 3);
        g_assert_cmpuint(test->late_deliveries, ==, 0);
}

static gboolean on_delivery_exits(gpointer userdata)
{
        Test *test = userdata;

        g_assert_cmpint(sd_event_exit(test->event, 3), >=, 0);
        queue_delivery(test, G_PRIORITY_HIGH);
        return G_SOURCE_REMOVE;
}

static int on_never(sd_event_source *source, void *userdata)
{
        g_assert_not_reached();
}

/* While the source has something of sd-event's to dispatch already. */
static void test_exit_by_a_delivery(Test *test, gconstpointer unused)
{
        add_exit_handlers(test);
        g_assert_cmpint(sd_event_add_defer(test->event, NULL, on_never, test), >=, 0);
        g_idle_add_full(G_PRIORITY_DEFAULT, on_delivery_exits, test, NULL);
        queue_delivery(test, G_PRIORITY_DEFAULT);
        g_assert_cmpint(vb_loop_run(test->event), ==, 3);
        g_assert_cmpuint(test->exit_handlers, ==, 3);
        g_assert_cmpuint(test->deliveries, ==, 1);
        g_assert_cmpuint(test->late_deliveries, ==, 0);
}

static void test_exit_before_it_runs(Test *test, gconstpointer unused)
{
        add_exit_handlers(test);
        g_assert_cmpint(sd_event_exit(test->event, 0), >=, 0);
        g_assert_cmpint(vb_loop_run(test->event), ==, 0);
        g_assert_cmpuint(test->exit_handlers, ==, 3);
        g_assert_cmpuint(test->late_deliveries, ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/loop/nothing-is-delivered-after-exit-handlers", Test, NULL, test_set_up,
                   test_nothing_is_delivered_after_exit_handlers, test_tear_down);
        g_test_add("/loop/exit-by-a-delivery", Test, NULL, test_set_up, test_exit_by_a_delivery, test_tear_down);
        g_test_add("/loop/exit-before-it-runs", Test, NULL, test_set_up, test_exit_before_it_runs, test_tear_down);
        return g_test_run();
}
