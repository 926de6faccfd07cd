/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <memballoon>: gives memory back to the host; every domain has one unless it says "none". */
#include "conf/memballoon.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const model_words[_VB_MEMBALLOON_MAX] = {
        [VB_MEMBALLOON_VIRTIO] = "virtio",
        [VB_MEMBALLOON_NONE] = "none",
};

static bool memballoon_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbMemballoon *balloon = (VbMemballoon *) device;
        int model = -1;
        const char *text;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, _VB_MEMBALLOON_MAX,
                              "virtio-non-transitional virtio-transitional xen", &model, error))
                return false;
        balloon->model = (VbMemballoonModel) model;
        return true;
}

static void memballoon_format(const VbDevice *device, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "model", model_words[((const VbMemballoon *) device)->model]);
}

static const char *memballoon_driver(const VbDevice *device)
{
        return ((const VbMemballoon *) device)->model == VB_MEMBALLOON_VIRTIO ? "virtio-balloon-pci" : NULL;
}

static VbPciConnect memballoon_pci_needs(const VbDevice *device)
{
        return ((const VbMemballoon *) device)->model == VB_MEMBALLOON_VIRTIO ? VB_PCI_CONNECT_PCIE_ENDPOINT
                                                                              : 0;
}

const VbDeviceClass vb_memballoon_class = {
        .element = "memballoon",
        .size = sizeof(VbMemballoon),
        .parse = memballoon_parse,
        .format = memballoon_format,
        .driver = memballoon_driver,
        .alias_prefix = "balloon",
        .pci_needs = memballoon_pci_needs,
};
