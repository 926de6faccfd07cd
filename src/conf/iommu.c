/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <iommu>: remaps what devices read and write. https://libvirt.org/formatdomain.html#iommu-devices */
#include "conf/iommu.h"

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/features.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

#define AW_BITS_MIN 39
#define AW_BITS_MAX 64

static const char *const model_words[_VB_IOMMU_MAX] = {
        [VB_IOMMU_INTEL] = "intel",
        [VB_IOMMU_SMMUV3] = "smmuv3",
        [VB_IOMMU_VIRTIO] = "virtio",
};

static bool iommu_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbIommu *iommu = (VbIommu *) device;
        VbXmlNode *driver;
        const char *text;
        int model = -1;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, _VB_IOMMU_MAX, NULL, &model, error))
                return false;
        iommu->model = (VbIommuModel) model;
        driver = iommu->model == VB_IOMMU_INTEL ? vb_xml_take_child(node, "driver") : NULL;
        return !driver ||
               (vb_xml_take_switch(driver, "intremap", &iommu->intremap, error) &&
                vb_xml_take_switch(driver, "caching_mode", &iommu->caching_mode, error) &&
                vb_xml_take_switch(driver, "eim", &iommu->eim, error) &&
                vb_xml_take_switch(driver, "iotlb", &iommu->iotlb, error) &&
                vb_xml_take_uint32(driver, "aw_bits", AW_BITS_MIN, AW_BITS_MAX, &iommu->aw_bits, error));
}

static bool has_options(const VbIommu *iommu)
{
        return iommu->intremap != VB_TRISTATE_UNSET || iommu->caching_mode != VB_TRISTATE_UNSET ||
               iommu->eim != VB_TRISTATE_UNSET || iommu->iotlb != VB_TRISTATE_UNSET || iommu->aw_bits > 0;
}

static void iommu_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbIommu *iommu = (const VbIommu *) device;

        vb_xml_attribute(writer, "model", model_words[iommu->model]);
        if (!has_options(iommu))
                return;
        vb_xml_open(writer, "driver");
        vb_xml_attribute(writer, "intremap", vb_tristate_to_switch(iommu->intremap));
        vb_xml_attribute(writer, "caching_mode", vb_tristate_to_switch(iommu->caching_mode));
        vb_xml_attribute(writer, "eim", vb_tristate_to_switch(iommu->eim));
        vb_xml_attribute(writer, "iotlb", vb_tristate_to_switch(iommu->iotlb));
        if (iommu->aw_bits > 0)
                vb_xml_attribute_number(writer, "aw_bits", iommu->aw_bits);
        vb_xml_close(writer);
}

static const char *iommu_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_IOMMU_MAX] = {
                [VB_IOMMU_INTEL] = "intel-iommu",
                [VB_IOMMU_VIRTIO] = "virtio-iommu-pci",
        };

        return drivers[((const VbIommu *) device)->model];
}

bool vb_domain_def_has_eim(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbIommu *iommu = g_ptr_array_index(def->devices, i);

                if (iommu->base.kind == VB_DEVICE_IOMMU && iommu->eim == VB_TRISTATE_ON)
                        return true;
        }
        return false;
}

/* What the machine lacks for a model, NULL if it lacks nothing. */
static const char *find_lack(const VbCompletion *completion, VbIommuModel model)
{
        const VbMachineFacts *machine = completion->machine;

        switch (model) {
        case VB_IOMMU_INTEL:
                return machine->root_bus == VB_ROOT_BUS_PCIE && vb_domain_def_is_x86(completion->def)
                               ? NULL
                               : "is no PC with PCI Express";
        case VB_IOMMU_SMMUV3:
                return vb_machine_facts_has_prop(machine, "iommu") ? NULL : "has no place for an SMMU";
        default:
                if (machine->root_bus != VB_ROOT_BUS_PCIE)
                        return "has no PCI Express";
                /* Nothing but ACPI tells the guest what is behind it. */
                return completion->def->features->acpi ? NULL : "tells the guest of it by ACPI, which is off";
        }
}

static bool check_intel(const VbDomainDef *def, const VbIommu *iommu, GError **error)
{
        bool split = def->features->ioapic && def->features->ioapic->value == VB_IOAPIC_QEMU;

        if (iommu->intremap == VB_TRISTATE_ON && !split)
                return vb_device_error(&iommu->base, VB_ERROR_INVALID_XML, error,
                                       "intremap='on' needs <ioapic driver='qemu'/> in <features>");
        if (iommu->eim == VB_TRISTATE_ON && iommu->intremap != VB_TRISTATE_ON)
                return vb_device_error(&iommu->base, VB_ERROR_INVALID_XML, error,
                                       "eim='on' needs intremap='on'");
        if (iommu->eim == VB_TRISTATE_ON && def->virt_type != VB_VIRT_KVM)
                return vb_device_error(&iommu->base, VB_ERROR_UNSUPPORTED, error,
                                       "eim='on' needs KVM, whose interrupt controllers it extends");
        return true;
}

static bool complete_iommu(VbCompletion *completion, VbDevice *device, GError **error)
{
        const VbIommu *iommu = (const VbIommu *) device;
        const char *lack = find_lack(completion, iommu->model);

        if (lack)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "model='%s': the machine type %s %s", model_words[iommu->model],
                                       completion->machine->name, lack);
        return check_intel(completion->def, iommu, error);
}

static VbPciConnect iommu_pci_needs(const VbDevice *device)
{
        return ((const VbIommu *) device)->model == VB_IOMMU_VIRTIO ? VB_PCI_CONNECT_INTEGRATED : 0;
}

const VbDeviceClass vb_iommu_class = {
        .element = "iommu",
        .size = sizeof(VbIommu),
        .parse = iommu_parse,
        .format = iommu_format,
        .driver = iommu_driver,
        .alias_prefix = "iommu",
        .complete = complete_iommu,
        .pci_needs = iommu_pci_needs,
};
