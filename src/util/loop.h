/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

/* Runs @event inside GLib's default main context, so that sd-bus, QMP and child watching (sd-event) live in one loop with
 * GTask and polkit (GLib), until sd_event_exit(). GLib turns no more once the first exit handler runs: what it had to
 * deliver is not for an object that an exit handler has taken down. The exit code, or -errno. */
int vb_loop_run(sd_event *event);
