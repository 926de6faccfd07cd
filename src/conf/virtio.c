/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What virtio devices of all classes share: options, models, and the names of QEMU's device types. */
#include "conf/virtio.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const model_words[_VB_VIRTIO_MODEL_MAX] = {
        [VB_VIRTIO_MODEL_DEFAULT] = "virtio",
        [VB_VIRTIO_MODEL_TRANSITIONAL] = "virtio-transitional",
        [VB_VIRTIO_MODEL_NON_TRANSITIONAL] = "virtio-non-transitional",
};

static const char *const model_suffixes[_VB_VIRTIO_MODEL_MAX] = {
        [VB_VIRTIO_MODEL_DEFAULT] = "-pci",
        [VB_VIRTIO_MODEL_TRANSITIONAL] = "-pci-transitional",
        [VB_VIRTIO_MODEL_NON_TRANSITIONAL] = "-pci-non-transitional",
};

bool vb_virtio_options_parse(VbVirtioOptions *options, VbXmlNode *driver, GError **error)
{
        return vb_xml_take_switch(driver, "iommu", &options->iommu, error) &&
               vb_xml_take_switch(driver, "ats", &options->ats, error) &&
               vb_xml_take_switch(driver, "packed", &options->packed, error) &&
               vb_xml_take_switch(driver, "page_per_vq", &options->page_per_vq, error);
}

bool vb_virtio_options_is_set(const VbVirtioOptions *options)
{
        return options->iommu != VB_TRISTATE_UNSET || options->ats != VB_TRISTATE_UNSET ||
               options->packed != VB_TRISTATE_UNSET || options->page_per_vq != VB_TRISTATE_UNSET;
}

void vb_virtio_options_write(const VbVirtioOptions *options, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "iommu", vb_tristate_to_switch(options->iommu));
        vb_xml_attribute(writer, "ats", vb_tristate_to_switch(options->ats));
        vb_xml_attribute(writer, "packed", vb_tristate_to_switch(options->packed));
        vb_xml_attribute(writer, "page_per_vq", vb_tristate_to_switch(options->page_per_vq));
}

bool vb_virtio_model_parse(VbVirtioModel *model, VbXmlNode *node, bool required, GError **error)
{
        int value = (int) *model;
        const char *text;

        if ((required && !vb_xml_require_attribute(node, "model", &text, error)) ||
            !vb_xml_take_word(node, "model", model_words, _VB_VIRTIO_MODEL_MAX, NULL, &value, error))
                return false;
        *model = (VbVirtioModel) value;
        return true;
}

const char *vb_virtio_model_to_string(VbVirtioModel model)
{
        return model_words[model];
}

const char *vb_virtio_driver(const VbDevice *device, const char *name, VbVirtioModel model)
{
        const char *suffix = model_suffixes[model];
        g_autofree char *driver = NULL;

        if (device->address.type == VB_ADDRESS_VIRTIO_MMIO)
                suffix = "-device";
        else if (device->address.type == VB_ADDRESS_CCW)
                suffix = "-ccw";
        driver = g_strconcat(name, suffix, NULL);

        /* A few names for ever, not one for every device. */
        return g_intern_string(driver);
}

VbPciConnect vb_virtio_pci_needs(VbVirtioModel model)
{
        return model == VB_VIRTIO_MODEL_TRANSITIONAL ? VB_PCI_CONNECT_PCI_ENDPOINT
                                                     : VB_PCI_CONNECT_PCIE_ENDPOINT;
}

bool vb_virtio_is_driver(const char *driver)
{
        return driver && (g_str_has_prefix(driver, "virtio-") || g_str_has_prefix(driver, "vhost-"));
}
