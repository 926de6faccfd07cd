/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/service.h"

/* Finds the guests of an earlier run of the service again, and clears up after those that are gone. Called once, after
 * the definitions have been loaded. @done comes, later, when every guest has been asked how it is, or was too slow to
 * answer. */
void vb_reconnect(VbService *service, void (*done)(VbService *service, void *userdata), void *userdata);

/* Starts the domains that are to start with the host, once in the life of the runtime directory. */
void vb_autostart(VbService *service);
