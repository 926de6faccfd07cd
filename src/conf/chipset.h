/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/complete-steps.h"
#include "conf/pci-topology.h"

#define VB_PCI_CLASS_IDE 0x0101
#define VB_PCI_CLASS_SATA 0x0106
#define VB_PCI_CLASS_ISA_BRIDGE 0x0601

/* Whether the machine's own functions are those of an ICH9. */
bool vb_chipset_is_ich9(const VbMachineFacts *machine);

/* The functions of bus 0 that the machine has by itself. */
void vb_chipset_block(const VbMachineFacts *machine, VbPciTopology *topology);

/* Gives controllers that are part of the machine, or of its chip set by custom, their fixed addresses;
 * INVALID_ADDRESS if the XML has them elsewhere. */
bool vb_chipset_place_builtin(VbCompletion *completion, GError **error);

/* Gives devices that have a customary place on bus 0 that place, if it is free. */
void vb_chipset_place_customary(VbCompletion *completion, VbPciTopology *topology);
