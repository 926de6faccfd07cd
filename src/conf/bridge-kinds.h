/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"

/* The types of device that make another PCI bus, on the machine's root bus or behind another of them: static
 * strings. Caller frees the array. */
GPtrArray *vb_bridge_kinds(const VbEmulatorFacts *emulator, const VbMachineFacts *machine);
