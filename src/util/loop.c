/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd-event as a GSource, in the way sd_event_prepare(3) describes for foreign loops. */
#include "util/loop.h"

#include <glib.h>
#include <stdbool.h>

typedef struct {
        GSource source;
        GPollFD pollfd;
        sd_event *event;
        GMainLoop *loop; /* borrowed: runs this source */
} EventSource;

static bool exits(sd_event *event)
{
        int code;

        return sd_event_get_exit_code(event, &code) >= 0;
}

static gboolean event_prepare(GSource *source, gint *timeout)
{
        EventSource *self = (EventSource *) source;

        *timeout = -1;
        return sd_event_prepare(self->event) > 0;
}

static gboolean event_check(GSource *source)
{
        EventSource *self = (EventSource *) source;

        return sd_event_wait(self->event, 0) > 0;
}

/* An exit is left to vb_loop_run(): whatever else GLib has found ready is dispatched behind this yet. */
static gboolean event_dispatch(GSource *source, GSourceFunc callback, gpointer userdata)
{
        EventSource *self = (EventSource *) source;

        if (!exits(self->event) && sd_event_dispatch(self->event) > 0 && !exits(self->event))
                return G_SOURCE_CONTINUE;
        g_main_loop_quit(self->loop);
        return G_SOURCE_REMOVE;
}

static void event_finalize(GSource *source)
{
        EventSource *self = (EventSource *) source;

        sd_event_unref(self->event);
}

static GSourceFuncs event_funcs = {
        .prepare = event_prepare,
        .check = event_check,
        .dispatch = event_dispatch,
        .finalize = event_finalize,
};

static GSource *event_source_new(sd_event *event, GMainLoop *loop)
{
        GSource *source = g_source_new(&event_funcs, sizeof(EventSource));
        EventSource *self = (EventSource *) source;

        self->event = sd_event_ref(event);
        self->loop = loop;
        self->pollfd = (GPollFD){ .fd = sd_event_get_fd(event), .events = G_IO_IN | G_IO_HUP | G_IO_ERR };
        g_source_add_poll(source, &self->pollfd);
        g_source_set_name(source, "sd-event");
        /* GLib else takes the descriptor out of its poll and puts it back around every dispatch, and wakes
         * itself each time. Nothing that is dispatched here runs the loop again. */
        g_source_set_can_recurse(source, TRUE);
        return source;
}

int vb_loop_run(sd_event *event)
{
        g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
        g_autoptr(GSource) source = event_source_new(event, loop);
        int code, r;

        g_source_attach(source, NULL);
        g_main_loop_run(loop);
        g_source_destroy(source);
        r = sd_event_get_exit_code(event, &code);
        /* Told to exit between the source's look and its turn. */
        if (r >= 0 && sd_event_get_state(event) == SD_EVENT_PENDING)
                r = sd_event_dispatch(event);
        if (r >= 0 && sd_event_get_state(event) != SD_EVENT_FINISHED)
                r = sd_event_loop(event);
        return r < 0 ? r : code;
}
