/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

/* What comes in from a bus, on its way to sd-bus, which closes the descriptors of a message in the main loop,
 * whether an argument names them or not, and keeps them until then where every child that is forked has
 * copies. They are put into envelopes (host/envelope.h): those are what messages name. Nothing is changed in
 * what goes out.
 *
 * The loop must run for anything to come: a call that blocks would wait for ever. */
typedef struct VbInlet VbInlet;

/* Connects to the bus at @address. 0, and in @bus the started connection, attached to @event; or -errno. */
int vb_inlet_new(sd_event *event, const char *address, sd_bus **bus, VbInlet **ret);
/* Nothing comes in any more. */
void vb_inlet_free(VbInlet *inlet);
