/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/change.h"
#include "domain/domain.h"
#include "domain/requester.h"

/* Plugging a device in. */

/* @alias is the device's, NULL with @error. */
typedef void (*VbAttachDone)(VbDomain *domain, const char *alias, const GError *error, void *userdata);

/* Attaches the device that @xml is to @targets; 0: to the guest if there is one, else to the definition. INVALID_STATE,
 * BUSY and INVALID_XML come by the return value; NO_FREE_ADDRESS, UNSUPPORTED (it cannot be plugged in while the guest
 * runs), what completion says, MONITOR, TIMEOUT and STORAGE through @done. If one target fails after the other was done,
 * the error says so by its code alone: what was plugged in stays. What the device names of the host and was not granted to
 * the domain yet, the caller has to be allowed (see grants.h): ACCESS_DENIED, AUTHORIZATION_REQUIRED. */
bool vb_attach(VbDomain *domain, const VbRequester *requester, const char *xml, unsigned targets, VbAttachDone done,
               void *userdata, GError **error);
