/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* <features>. https://libvirt.org/formatdomain.html#hypervisor-features */

typedef enum { VB_HYPERV_CUSTOM = 1, VB_HYPERV_PASSTHROUGH } VbHypervMode;
typedef enum { VB_GIC_HOST = 1, VB_GIC_2, VB_GIC_3 } VbGicVersion;
typedef enum { VB_IOAPIC_QEMU = 1, VB_IOAPIC_KVM } VbIoapicDriver;

typedef struct {
        int line;
        VbTristate eoi;
} VbApic;

typedef struct {
        int line;
        VbTristate state;
        VbNumber retries;
} VbHypervSpinlocks;

typedef struct {
        int line;
        VbTristate state, direct;
} VbHypervStimer;

typedef struct {
        int line;
        VbTristate state;
        char *value;
} VbHypervVendor;

typedef struct {
        int line;
        VbTristate state, direct, extended;
} VbHypervTlbflush;

typedef struct {
        int line;
        int mode; /* VbHypervMode */
        VbTristate relaxed, vapic, vpindex, runtime, synic, reset, frequencies, reenlightenment, ipi, evmcs,
                avic, emsr_bitmap, xmm_input;
        VbHypervSpinlocks *spinlocks;
        VbHypervStimer *stimer;
        VbHypervVendor *vendor_id;
        VbHypervTlbflush *tlbflush;
} VbHyperv;

typedef struct {
        int line;
        VbTristate state;
        VbNumber size;
} VbDirtyRing;

typedef struct {
        int line;
        VbTristate hidden, hint_dedicated, poll_control, pv_ipi;
        VbDirtyRing *dirty_ring;
} VbKvmFeatures;

typedef struct {
        int line;
        int value; /* index in the words of the feature */
} VbFeatureChoice;

typedef struct {
        int line;
        VbTristate state;
        uint64_t tseg;
} VbSmm;

typedef struct {
        int line;
        int resizing;
        uint64_t max_page_size;
} VbHpt;

typedef struct {
        int line;
        uint64_t tb_cache;
} VbTcgFeatures;

typedef struct {
        int line;
        VbTristate enabled;
} VbAsyncTeardown;

typedef struct {
        int line;
        bool acpi, pae, viridian, privnet;
        VbApic *apic;
        VbHyperv *hyperv;
        VbKvmFeatures *kvm;
        VbTristate hap, pvspinlock, pmu, vmport, vmcoreinfo, htm, nested_hv, ccf_assist, ras;
        VbFeatureChoice *gic, *ioapic, *msrs, *cfpc, *sbbc, *ibs;
        VbSmm *smm;
        VbHpt *hpt;
        VbTcgFeatures *tcg;
        VbAsyncTeardown *async_teardown;
} VbFeatures;

/* QEMU's words are libvirt's. */
extern const char *const vb_gic_words[];
extern const char *const vb_hpt_words[];
extern const char *const vb_cfpc_words[];
extern const char *const vb_sbbc_words[];
extern const char *const vb_ibs_words[];

/* One enlightenment that is just on or off. */
typedef struct {
        const char *name, *property;
        size_t offset; /* of the VbTristate in VbHyperv */
} VbHypervSwitch;

/* In the order of the XML; ends with a NULL name. */
extern const VbHypervSwitch vb_hyperv_switches[];

/* <smm state='on'/>, where nothing else is said of it. */
void vb_features_enable_smm(VbFeatures *features);
