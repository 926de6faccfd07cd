/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/emulator-facts.h"

/* What QEMU says about one machine type. src/qemu/ fills it by asking the binary; the rest of the code
 * decides by it and never by a machine type's name. Immutable once filled and counted, because definitions
 * hold on to it across a re-probe. */

typedef enum { VB_ROOT_BUS_NONE, VB_ROOT_BUS_PCI, VB_ROOT_BUS_PCIE } VbRootBus;

/* A PCI function that the machine makes by itself. */
typedef struct {
        uint8_t slot, function;
        uint16_t class_code; /* PCI class and subclass, 0x0106: SATA */
        char *driver;        /* QOM type: "ich9-ahci"; "" where QEMU does not tell */
} VbBuiltinPci;

typedef struct {
        gint refs;
        char *name; /* versioned */
        VbRootBus root_bus;
        char *root_bus_name; /* QEMU's id of it: "pcie.0" */
        GArray *builtin_pci; /* VbBuiltinPci, on bus 0 */
        char *sata_bus;      /* id prefix of the built-in AHCI's buses ("ide"), NULL: none */
        char *ide_bus;       /* the same for a built-in two-channel IDE controller */
        bool has_isa;
        bool has_floppy;
        bool has_i8042;  /* PS/2 keyboard and mouse are part of it */
        bool has_acpi;   /* it has a switch for ACPI */
        bool has_vmport; /* it has a switch for VMware's I/O port */
} VbMachineFacts;

VbMachineFacts *vb_machine_facts_new(void);
VbMachineFacts *vb_machine_facts_ref(VbMachineFacts *facts);
void vb_machine_facts_unref(VbMachineFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbMachineFacts, vb_machine_facts_unref)

/* The built-in function of a PCI class, NULL if the machine has none. */
const VbBuiltinPci *vb_machine_facts_find_class(const VbMachineFacts *facts, uint16_t class_code);
