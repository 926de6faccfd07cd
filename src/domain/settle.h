/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* Tells an emulator that has built its machine, and does not run it yet, what no command line can say:
 *   processors   those that can be taken out again are plugged in
 *   placement    its threads go where the definition has them
 *   state        trays, cables, the balloon, until when passwords hold; and where memory modules are
 * @done is called once, perhaps before this returns, also when the guest ends meanwhile; @error says what
 * could not be done and must be. */
void vb_settle(VbDomain *domain, VbDone done, void *userdata);

/* The placement alone, of a guest that runs, when its definition has other processors. As above. */
void vb_settle_threads(VbDomain *domain, VbDone done, void *userdata);
