/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "domain/service.h"

/* The service's face on a bus: objects for the manager, for every domain and for its hardware. */
typedef struct VbBus VbBus;

/* Puts the objects of @service on @bus and observes it. Both must outlive the result. On the @system bus polkit
 * is asked who may do what is not public, and systemd starts domains with the host; elsewhere only root and the
 * service's own user may, and the service starts them. 0 or -errno. */
int vb_bus_new(sd_bus *bus, VbService *service, bool system, VbBus **ret);
void vb_bus_free(VbBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbBus, vb_bus_free)

/* 0 or -errno (-EEXIST: somebody else has the name). */
typedef void (*VbBusNamed)(int r, void *userdata);

/* Becomes org.virtbus1. 0, and @done is called once and later, unless @bus is freed before; or -errno. */
int vb_bus_request_name(VbBus *bus, VbBusNamed done, void *userdata);

/* Whether a call waits for its answer. */
bool vb_bus_is_busy(const VbBus *bus);
/* When somebody called anything of ours last, or @bus was made: CLOCK_MONOTONIC microseconds. */
uint64_t vb_bus_last_call(const VbBus *bus);
