/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"
#include "qemu/probe-session.h"

/* What an emulator says about itself when started without a machine. */
typedef struct {
        VbEmulatorFacts *facts; /* owned; kvm_present is left to who knows the host */
        GHashTable *pci_buses;  /* owned: bus type -> VbRootBus, see vb_bus_types_new() */
        bool kvm_built_in;
        bool has_machines, has_devices, has_version, has_target;
} VbEmulatorProbe;

/* The kind of session that fills a VbEmulatorProbe, its state. */
extern const VbProbeKind vb_probe_emulator;
#define VB_PROBE_NO_MACHINE "none"

VbEmulatorProbe *vb_emulator_probe_new(const char *path);
void vb_emulator_probe_free(VbEmulatorProbe *probe);

/* Which types of bus are PCI, and which of these PCI Express: char * -> GUINT_TO_POINTER(VbRootBus). */
GHashTable *vb_bus_types_new(void);
void vb_bus_types_set(GHashTable *types, const char *type, VbRootBus kind);
VbRootBus vb_bus_types_get(GHashTable *types, const char *type);

/* Limits of what is believed: twice and more of the largest emulators'. */
#define VB_MACHINE_TYPES_MAX 1024
#define VB_DEVICE_TYPES_MAX 8192
#define VB_BUS_TYPES_MAX 256
