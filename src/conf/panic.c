/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <panic>: how a guest kernel tells that it crashed. https://libvirt.org/formatdomain.html#panic-device */
#include "conf/panic.h"

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const model_words[_VB_PANIC_MODEL_MAX] = {
        [VB_PANIC_ISA] = "isa",   [VB_PANIC_PSERIES] = "pseries", [VB_PANIC_HYPERV] = "hyperv",
        [VB_PANIC_S390] = "s390", [VB_PANIC_PVPANIC] = "pvpanic",
};

static bool panic_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        int model = VB_PANIC_MODEL_UNSET;

        if (!vb_xml_take_word(node, "model", model_words, _VB_PANIC_MODEL_MAX, NULL, &model, error))
                return false;
        ((VbPanic *) device)->model = (VbPanicModel) model;
        return true;
}

static void panic_format(const VbDevice *device, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "model", model_words[((const VbPanic *) device)->model]);
}

static const char *panic_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_PANIC_MODEL_MAX] = {
                [VB_PANIC_ISA] = "pvpanic",
                [VB_PANIC_PVPANIC] = "pvpanic-pci",
        };

        return drivers[((const VbPanic *) device)->model];
}

bool vb_domain_def_has_panic(const VbDomainDef *def, VbPanicModel model)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbPanic *panic = g_ptr_array_index(def->devices, i);

                if (panic->base.kind == VB_DEVICE_PANIC && panic->model == model)
                        return true;
        }
        return false;
}

static bool is_s390(const VbEmulatorFacts *emulator)
{
        return g_str_equal(emulator->arch, "s390x");
}

static VbPanicModel usual_model(const VbCompletion *completion)
{
        if (completion->machine->has_spapr_vio)
                return VB_PANIC_PSERIES;
        return is_s390(completion->emulator) ? VB_PANIC_S390 : VB_PANIC_ISA;
}

/* What the guest lacks for a model, NULL if it lacks nothing. */
static const char *find_lack(const VbCompletion *completion, VbPanicModel model)
{
        switch (model) {
        case VB_PANIC_ISA:
                return completion->machine->has_isa ? NULL : "has no ISA bus";
        case VB_PANIC_PSERIES:
                return completion->machine->has_spapr_vio ? NULL : "has no firmware of Power's";
        case VB_PANIC_HYPERV:
                return vb_domain_def_is_x86(completion->def) ? NULL
                                                             : "has no processor that could be Hyper-V's";
        case VB_PANIC_S390:
                return is_s390(completion->emulator) ? NULL : "is no S/390";
        default:
                return NULL;
        }
}

static bool complete_panic(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbPanic *panic = (VbPanic *) device;
        const VbDomainDef *def = completion->def;
        const char *lack;

        if (panic->model == VB_PANIC_MODEL_UNSET)
                panic->model = usual_model(completion);
        lack = find_lack(completion, panic->model);
        if (lack)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "model='%s': the machine type %s %s", model_words[panic->model],
                                       completion->machine->name, lack);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbPanic *other = g_ptr_array_index(def->devices, i);

                if (other == panic)
                        break;
                if (other->base.kind == VB_DEVICE_PANIC && other->model == panic->model)
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "there is another one with model='%s'",
                                               model_words[panic->model]);
        }
        return true;
}

static VbPciConnect panic_pci_needs(const VbDevice *device)
{
        return ((const VbPanic *) device)->model == VB_PANIC_PVPANIC ? VB_PCI_CONNECT_PCI_ENDPOINT : 0;
}

static VbAddressType panic_address_type(const VbDevice *device)
{
        return ((const VbPanic *) device)->model == VB_PANIC_ISA ? VB_ADDRESS_ISA : VB_ADDRESS_NONE;
}

const VbDeviceClass vb_panic_class = {
        .element = "panic",
        .size = sizeof(VbPanic),
        .parse = panic_parse,
        .format = panic_format,
        .driver = panic_driver,
        .alias_prefix = "panic",
        .complete = complete_panic,
        .pci_needs = panic_pci_needs,
        .address_type = panic_address_type,
};
