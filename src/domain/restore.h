/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/start.h"

/* The part of a start that a managed save (saved.h) is for. The emulator has built the machine, and waits. */

/* Has the emulator read the image, if the guest goes on from one; then, or instead, removes the save, for the
 * guest is about to run. Ends with vb_start_restored(), at once where there is no save. */
void vb_restore(VbStart *start);

/* Why a start failed, and what that means for the save if it was to go on from one. Caller frees. */
GError *vb_restore_explain(const VbStart *start, const GError *error);

/* For the guest, when its monitor is there again: one that was restored, and whose start was cut off after
 * that, goes on. Nothing for others. */
void vb_restore_recover(VbDomain *domain);
