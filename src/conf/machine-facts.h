/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What QEMU says about itself and about one machine type. src/qemu/ fills these by asking the binary; the rest of
 * the code decides by them and never by a machine type's name. Both are immutable once filled and counted, because
 * definitions hold on to them across a re-probe. */

typedef struct {
        char *name;              /* versioned: "pc-q35-7.2" */
        char *alias;             /* "q35", or NULL */
        char *default_cpu_type;  /* QOM type, or NULL */
        char *default_ram_id;    /* id of the memory backend that keeps the ABI ("pc.ram"), or NULL */
        uint32_t cpu_max;
        bool is_default;
        bool hotpluggable_cpus;
        bool deprecated;
} VbMachineInfo;

typedef struct {
        gint refs;
        char *path;              /* of the binary */
        char *arch;              /* libvirt's word: "x86_64", "i686", ... */
        uint32_t version;        /* 7002022 for 7.2.22 */
        char *package;           /* the distribution's addition, may be "" */
        GPtrArray *machines;     /* VbMachineInfo *, in QEMU's order */
        GHashTable *device_types; /* set of char *: what -device takes */
        bool kvm_present;        /* built in and usable on this host */
        const char *kvm_problem; /* why not, a text that is never freed; NULL if it is */
} VbEmulatorFacts;

typedef enum { VB_ROOT_BUS_NONE, VB_ROOT_BUS_PCI, VB_ROOT_BUS_PCIE } VbRootBus;

/* A PCI function that the machine makes by itself. */
typedef struct {
        uint8_t slot, function;
        uint16_t class_code; /* PCI class and subclass, 0x0106: SATA */
        char *driver;        /* QOM type: "ich9-ahci"; "" where QEMU does not tell */
} VbBuiltinPci;

typedef struct {
        gint refs;
        char *name;             /* versioned */
        VbRootBus root_bus;
        char *root_bus_name;    /* QEMU's id of it: "pcie.0" */
        GArray *builtin_pci;    /* VbBuiltinPci, on bus 0 */
        char *sata_bus;         /* id prefix of the built-in AHCI's buses ("ide"), NULL: none */
        char *ide_bus;          /* the same for a built-in two-channel IDE controller */
        bool has_isa;
        bool has_floppy;
        bool has_i8042;         /* PS/2 keyboard and mouse are part of it */
        bool has_acpi;          /* it has a switch for ACPI */
        bool has_vmport;        /* it has a switch for VMware's I/O port */
} VbMachineFacts;

VbEmulatorFacts *vb_emulator_facts_new(void);
VbEmulatorFacts *vb_emulator_facts_ref(VbEmulatorFacts *facts);
void vb_emulator_facts_unref(VbEmulatorFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbEmulatorFacts, vb_emulator_facts_unref)

/* The machine type called @name, which may be an alias; NULL name: the default one. NULL if there is none. */
const VbMachineInfo *vb_emulator_facts_find_machine(const VbEmulatorFacts *facts, const char *name);
bool vb_emulator_facts_has_device(const VbEmulatorFacts *facts, const char *type);

VbMachineFacts *vb_machine_facts_new(void);
VbMachineFacts *vb_machine_facts_ref(VbMachineFacts *facts);
void vb_machine_facts_unref(VbMachineFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbMachineFacts, vb_machine_facts_unref)

/* The built-in function of a PCI class, NULL if the machine has none. */
const VbBuiltinPci *vb_machine_facts_find_class(const VbMachineFacts *facts, uint16_t class_code);
