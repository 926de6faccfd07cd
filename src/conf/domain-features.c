/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <features>: what can be switched on and off. */
#include <string.h>

#include "conf/domain-values.h"
#include "conf/features.h"
#include "conf/section.h"
#include "util/error.h"

/* Hyper-V has no longer name. */
#define VENDOR_ID_LENGTH_MAX 12
#define SPINLOCKS_MIN 0xfff
#define DIRTY_RING_MIN 1024
#define DIRTY_RING_MAX 65536

const char *const vb_gic_words[] = { NULL, "host", "2", "3", NULL };
const char *const vb_hpt_words[] = { NULL, "enabled", "disabled", "required", NULL };
const char *const vb_cfpc_words[] = { NULL, "broken", "workaround", "fixed", NULL };
const char *const vb_sbbc_words[] = { NULL, "broken", "workaround", "fixed", NULL };
const char *const vb_ibs_words[] = {
        NULL, "broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na", NULL
};
static const char *const hyperv_modes[] = { NULL, "custom", "passthrough", NULL };
static const char *const ioapic_words[] = { NULL, "qemu", "kvm", NULL };
static const char *const msrs_words[] = { NULL, "ignore", "fault", NULL };

/* clang-format off */
static const VbXmlField apic_fields[] = {
        VB_XML("eoi", ATTRIBUTE, SWITCH, VbApic, eoi),
        { 0 },
};
static const VbXmlRecord apic_record = { .size = sizeof(VbApic), .fields = apic_fields, .keep_empty = true };

static bool check_spinlocks(void *record, VbXmlNode *node, GError **error)
{
        VbHypervSpinlocks *spinlocks = record;

        if (spinlocks->state == VB_TRISTATE_ON && !spinlocks->retries.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'retries' is missing");
        if (spinlocks->state == VB_TRISTATE_OFF)
                spinlocks->retries.given = false;
        return true;
}

static const VbXmlField spinlocks_fields[] = {
        VB_XML_WITH("state", ATTRIBUTE, SWITCH, VbHypervSpinlocks, state, .required = true),
        VB_XML_WITH("retries", ATTRIBUTE, NUMBER, VbHypervSpinlocks, retries, .min = SPINLOCKS_MIN, .max = UINT32_MAX),
        { 0 },
};
static const VbXmlRecord spinlocks_record = { .size = sizeof(VbHypervSpinlocks), .fields = spinlocks_fields, .check = check_spinlocks };

static bool check_stimer(void *record, VbXmlNode *node, GError **error)
{
        VbHypervStimer *stimer = record;

        if (stimer->state == VB_TRISTATE_OFF)
                stimer->direct = VB_TRISTATE_UNSET;
        return true;
}

static const VbXmlField stimer_fields[] = {
        VB_XML_WITH("state", ATTRIBUTE, SWITCH, VbHypervStimer, state, .required = true),
        VB_XML_WITH("direct", STATE, SWITCH, VbHypervStimer, direct, .required = true),
        { 0 },
};
static const VbXmlRecord stimer_record = { .size = sizeof(VbHypervStimer), .fields = stimer_fields, .check = check_stimer };

static bool check_vendor(void *record, VbXmlNode *node, GError **error)
{
        VbHypervVendor *vendor = record;

        if (vendor->state == VB_TRISTATE_OFF)
                g_clear_pointer(&vendor->value, g_free);
        else if (!vendor->value)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'value' is missing");
        else if (strlen(vendor->value) > VENDOR_ID_LENGTH_MAX || strchr(vendor->value, ','))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "value='%s' has more than %d characters, or a comma", vendor->value,
                                    VENDOR_ID_LENGTH_MAX);
        return true;
}

static const VbXmlField vendor_fields[] = {
        VB_XML_WITH("state", ATTRIBUTE, SWITCH, VbHypervVendor, state, .required = true),
        VB_XML("value", ATTRIBUTE, STRING, VbHypervVendor, value),
        { 0 },
};
static const VbXmlRecord vendor_record = { .size = sizeof(VbHypervVendor), .fields = vendor_fields, .check = check_vendor };

static const VbXmlField tlbflush_fields[] = {
        VB_XML_WITH("state", ATTRIBUTE, SWITCH, VbHypervTlbflush, state, .required = true),
        VB_XML_WITH("direct", STATE, SWITCH, VbHypervTlbflush, direct, .required = true),
        VB_XML_WITH("extended", STATE, SWITCH, VbHypervTlbflush, extended, .required = true),
        { 0 },
};
static const VbXmlRecord tlbflush_record = { .size = sizeof(VbHypervTlbflush), .fields = tlbflush_fields };

