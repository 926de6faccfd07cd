/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* -cpu and -smp. */
#include <string.h>

#include "conf/cpu-check.h"
#include "conf/domain-def.h"
#include "conf/panic.h"
#include "qemu/argv-parts.h"
#include "util/error.h"

static void add_feature(GString *value, const VbCpuFeature *feature)
{
        g_autofree char *property = vb_cpu_feature_property(feature->name);
        bool off = feature->policy == VB_CPU_POLICY_DISABLE || feature->policy == VB_CPU_POLICY_FORBID;

        if (property)
                g_string_append_printf(value, ",%s=%s", property, off ? "off" : "on");
}

/* QEMU names what there is to be had of everything itself. */
static const char *model_of(const VbCpu *cpu)
{
        switch ((VbCpuMode) cpu->mode) {
        case VB_CPU_HOST_PASSTHROUGH:
        case VB_CPU_HOST_MODEL:
        case VB_CPU_MAXIMUM:
                return "max";
        case VB_CPU_CUSTOM:
                break;
        }
        return cpu->model ? cpu->model->name : NULL;
}

static void add_timers(GString *value, const VbClock *clock)
{
        for (guint i = 0; i < vb_list_length(clock->timers); i++) {
                const VbTimer *timer = g_ptr_array_index(clock->timers, i);

                if (timer->name == VB_TIMER_KVMCLOCK && timer->present != VB_TRISTATE_UNSET)
                        g_string_append_printf(value, ",kvmclock=%s", vb_tristate_to_switch(timer->present));
                if (timer->name == VB_TIMER_HYPERVCLOCK && timer->present == VB_TRISTATE_ON)
                        g_string_append(value, ",hv-time=on");
                if (timer->name == VB_TIMER_TSC && timer->frequency.given)
                        g_string_append_printf(value, ",tsc-frequency=%" G_GUINT64_FORMAT,
                                               timer->frequency.value);
                if (timer->name == VB_TIMER_ARMVTIMER && timer->tick_policy != 0)
                        g_string_append_printf(value, ",kvm-no-adjvtime=%s",
                                               timer->tick_policy == VB_TICK_DELAY ? "on" : "off");
        }
}

static void add_hyperv(GString *value, const VbHyperv *hyperv)
{
        if (hyperv->mode == VB_HYPERV_PASSTHROUGH)
                g_string_append(value, ",hv-passthrough=on");
        for (const VbHypervSwitch *row = vb_hyperv_switches; row->name; row++)
                if (*(const VbTristate *) ((const char *) hyperv + row->offset) == VB_TRISTATE_ON)
                        g_string_append_printf(value, ",%s=on", row->property);
        if (hyperv->spinlocks && hyperv->spinlocks->state == VB_TRISTATE_ON)
                g_string_append_printf(value, ",hv-spinlocks=0x%" G_GINT64_MODIFIER "x",
                                       hyperv->spinlocks->retries.value);
        if (hyperv->stimer && hyperv->stimer->state == VB_TRISTATE_ON) {
                g_string_append(value, ",hv-stimer=on");
                if (hyperv->stimer->direct == VB_TRISTATE_ON)
                        g_string_append(value, ",hv-stimer-direct=on");
        }
        if (hyperv->tlbflush && hyperv->tlbflush->state == VB_TRISTATE_ON) {
                g_string_append(value, ",hv-tlbflush=on");
                if (hyperv->tlbflush->direct == VB_TRISTATE_ON)
                        g_string_append(value, ",hv-tlbflush-direct=on");
                if (hyperv->tlbflush->extended == VB_TRISTATE_ON)
                        g_string_append(value, ",hv-tlbflush-ext=on");
        }
        if (hyperv->vendor_id && hyperv->vendor_id->state == VB_TRISTATE_ON)
                g_string_append_printf(value, ",hv-vendor-id=%s", hyperv->vendor_id->value);
}

static void add_kvm(GString *value, const VbKvmFeatures *kvm)
{
        if (kvm->hidden == VB_TRISTATE_ON)
                g_string_append(value, ",kvm=off");
        if (kvm->hint_dedicated == VB_TRISTATE_ON)
                g_string_append(value, ",kvm-hint-dedicated=on");
        if (kvm->poll_control == VB_TRISTATE_ON)
                g_string_append(value, ",kvm-poll-control=on");
        if (kvm->pv_ipi == VB_TRISTATE_OFF)
                g_string_append(value, ",kvm-pv-ipi=off");
}

