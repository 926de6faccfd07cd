/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"
#include "qemu/facts-record.h"

/* The other ways in which a machine type is started to see what makes a difference: with QEMU's default
 * devices, and without everything that its switches turn off. */
typedef struct {
        VbMachineFacts *facts; /* NULL: it did not start */
        char *problem;         /* then why */
        bool done;
} VbVariant;

typedef struct {
        VbVariant defaults, without;
        char **off; /* the switches of `without`; NULL: not known yet */
        guint tries;
} VbMachineVariants;

/* Those of a machine type, by its versioned name; new ones if there are none. */
VbMachineVariants *vb_machine_variants_find(VbFactsRecord *record, const char *machine);

/* What -machine is given for the start without. Caller frees. */
char *vb_machine_variants_argument(const VbMachineVariants *variants, const char *machine);

void vb_variant_succeed(VbVariant *variant, VbMachineFacts *facts);
void vb_variant_fail(VbVariant *variant, const GError *error);
/* The start without failed: leaves out the switches that QEMU complained of, to try again; else it has
 * failed. */
void vb_machine_variants_retry(VbMachineVariants *variants, const GError *error);

/* Puts the facts with what the variants, which are both done, have shown in place of @facts in @record, and
 * forgets the variants. Borrowed. */
VbMachineFacts *vb_machine_variants_conclude(VbFactsRecord *record, const VbMachineFacts *facts);