#define HYPERV_SWITCH(name, member) VB_XML_WITH(name, STATE, SWITCH, VbHyperv, member, .required = true)
static const VbXmlField hyperv_fields[] = {
        VB_XML_WITH("mode", ATTRIBUTE, WORD, VbHyperv, mode, .words = hyperv_modes),
        HYPERV_SWITCH("relaxed", relaxed),
        HYPERV_SWITCH("vapic", vapic),
        VB_XML_WITH("spinlocks", CHILD, RECORD, VbHyperv, spinlocks, .record = &spinlocks_record),
        HYPERV_SWITCH("vpindex", vpindex),
        HYPERV_SWITCH("runtime", runtime),
        HYPERV_SWITCH("synic", synic),
        VB_XML_WITH("stimer", CHILD, RECORD, VbHyperv, stimer, .record = &stimer_record),
        HYPERV_SWITCH("reset", reset),
        VB_XML_WITH("vendor_id", CHILD, RECORD, VbHyperv, vendor_id, .record = &vendor_record),
        HYPERV_SWITCH("frequencies", frequencies),
        HYPERV_SWITCH("reenlightenment", reenlightenment),
        VB_XML_WITH("tlbflush", CHILD, RECORD, VbHyperv, tlbflush, .record = &tlbflush_record),
        HYPERV_SWITCH("ipi", ipi),
        HYPERV_SWITCH("evmcs", evmcs),
        HYPERV_SWITCH("avic", avic),
        HYPERV_SWITCH("emsr_bitmap", emsr_bitmap),
        HYPERV_SWITCH("xmm_input", xmm_input),
        { 0 },
};

const VbHypervSwitch vb_hyperv_switches[] = {
        { "relaxed", "hv-relaxed", offsetof(VbHyperv, relaxed) },
        { "vapic", "hv-vapic", offsetof(VbHyperv, vapic) },
        { "vpindex", "hv-vpindex", offsetof(VbHyperv, vpindex) },
        { "runtime", "hv-runtime", offsetof(VbHyperv, runtime) },
        { "synic", "hv-synic", offsetof(VbHyperv, synic) },
        { "reset", "hv-reset", offsetof(VbHyperv, reset) },
        { "frequencies", "hv-frequencies", offsetof(VbHyperv, frequencies) },
        { "reenlightenment", "hv-reenlightenment", offsetof(VbHyperv, reenlightenment) },
        { "ipi", "hv-ipi", offsetof(VbHyperv, ipi) },
        { "evmcs", "hv-evmcs", offsetof(VbHyperv, evmcs) },
        { "avic", "hv-avic", offsetof(VbHyperv, avic) },
        { "emsr_bitmap", "hv-emsr-bitmap", offsetof(VbHyperv, emsr_bitmap) },
        { "xmm_input", "hv-xmm-input", offsetof(VbHyperv, xmm_input) },
        { 0 },
};

static bool check_hyperv(void *record, VbXmlNode *node, GError **error)
{
        VbHyperv *hyperv = record;

        if (hyperv->mode == 0)
                hyperv->mode = VB_HYPERV_CUSTOM;
        return true;
}

static const VbXmlRecord hyperv_record = { .size = sizeof(VbHyperv), .fields = hyperv_fields, .check = check_hyperv, .keep_empty = true };

static bool check_dirty_ring(void *record, VbXmlNode *node, GError **error)
{
        VbDirtyRing *ring = record;

        if (ring->state == VB_TRISTATE_ON && !ring->size.given)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute 'size' is missing");
        if (ring->size.given && (ring->size.value & (ring->size.value - 1)) != 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the size is no power of 2");
        return true;
}

static const VbXmlField dirty_ring_fields[] = {
        VB_XML_WITH("state", ATTRIBUTE, SWITCH, VbDirtyRing, state, .required = true),
        VB_XML_WITH("size", ATTRIBUTE, NUMBER, VbDirtyRing, size, .min = DIRTY_RING_MIN, .max = DIRTY_RING_MAX),
        { 0 },
};
static const VbXmlRecord dirty_ring_record = { .size = sizeof(VbDirtyRing), .fields = dirty_ring_fields, .check = check_dirty_ring };

static const VbXmlField kvm_fields[] = {
        VB_XML_WITH("hidden", STATE, SWITCH, VbKvmFeatures, hidden, .required = true),
        VB_XML_WITH("hint-dedicated", STATE, SWITCH, VbKvmFeatures, hint_dedicated, .required = true),
        VB_XML_WITH("poll-control", STATE, SWITCH, VbKvmFeatures, poll_control, .required = true),
        VB_XML_WITH("pv-ipi", STATE, SWITCH, VbKvmFeatures, pv_ipi, .required = true),
        VB_XML_WITH("dirty-ring", CHILD, RECORD, VbKvmFeatures, dirty_ring, .record = &dirty_ring_record),
        { 0 },
};
static const VbXmlRecord kvm_record = { .size = sizeof(VbKvmFeatures), .fields = kvm_fields, .keep_empty = true };

#define CHOICE(feature, attribute, list)                                                                     \
        static const VbXmlField feature##_fields[] = {                                                       \
                VB_XML_WITH(attribute, ATTRIBUTE, WORD, VbFeatureChoice, value, .words = list, .required = true), \
                { 0 },                                                                                       \
        };                                                                                                   \
        static const VbXmlRecord feature##_record = { .size = sizeof(VbFeatureChoice), .fields = feature##_fields }
