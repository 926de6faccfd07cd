/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/provision.h"

/* What a domain's processes print: host/room-log.h. */

/* Has what they printed copied to where vb_room_log_tail() finds it; @done is called once, unless @provided
 * is given back before. False if that cannot be waited for. */
bool vb_emulator_log_finish(VbProvided *provided, void (*done)(void *userdata), void *userdata);

/* Of the guest that starts or runs, else of the last one; empty if there was none since the host was started.
 * @follow: as a stream that goes on until the guest has gone, where there is a guest. A descriptor for
 * reading, -1 with @error (STORAGE). */
int vb_emulator_log_open(const VbDomain *domain, bool follow, GError **error);

/* There is no domain any more that it could be of. */
void vb_emulator_log_forget(VbService *service, uint32_t id);
/* The same for what is left of domains that are not there; before any domain is. */
void vb_emulator_log_forget_strangers(VbService *service);
