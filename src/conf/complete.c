/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completion: the order of its steps, and the machine type. */
#include "conf/complete.h"

#include "conf/arch.h"
#include "conf/complete-steps.h"
#include "conf/hostdev.h"
#include "conf/iommu.h"
#include "conf/section.h"
#include "util/error.h"

/* More local APICs than an x86 interrupt can name need an IOMMU that remaps interrupts. */
#define X86_VCPUS_MAX 255

bool vb_device_error(const VbDevice *device, VbError code, GError **error, const char *format, ...)
{
        g_autofree char *message = NULL;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        if (device->alias)
                return vb_error_set_at(error, code, device->line, "<%s> %s: %s",
                                       vb_device_kind_to_string(device->kind), device->alias, message);
        return vb_error_set_at(error, code, device->line, "<%s>: %s", vb_device_kind_to_string(device->kind),
                               message);
}

bool vb_complete_error(const VbDevice *device, GError *problem, GError **error)
{
        vb_device_error(device, (VbError) problem->code, error, "%s", problem->message);
        g_error_free(problem);
        return false;
}

bool vb_complete_has_driver(const VbCompletion *completion, const char *driver)
{
        return vb_emulator_facts_has_device(completion->emulator, driver);
}

bool vb_complete_is_furnished(const VbEmulatorFacts *emulator)
{
        static const char *const bare[] = { "aarch64", "armv6l",      "armv7l", "riscv32",
                                            "riscv64", "loongarch64", NULL };

        return !g_strv_contains(bare, emulator->arch);
}

VbDevice *vb_complete_add(VbCompletion *completion, VbDeviceKind kind)
{
        VbDevice *device = vb_device_new(kind);

        device->implicit = true;
        g_ptr_array_add(completion->def->devices, device);
        return device;
}

static bool complete_machine(VbCompletion *completion, GError **error)
{
        const VbEmulatorFacts *emulator = completion->emulator;
        VbDomainDef *def = completion->def;
        const VbMachineInfo *machine;

        if (def->virt_type == VB_VIRT_KVM && !emulator->kvm_present)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "<domain type='kvm'>: KVM cannot be used on this host; type='qemu' emulates the "
                        "processor");
        if (def->os.arch && !vb_arch_serves(emulator->arch, def->os.arch))
                return vb_error_set(error, VB_ERROR_UNSUPPORTED, "<type arch='%s'>: %s emulates %s",
                                    def->os.arch, emulator->path, emulator->arch);
        machine = vb_emulator_facts_find_machine(emulator, def->os.machine);
        if (!machine)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "<type machine='%s'>: %s has no such machine type",
                                    def->os.machine ? def->os.machine : "", emulator->path);
        g_assert(g_str_equal(machine->name, completion->machine->name));
        if (def->vcpus_max > machine->cpu_max)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "<vcpu>%u</vcpu>: the machine type %s has at most %u processors",
                                    def->vcpus_max, machine->name, machine->cpu_max);
        if (!def->os.arch)
                def->os.arch = g_strdup(emulator->arch);
        if (g_strcmp0(def->os.machine, machine->name) != 0) {
                g_free(def->os.machine);
                def->os.machine = g_strdup(machine->name);
        }
        if (!def->emulator)
                def->emulator = g_strdup(emulator->path);
        if (def->vcpus_max > X86_VCPUS_MAX && vb_domain_def_is_x86(def) &&
            (def->virt_type != VB_VIRT_KVM || !vb_domain_def_has_eim(def)))
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "<vcpu>%u</vcpu>: more than %d processors need KVM and an <iommu model='intel'> "
                        "with <driver intremap='on' eim='on'/>",
                        def->vcpus_max, X86_VCPUS_MAX);
        return true;
}

bool vb_domain_def_complete(VbDomainDef *def, const VbEmulatorFacts *emulator, const VbMachineFacts *machine,
                            GError **error)
{
        VbCompletion completion = { .def = def, .emulator = emulator, .machine = machine };

        if (!complete_machine(&completion, error))
                return false;
        for (const VbSection *const *section = vb_sections; *section; section++)
                if ((*section)->complete && !(*section)->complete(&completion, error))
                        return false;
        vb_complete_order(def);
        if (!vb_complete_devices(&completion, error) || !vb_complete_consoles(&completion, error) ||
            !vb_complete_controllers(&completion, error) || !vb_check_given(&completion, error) ||
            !vb_assign_drives(&completion, error) || !vb_assign_scsi_hostdevs(&completion, error) ||
            !vb_assign_virtio_serial(&completion, error) ||
            !vb_complete_needed_controllers(&completion, error) || !vb_check_drives(&completion, error))
                return false;
        vb_assign_transports(&completion);
        if (!vb_assign_spapr_vio(&completion, error) || !vb_assign_ccw(&completion, error) ||
            !vb_assign_pci(&completion, error) || !vb_assign_usb(&completion, error))
                return false;
        vb_complete_order(def);
        return vb_assign_aliases(&completion, error) && vb_check_result(&completion, error);
}