CHOICE(ioapic, "driver", ioapic_words);
CHOICE(msrs, "unknown", msrs_words);
CHOICE(cfpc, "value", vb_cfpc_words);
CHOICE(sbbc, "value", vb_sbbc_words);
CHOICE(ibs, "value", vb_ibs_words);

/* <gic/> alone means the version that the machine has anyway. */
static const VbXmlField gic_fields[] = {
        VB_XML_WITH("version", ATTRIBUTE, WORD, VbFeatureChoice, value, .words = vb_gic_words),
        { 0 },
};
static const VbXmlRecord gic_record = { .size = sizeof(VbFeatureChoice), .fields = gic_fields, .keep_empty = true };

static bool check_smm(void *record, VbXmlNode *node, GError **error)
{
        VbSmm *smm = record;

        if (smm->state == VB_TRISTATE_UNSET)
                smm->state = VB_TRISTATE_ON;
        if (smm->state == VB_TRISTATE_OFF)
                smm->tseg = 0;
        if (smm->tseg % (1 << 20) != 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<tseg> is no multiple of 1 MiB");
        return true;
}

static const VbXmlField smm_fields[] = {
        VB_XML("state", ATTRIBUTE, SWITCH, VbSmm, state),
        VB_XML("tseg", CHILD, SIZE, VbSmm, tseg),
        { 0 },
};
static const VbXmlRecord smm_record = { .size = sizeof(VbSmm), .fields = smm_fields, .check = check_smm };

static const VbXmlField hpt_fields[] = {
        VB_XML_WITH("resizing", ATTRIBUTE, WORD, VbHpt, resizing, .words = vb_hpt_words),
        VB_XML("maxpagesize", CHILD, SIZE, VbHpt, max_page_size),
        { 0 },
};
static const VbXmlRecord hpt_record = { .size = sizeof(VbHpt), .fields = hpt_fields };

static const VbXmlField tcg_fields[] = {
        VB_XML("tb-cache", CHILD, SIZE, VbTcgFeatures, tb_cache),
        { 0 },
};
static const VbXmlRecord tcg_record = { .size = sizeof(VbTcgFeatures), .fields = tcg_fields };

static const VbXmlField teardown_fields[] = {
        VB_XML("enabled", ATTRIBUTE, YES_NO, VbAsyncTeardown, enabled),
        { 0 },
};
static const VbXmlRecord teardown_record = { .size = sizeof(VbAsyncTeardown), .fields = teardown_fields };

static const VbXmlField features_fields[] = {
        VB_XML("acpi", CHILD, PRESENT, VbFeatures, acpi),
        VB_XML_WITH("apic", CHILD, RECORD, VbFeatures, apic, .record = &apic_record),
        VB_XML("pae", CHILD, PRESENT, VbFeatures, pae),
        VB_XML("hap", STATE, SWITCH, VbFeatures, hap),
        VB_XML("viridian", CHILD, PRESENT, VbFeatures, viridian),
        VB_XML("privnet", CHILD, PRESENT, VbFeatures, privnet),
        VB_XML_WITH("hyperv", CHILD, RECORD, VbFeatures, hyperv, .record = &hyperv_record),
        VB_XML_WITH("kvm", CHILD, RECORD, VbFeatures, kvm, .record = &kvm_record),
        VB_XML("pvspinlock", STATE, SWITCH, VbFeatures, pvspinlock),
        VB_XML("pmu", STATE, SWITCH, VbFeatures, pmu),
        VB_XML("vmport", STATE, SWITCH, VbFeatures, vmport),
        VB_XML_WITH("gic", CHILD, RECORD, VbFeatures, gic, .record = &gic_record),
        VB_XML_WITH("smm", CHILD, RECORD, VbFeatures, smm, .record = &smm_record),
        VB_XML_WITH("ioapic", CHILD, RECORD, VbFeatures, ioapic, .record = &ioapic_record),
        VB_XML_WITH("hpt", CHILD, RECORD, VbFeatures, hpt, .record = &hpt_record),
        VB_XML("vmcoreinfo", STATE, SWITCH, VbFeatures, vmcoreinfo),
        VB_XML_WITH("htm", STATE, SWITCH, VbFeatures, htm, .required = true),
        VB_XML_WITH("nested-hv", STATE, SWITCH, VbFeatures, nested_hv, .required = true),
        VB_XML_WITH("msrs", CHILD, RECORD, VbFeatures, msrs, .record = &msrs_record),
        VB_XML_WITH("ccf-assist", STATE, SWITCH, VbFeatures, ccf_assist, .required = true),
        VB_XML_WITH("cfpc", CHILD, RECORD, VbFeatures, cfpc, .record = &cfpc_record),
        VB_XML_WITH("sbbc", CHILD, RECORD, VbFeatures, sbbc, .record = &sbbc_record),
        VB_XML_WITH("ibs", CHILD, RECORD, VbFeatures, ibs, .record = &ibs_record),
        VB_XML_WITH("tcg", CHILD, RECORD, VbFeatures, tcg, .record = &tcg_record),
        VB_XML_WITH("async-teardown", CHILD, RECORD, VbFeatures, async_teardown, .record = &teardown_record),
        VB_XML("ras", STATE, SWITCH, VbFeatures, ras),
        { 0 },
};
static const VbXmlRecord features_record = { .size = sizeof(VbFeatures), .fields = features_fields };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("features", CHILD, RECORD, VbDomainDef, features, .record = &features_record),
        { 0 },
};
/* clang-format on */

