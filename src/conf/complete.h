/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"

/* Fills in all that the guest will be able to see and the XML left open: the machine type's versioned name,
 * default devices and models, controllers that are needed, aliases, addresses of every kind, chassis and port
 * numbers, mac and uuid, rounded memory. Completing a complete definition changes nothing. On failure
 * (UNSUPPORTED with the name of what the emulator lacks, INVALID_ADDRESS, ADDRESS_IN_USE, NO_FREE_ADDRESS,
 * INVALID_XML) @def is to be thrown away. */
bool vb_domain_def_complete(VbDomainDef *def, const VbEmulatorFacts *emulator, const VbMachineFacts *machine,
                            GError **error);
