/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"
#include "qemu/probe-session.h"

/* What a machine type turns out to be made of when it is started. */
typedef struct VbMachineProbe VbMachineProbe;

/* The kinds of session that fill a VbMachineProbe, their state: everything; only the devices; and the
 * devices with what QEMU adds for those who ask for nothing. */
extern const VbProbeKind vb_probe_machine;
extern const VbProbeKind vb_probe_machine_board;
extern const VbProbeKind vb_probe_machine_defaults;

/* @emulator tells which types are devices and @pci_buses which are PCI buses; references are held. @machine
 * is the versioned name. */
VbMachineProbe *vb_machine_probe_new(VbEmulatorFacts *emulator, GHashTable *pci_buses, const char *machine);
void vb_machine_probe_free(VbMachineProbe *probe);
/* The facts of a session that is done. */
VbMachineFacts *vb_machine_probe_facts(VbMachineProbe *probe);
