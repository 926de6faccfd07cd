/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <nvram> below <devices>: Power's. https://libvirt.org/formatdomain.html#nvram-device */
#include "conf/nvram-device.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"

static bool nvram_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        return true;
}

static void nvram_format(const VbDevice *device, VbXmlWriter *writer)
{
}

static bool complete_nvram(VbCompletion *completion, VbDevice *device, GError **error)
{
        return completion->machine->has_spapr_vio ||
               vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                               "the machine type %s has no firmware of Power's", completion->machine->name);
}

static VbAddressType nvram_address_type(const VbDevice *device)
{
        return VB_ADDRESS_SPAPR_VIO;
}

const VbDeviceClass vb_nvram_device_class = {
        .element = "nvram",
        .size = sizeof(VbNvramDevice),
        .parse = nvram_parse,
        .format = nvram_format,
        .alias_prefix = "nvram",
        .complete = complete_nvram,
        .address_type = nvram_address_type,
};
