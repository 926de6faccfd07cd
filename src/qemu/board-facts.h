/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"
#include "qemu/board-tree.h"

/* What a device tree means. */

/* Classes of PCI functions by what they are and where: query-pci tells them, the tree does not. */
GHashTable *vb_pci_classes_new(void);
void vb_pci_classes_set(GHashTable *classes, uint32_t vendor, uint32_t device, int slot, int function,
                        uint16_t class_code);

typedef struct {
        const VbTree *tree;
        GHashTable *classes;   /* see above */
        GHashTable *pci_buses; /* see vb_bus_types_new() */
        const char *display;   /* QOM type of what is behind the first console, or NULL */
        const VbEmulatorFacts *emulator;
} VbBoard;

/* Fills everything that the tree shows. */
void vb_board_facts_fill(VbMachineFacts *facts, const VbBoard *board);

/* Of @devices those that @others has not, by type and place; what is there several times is counted. */
GArray *vb_board_devices_minus(GArray *devices, GArray *others);
/* Says of each of @facts's devices whether it is missing in @without. */
void vb_board_facts_set_removable(VbMachineFacts *facts, GArray *without);
