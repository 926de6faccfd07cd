/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"

/* What QEMU 7.2 for x86_64 says of itself, and of its two usual machine types, written down so that tests
 * need no QEMU. The caller unrefs. */
VbEmulatorFacts *test_emulator_facts(void);
VbMachineFacts *test_machine_facts_pcie(void); /* "pc-q35-7.2", alias "q35" */
VbMachineFacts *test_machine_facts_pci(void);  /* "pc-i440fx-7.2", alias "pc", the default */

VbMachineFacts *test_machine_facts_virt(void);    /* "virt-7.2" of aarch64, alias "virt" */
VbMachineFacts *test_machine_facts_pseries(void); /* "pseries-7.2" of ppc64, alias "pseries" */

/* The same for the emulator of another architecture, which has one of the two machine types above. */
VbEmulatorFacts *test_emulator_facts_of(const char *arch);

/* Those of the machine type that @name (an alias will do, NULL: the default) means; NULL if there is none. */
VbMachineFacts *test_machine_facts(const char *name);
