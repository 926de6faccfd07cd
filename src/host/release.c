/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A gate closes when the program behind it has been executed: that is waited for in the loop, for some time.
 */
#include "host/release.h"

#include <glib-unix.h>

#include "util/error.h"
#include "util/task.h"

/* Less than callers wait for an answer as a rule, and more than a file system needs that works. */
#define EXECUTE_SECONDS 15

struct VbRelease {
        VbHeldChild held;
        guint gate_source, timeout_source;
        VbReleased done;
        void *userdata;
};

static void end(VbRelease *release, VbChild *child, const GError *error)
{
        VbReleased done = release->done;
        void *userdata = release->userdata;

        vb_release_cancel(release);
        done(child, error, userdata);
}

static gboolean on_gate(int fd, GIOCondition condition, gpointer userdata)
{
        VbRelease *release = userdata;
        g_autoptr(GError) error = NULL;
        VbChild child = { .pidfd = -1 };
        bool ok;

        release->gate_source = 0;
        ok = vb_spawn_release(&release->held, &child, &error);
        end(release, ok ? &child : NULL, error);
        return G_SOURCE_REMOVE;
}

static gboolean on_timeout(gpointer userdata)
{
        VbRelease *release = userdata;
        g_autoptr(GError) error = NULL;

        release->timeout_source = 0;
        vb_error_set(
                &error, VB_ERROR_TIMEOUT,
                "%s could not be executed within %d seconds: the file system that it is on does not answer",
                release->held.program, EXECUTE_SECONDS);
        end(release, NULL, error);
        return G_SOURCE_REMOVE;
}

VbRelease *vb_release_start(VbHeldChild *held, VbReleased done, void *userdata)
{
        VbRelease *release = g_new(VbRelease, 1);

        *release = (VbRelease){ .held = *held, .done = done, .userdata = userdata };
        *held = (VbHeldChild){ .child = { .pidfd = -1 }, .gate = -1 };
        vb_spawn_let_go(&release->held);
        release->gate_source =
                g_unix_fd_add(release->held.gate, G_IO_IN | G_IO_HUP | G_IO_ERR, on_gate, release);
        release->timeout_source = g_timeout_add_seconds(EXECUTE_SECONDS, on_timeout, release);
        vb_task_begin();
        return release;
}

void vb_release_cancel(VbRelease *release)
{
        if (!release)
                return;
        g_clear_handle_id(&release->gate_source, g_source_remove);
        g_clear_handle_id(&release->timeout_source, g_source_remove);
        vb_spawn_leave(&release->held);
        g_free(release);
        vb_task_end();
}
