/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scopes where nobody can be asked for them: what systemd does is tested with a real one. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/scope.h"
#include "util/error.h"

typedef struct {
        sd_event *event;
        sd_bus *bus;
        VbScopes *scopes;
        int peer;
        guint n_done;
        GError *error;
} Fixture;

/* A bus that was connected, and is not any more. */
static void set_up(Fixture *self, gconstpointer data)
{
        int ends[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
        self->peer = ends[1];
        g_assert_cmpint(sd_event_new(&self->event), >=, 0);
        g_assert_cmpint(sd_bus_new(&self->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(self->bus, ends[0], ends[0]), >=, 0);
        g_assert_cmpint(sd_bus_start(self->bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(self->bus, self->event, 0), >=, 0);
        self->scopes = vb_scopes_new(self->bus, false, true);
        g_assert_nonnull(self->scopes);
        sd_bus_close(self->bus);
}

static void tear_down(Fixture *self, gconstpointer data)
{
        vb_scopes_free(self->scopes);
        sd_bus_unref(self->bus);
        sd_event_unref(self->event);
        close(self->peer);
        g_clear_error(&self->error);
}

static void on_done(const GError *error, void *userdata)
{
        Fixture *self = userdata;

        self->n_done++;
        self->error = g_error_copy(error);
}

static void on_made(bool made, const GError *error, void *userdata)
{
        g_assert_false(made);
        on_done(error, userdata);
}

static void test_start(Fixture *self, gconstpointer data)
{
        pid_t pid = getpid();
        g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
        VbScope scope = { .unit = "it.scope", .description = "it", .slice = "its.slice", .pids = pids };

        g_array_append_val(pids, pid);
        g_assert_nonnull(vb_scope_start(self->scopes, &scope, on_made, self));
        g_assert_cmpuint(self->n_done, ==, 0);
        while (self->n_done == 0)
                g_assert_cmpint(sd_event_run(self->event, 60 * G_USEC_PER_SEC), >, 0);
        g_assert_error(self->error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
        g_assert_cmpstr(self->error->message, ==,
                        "systemd could not make it.scope: Transport endpoint is not connected");
}

/* Who asks is not called back before he has asked. */
static void expect_refused(Fixture *self)
{
        g_assert_cmpuint(self->n_done, ==, 0);
        while (self->n_done == 0)
                g_assert_true(g_main_context_iteration(NULL, TRUE));
        g_assert_error(self->error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
        g_assert_cmpstr(self->error->message, ==,
                        "systemd cannot be asked to change it.scope: Transport endpoint is not connected");
}

static void test_change(Fixture *self, gconstpointer data)
{
        vb_scope_change(self->scopes, "it.scope", NULL, on_done, self);
        expect_refused(self);
}

static void test_attach(Fixture *self, gconstpointer data)
{
        vb_scope_change_cancel(vb_scope_attach(self->scopes, "none.scope", getpid(), on_done, self));
        g_assert_nonnull(vb_scope_attach(self->scopes, "it.scope", getpid(), on_done, self));
        expect_refused(self);
        g_assert_false(g_main_context_iteration(NULL, FALSE));
        g_assert_cmpuint(self->n_done, ==, 1);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/scope/start", Fixture, NULL, set_up, test_start, tear_down);
        g_test_add("/scope/change", Fixture, NULL, set_up, test_change, tear_down);
        g_test_add("/scope/attach", Fixture, NULL, set_up, test_attach, tear_down);
        return g_test_run();
}
