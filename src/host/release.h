/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/spawn.h"

/* Letting a child go that was held back, without waiting for it: the file system that its program is on may
 * be a user's, and never answer. */
typedef struct VbRelease VbRelease;

/* @child has been executed, and its descriptor is the callee's; NULL with @error: what vb_spawn_release()
 * says, or TIMEOUT.
 */
typedef void (*VbReleased)(VbChild *child, const GError *error, void *userdata);

/* Takes @held over, which is empty then. @done comes from the main loop, once, unless it is cancelled. */
VbRelease *vb_release_start(VbHeldChild *held, VbReleased done, void *userdata);
/* Ends the child. NULL is allowed. */
void vb_release_cancel(VbRelease *release);