static void add_features(GString *value, const VbDomainDef *def)
{
        const VbFeatures *features = def->features;

        if (features->apic && features->apic->eoi != VB_TRISTATE_UNSET)
                g_string_append_printf(value, ",kvm-pv-eoi=%s", vb_tristate_to_switch(features->apic->eoi));
        if (features->pvspinlock != VB_TRISTATE_UNSET)
                g_string_append_printf(value, ",kvm-pv-unhalt=%s",
                                       vb_tristate_to_switch(features->pvspinlock));
        if (features->hyperv)
                add_hyperv(value, features->hyperv);
        if (vb_domain_def_has_panic(def, VB_PANIC_HYPERV))
                g_string_append(value, ",hv-crash=on");
        if (features->pmu != VB_TRISTATE_UNSET)
                g_string_append_printf(value, ",pmu=%s", vb_tristate_to_switch(features->pmu));
        if (features->kvm)
                add_kvm(value, features->kvm);
}

static void add_cache(GString *value, const VbCpuCache *cache)
{
        switch ((VbCpuCacheMode) cache->mode) {
        case VB_CPU_CACHE_EMULATE:
                g_string_append(value, ",l3-cache=on");
                break;
        case VB_CPU_CACHE_PASSTHROUGH:
                g_string_append(value, ",host-cache-info=on,l3-cache=off");
                break;
        case VB_CPU_CACHE_DISABLE:
                g_string_append(value, ",l3-cache=off");
                break;
        }
}

static void add_physical_bits(GString *value, const VbCpuPhysicalBits *bits)
{
        if (bits->mode == VB_CPU_CACHE_EMULATE) {
                g_string_append_printf(value, ",phys-bits=%" G_GUINT64_FORMAT, bits->bits.value);
                return;
        }
        g_string_append(value, ",host-phys-bits=on");
        if (bits->limit.given)
                g_string_append_printf(value, ",host-phys-bits-limit=%" G_GUINT64_FORMAT, bits->limit.value);
}

bool vb_argv_add_cpu(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbCpu *cpu = def->cpu;
        const char *model = cpu ? model_of(cpu) : NULL;
        g_autoptr(GString) value = g_string_new(NULL);

        if (!model)
                return true;
        if (def->virt_type == VB_VIRT_KVM &&
            (cpu->mode == VB_CPU_HOST_PASSTHROUGH || cpu->mode == VB_CPU_HOST_MODEL))
                model = "host";
        g_string_append(value, model);
        if (cpu->migratable != VB_TRISTATE_UNSET)
                g_string_append_printf(value, ",migratable=%s", vb_tristate_to_switch(cpu->migratable));
        if (cpu->model && cpu->model->vendor_id)
                g_string_append_printf(value, ",vendor=%s", cpu->model->vendor_id);
        for (guint i = 0; i < vb_list_length(cpu->features); i++)
                add_feature(value, g_ptr_array_index(cpu->features, i));
        add_timers(value, def->clock);
        add_features(value, def);
        if (cpu->cache)
                add_cache(value, cpu->cache);
        if (cpu->physical_bits)
                add_physical_bits(value, cpu->physical_bits);
        vb_argv_add(argv, "-cpu", value->str);
        return true;
}

bool vb_argv_add_processors(VbArgv *argv, GError **error)
{
        const VbDomainDef *def = argv->def;
        const VbCpuTopology *topology = def->cpu ? def->cpu->topology : NULL;
        uint32_t built_in = def->vcpus - vb_vcpus_pluggable(def->vcpu_list);
        g_autoptr(GString) value = g_string_new(NULL);

        g_string_printf(value, "%u", built_in);
        if (built_in != def->vcpus_max)
                g_string_append_printf(value, ",maxcpus=%u", def->vcpus_max);
        if (!topology) {
                g_string_append_printf(value, ",sockets=%u,cores=1,threads=1", def->vcpus_max);
        } else {
                g_string_append_printf(value, ",sockets=%u", (guint) topology->sockets.value);
                if (topology->dies.value > 1)
                        g_string_append_printf(value, ",dies=%u", (guint) topology->dies.value);
                if (topology->clusters.given && topology->clusters.value > 1)
                        g_string_append_printf(value, ",clusters=%u", (guint) topology->clusters.value);
                g_string_append_printf(value, ",cores=%u,threads=%u", (guint) topology->cores.value,
                                       (guint) topology->threads.value);
        }
        vb_argv_add(argv, "-smp", value->str);
        return true;
}
