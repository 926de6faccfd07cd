/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <panic>: how a guest kernel tells that it crashed. */
#include "conf/panic.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const model_words[_VB_PANIC_MODEL_MAX] = { [VB_PANIC_ISA] = "isa" };

static bool panic_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        int model = VB_PANIC_MODEL_UNSET;

        if (!vb_xml_take_word(node, "model", model_words, _VB_PANIC_MODEL_MAX, "hyperv pseries pvpanic s390",
                              &model, error))
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
        return "pvpanic";
}

static bool complete_panic(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbPanic *panic = (VbPanic *) device;

        if (!completion->machine->has_isa)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no ISA bus", completion->machine->name);
        panic->model = VB_PANIC_ISA;
        return true;
}

static VbAddressType panic_address_type(const VbDevice *device)
{
        return VB_ADDRESS_ISA;
}

const VbDeviceClass vb_panic_class = {
        .element = "panic",
        .size = sizeof(VbPanic),
        .parse = panic_parse,
        .format = panic_format,
        .driver = panic_driver,
        .alias_prefix = "panic",
        .complete = complete_panic,
        .address_type = panic_address_type,
};
