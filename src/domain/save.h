/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* Saving a guest into what the service keeps of its domain (saved.h). */

/* Stops the guest, has the emulator write its state, and ends it; @done is called when the domain is shut
 * off, and has a save. If anything fails the guest goes on as before. INVALID_STATE, BUSY and MONITOR come by
 * the return value; UNSUPPORTED (with the emulator's reason), STORAGE, MONITOR and INVALID_STATE (it has
 * ended meanwhile) through @done. */
bool vb_save(VbDomain *domain, VbDone done, void *userdata, GError **error);

/* For the guest, when its monitor is there again: finishes, or undoes, a save that was cut off by the end of
 * the service or of the connection. Nothing if none was. */
void vb_save_recover(VbDomain *domain);

/* The service ends. What has a record is saved, and the next service ends the guest if need be; others are answered with
 * BUSY, and the next service lets the guest go on. */
void vb_save_abandon(VbDomain *domain);
