/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

/* A GSource that runs @event inside the GLib main context it is attached to, so that sd-bus, QMP and child
 * watching (sd-event) live in one loop with GTask and polkit (GLib). It holds a reference to @event; when the
 * event loop is told to exit, @loop is quit. The caller owns the source and attaches it. */
GSource *vb_event_source_new(sd_event *event, GMainLoop *loop);