static bool parse_features(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        if (!def->features)
                def->features = vb_xml_record_new(&features_record);
        return true;
}

static bool refuse_feature(const VbCompletion *completion, const char *name, GError **error)
{
        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, completion->def->features->line,
                               "<features>: <%s> is not for the machine type %s", name,
                               completion->machine->name);
}

/* What needs a switch of the machine's: a row per feature and property. */
static bool check_props(VbCompletion *completion, GError **error)
{
        const VbFeatures *features = completion->def->features;
        const struct {
                bool given;
                const char *name, *prop;
        } rows[] = {
                { features->gic, "gic", "gic-version" },
                { features->vmport, "vmport", "vmport" },
                { features->hpt && features->hpt->resizing, "hpt", "resize-hpt" },
                { features->hpt && features->hpt->max_page_size > 0, "hpt", "cap-hpt-max-page-size" },
                { features->htm, "htm", "cap-htm" },
                { features->nested_hv, "nested-hv", "cap-nested-hv" },
                { features->ccf_assist, "ccf-assist", "cap-ccf-assist" },
                { features->cfpc, "cfpc", "cap-cfpc" },
                { features->sbbc, "sbbc", "cap-sbbc" },
                { features->ibs, "ibs", "cap-ibs" },
                { features->ras, "ras", "ras" },
                { features->smm && features->smm->state == VB_TRISTATE_ON, "smm", "smm" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
                if (rows[i].given && !vb_machine_facts_has_prop(completion->machine, rows[i].prop))
                        return refuse_feature(completion, rows[i].name, error);
        return true;
}

/* The size of a window of the bridge that PCs with PCI Express have. */
static bool check_tseg(VbCompletion *completion, GError **error)
{
        const VbSmm *smm = completion->def->features->smm;

        if (!smm || smm->tseg == 0 || completion->machine->root_bus == VB_ROOT_BUS_PCIE)
                return true;
        return refuse_feature(completion, "tseg", error);
}

/* The version of the interrupt controller is hardware: written out even where the machine would choose it. */
static bool complete_gic(VbCompletion *completion, GError **error)
{
        VbFeatures *features = completion->def->features;
        const VbMachineFacts *machine = completion->machine;
        uint32_t version = machine->gic_default;

        if (version != 2 && version != 3)
                version = machine->gic_versions & 1 << 2 ? 2 : 3;
        if (!features->gic && machine->gic_versions != 0 && vb_machine_facts_has_prop(machine, "gic-version"))
                features->gic = vb_xml_record_new(&gic_record);
        if (!features->gic)
                return true;
        if (features->gic->value == 0)
                features->gic->value = version == 2 ? VB_GIC_2 : VB_GIC_3;
        return true;
}

void vb_features_enable_smm(VbFeatures *features)
{
        if (!features->smm)
                features->smm = vb_xml_record_new(&smm_record);
        features->smm->state = VB_TRISTATE_ON;
}

static bool complete_features(VbCompletion *completion, GError **error)
{
        return check_props(completion, error) && check_tseg(completion, error) &&
               complete_gic(completion, error);
}

const VbSection vb_section_features = {
        .fields = section_fields,
        .parse = parse_features,
        .complete = complete_features,
};
