/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "bus/bus.h"
#include "domain/service.h"

/* Leaves when there is nothing to do: no domain is defined or runs, and nobody has called for a while. Only
 * where the bus starts the service again for the next call. */
typedef struct VbIdle VbIdle;

/* The loop's exit code where it has to be started again at once: a domain came at the last moment. The unit says so too
 * (RestartForceExitStatus=). */
#define VB_IDLE_EXIT_AGAIN 75

/* @usec: how long nobody has called. What is passed must outlive the result. NULL if the loop cannot be used.
 */
VbIdle *vb_idle_new(sd_event *event, sd_bus *sd, VbBus *bus, VbService *service, uint64_t usec);
void vb_idle_free(VbIdle *idle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbIdle, vb_idle_free)

/* VB_UNLIMITED: never. */
void vb_idle_set_time(VbIdle *idle, uint64_t usec);
