/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* @error is why the guest has not got it; nothing of it is left then, but what the guest has to let go of
 * itself. */
typedef void (*VbPlugDone)(VbDomain *domain, const GError *error, void *userdata);

/* Whether a device of @def, completed, can be given to a guest that runs; else UNSUPPORTED with the reason.
 */
bool vb_plug_check(const VbDomainDef *def, const VbDevice *device, const VbNetworks *networks, GError **error);

/* Gives a guest that runs a device: @options, as vb_argv_build_device() has them, one after the other, with
 * the descriptors of @links (NULL: none) before. Then it is verified that the device is where it was asked
 * for. @options and @links are taken over. @done is called once, never from inside this function unless it
 * has failed at once. */
void vb_plug(VbDomain *domain, const VbDevice *device, char **options, GPtrArray *links, VbPlugDone done,
             void *userdata);
