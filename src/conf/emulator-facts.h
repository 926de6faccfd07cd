/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What an emulator says about itself. src/qemu/ fills it by asking the binary; the rest of the code decides
 * by it. Immutable once filled and counted, because definitions hold on to it across a re-probe. */

typedef struct {
        char *name;             /* versioned: "pc-q35-7.2" */
        char *alias;            /* "q35", or NULL */
        char *default_cpu_type; /* QOM type, or NULL */
        char *default_ram_id;   /* id of the memory backend that keeps the ABI ("pc.ram"), or NULL */
        uint32_t cpu_max;
        bool is_default;
        bool hotpluggable_cpus;
        bool deprecated;
} VbMachineInfo;

typedef struct {
        gint refs;
        char *path;               /* of the binary */
        char *arch;               /* libvirt's word: "x86_64", "i686", ... */
        uint32_t version;         /* 7002022 for 7.2.22 */
        char *package;            /* the distribution's addition, may be "" */
        GPtrArray *machines;      /* VbMachineInfo *, in QEMU's order */
        GHashTable *device_types; /* set of char *: what -device takes */
        bool kvm_present;         /* built in and usable on this host */
        const char *kvm_problem;  /* why not, a text that is never freed; NULL if it is */
} VbEmulatorFacts;

VbEmulatorFacts *vb_emulator_facts_new(void);
VbEmulatorFacts *vb_emulator_facts_ref(VbEmulatorFacts *facts);
void vb_emulator_facts_unref(VbEmulatorFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbEmulatorFacts, vb_emulator_facts_unref)

/* The machine type called @name, which may be an alias; NULL name: the default one. NULL if there is none. */
const VbMachineInfo *vb_emulator_facts_find_machine(const VbEmulatorFacts *facts, const char *name);
bool vb_emulator_facts_has_device(const VbEmulatorFacts *facts, const char *type);
