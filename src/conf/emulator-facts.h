/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/qmp-schema.h"

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
        bool numa_memory; /* -numa takes mem=, which newer versions of the type refuse */
        bool deprecated;
} VbMachineInfo;

typedef struct {
        char *name;      /* what <model> says: "Skylake-Client-v3" */
        char *type;      /* QOM type */
        char *alias_of;  /* name of the version that it stands for, or NULL */
        bool usable;     /* nothing that it needs is missing; true also where QEMU does not tell */
        bool is_static;  /* the same on every host */
        bool migratable; /* the same in every version of QEMU */
        bool deprecated;
} VbCpuModel;

/* Facts that are sets of words. */
typedef enum {
        VB_FACT_DEVICE,      /* what -device takes: "virtio-blk-pci" */
        VB_FACT_OBJECT,      /* what -object takes: "iothread" */
        VB_FACT_CHARDEV,     /* QOM types behind -chardev: "chardev-spicevmc" */
        VB_FACT_ACCELERATOR, /* what is built in: "kvm-accel" */
        /* From here on only if has_detail. Properties are known of the types that the table of capabilities
         * asks for. */
        VB_FACT_DETAIL,
        VB_FACT_DEVICE_PROPERTY = VB_FACT_DETAIL, /* "virtio-blk-pci.iothread" */
        VB_FACT_OBJECT_PROPERTY,                  /* "memory-backend-file.prealloc-threads" */
        VB_FACT_OPTION, /* "spice", and its parameters where QEMU tells: "spice.gl" */
        VB_FACT_MIGRATION_CAPABILITY,
        VB_FACT_MIGRATION_PARAMETER,
        VB_FACT_TPM_MODEL,
        VB_FACT_TPM_BACKEND,
        VB_FACT_GIC_EMULATED, /* versions: "2", "3" */
        VB_FACT_GIC_KVM,
        VB_FACT_CPU_FEATURE, /* switches of the processor that has everything: "avx2" */
        _VB_FACT_MAX,
} VbFactKind;

/* "device", "device-property"... */
const char *vb_fact_kind_to_string(VbFactKind kind);

typedef struct {
        gint refs;
        char *path;                      /* of the binary */
        char *arch;                      /* libvirt's word: "x86_64", "i686", ... */
        uint32_t version;                /* 7002022 for 7.2.22 */
        char *package;                   /* the distribution's addition, may be "" */
        GPtrArray *machines;             /* VbMachineInfo *, in QEMU's order */
        GHashTable *words[_VB_FACT_MAX]; /* sets of char * */
        bool kvm_present;                /* built in and usable on this host */
        const char *kvm_problem;         /* why not, a text that is never freed; NULL if it is */

        GPtrArray *firmware; /* VbFirmware *, what is wanted most first; NULL: not looked for */

        bool has_detail; /* what follows, and the kinds of words from DEVICE_PROPERTY on, have been asked */
        GPtrArray *cpu_models; /* VbCpuModel *, in QEMU's order */
        VbQmpSchema *schema;   /* NULL: not known */
} VbEmulatorFacts;

VbEmulatorFacts *vb_emulator_facts_new(void);
VbEmulatorFacts *vb_emulator_facts_ref(VbEmulatorFacts *facts);
void vb_emulator_facts_unref(VbEmulatorFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbEmulatorFacts, vb_emulator_facts_unref)

/* Facts of their own that share the lists with @facts: others may be put in their place. */
VbEmulatorFacts *vb_emulator_facts_copy(const VbEmulatorFacts *facts);
/* Puts the detail of @detail in place of that of @facts, which nobody else has seen yet. */
void vb_emulator_facts_take_detail(VbEmulatorFacts *facts, const VbEmulatorFacts *detail);
VbMachineInfo *vb_machine_info_new(void);
void vb_machine_info_free(VbMachineInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbMachineInfo, vb_machine_info_free)
void vb_cpu_model_free(VbCpuModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbCpuModel, vb_cpu_model_free)

void vb_emulator_facts_add_word(VbEmulatorFacts *facts, VbFactKind kind, const char *word);
bool vb_emulator_facts_has_word(const VbEmulatorFacts *facts, VbFactKind kind, const char *word);

/* The machine type called @name, which may be an alias; NULL name: the default one. NULL if there is none. */
const VbMachineInfo *vb_emulator_facts_find_machine(const VbEmulatorFacts *facts, const char *name);
const VbCpuModel *vb_emulator_facts_find_cpu_model(const VbEmulatorFacts *facts, const char *name);
bool vb_emulator_facts_has_device(const VbEmulatorFacts *facts, const char *type);
