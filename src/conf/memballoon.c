/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <memballoon>: gives memory back to the host; every domain has one unless it says "none".
 * https://libvirt.org/formatdomain.html#memory-balloon-device */
#include "conf/memballoon.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

/* The words of virtio's models, then the one for no balloon at all. */
#define NONE _VB_VIRTIO_MODEL_MAX

static const char *const model_words[NONE + 1] = {
        [VB_VIRTIO_MODEL_DEFAULT] = "virtio",
        [VB_VIRTIO_MODEL_TRANSITIONAL] = "virtio-transitional",
        [VB_VIRTIO_MODEL_NON_TRANSITIONAL] = "virtio-non-transitional",
        [NONE] = "none",
};

static bool memballoon_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbMemballoon *balloon = (VbMemballoon *) device;
        VbXmlNode *child;
        int model = -1;
        const char *text;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, G_N_ELEMENTS(model_words), "xen", &model, error) ||
            !vb_xml_take_switch(node, "autodeflate", &balloon->autodeflate, error) ||
            !vb_xml_take_switch(node, "freePageReporting", &balloon->free_page_reporting, error))
                return false;
        balloon->none = model == NONE;
        balloon->model = balloon->none ? VB_VIRTIO_MODEL_DEFAULT : (VbVirtioModel) model;
        child = vb_xml_take_child(node, "stats");
        if (child && !vb_xml_take_uint32(child, "period", 0, INT32_MAX, &balloon->stats_period, error))
                return false;
        child = vb_xml_take_child(node, "driver");
        return !child || vb_virtio_options_parse(&balloon->virtio, child, error);
}

static void memballoon_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbMemballoon *balloon = (const VbMemballoon *) device;

        vb_xml_attribute(writer, "model", model_words[balloon->none ? NONE : (int) balloon->model]);
        vb_xml_attribute(writer, "autodeflate", vb_tristate_to_switch(balloon->autodeflate));
        vb_xml_attribute(writer, "freePageReporting", vb_tristate_to_switch(balloon->free_page_reporting));
        if (balloon->stats_period > 0) {
                vb_xml_open(writer, "stats");
                vb_xml_attribute_number(writer, "period", balloon->stats_period);
                vb_xml_close(writer);
        }
        if (vb_virtio_options_is_set(&balloon->virtio)) {
                vb_xml_open(writer, "driver");
                vb_virtio_options_write(&balloon->virtio, writer);
                vb_xml_close(writer);
        }
}

static const char *memballoon_driver(const VbDevice *device)
{
        const VbMemballoon *balloon = (const VbMemballoon *) device;

        return balloon->none ? NULL : vb_virtio_driver(device, "virtio-balloon", balloon->model);
}

static VbPciConnect memballoon_pci_needs(const VbDevice *device)
{
        const VbMemballoon *balloon = (const VbMemballoon *) device;

        return balloon->none ? 0 : vb_virtio_pci_needs(balloon->model);
}

static bool memballoon_virtio(const VbDevice *device, struct VbVirtio *ret)
{
        const VbMemballoon *balloon = (const VbMemballoon *) device;

        *ret = (struct VbVirtio){ balloon->model, balloon->virtio };
        return !balloon->none;
}

const VbDeviceClass vb_memballoon_class = {
        .element = "memballoon",
        .size = sizeof(VbMemballoon),
        .parse = memballoon_parse,
        .format = memballoon_format,
        .driver = memballoon_driver,
        .alias_prefix = "balloon",
        .pci_needs = memballoon_pci_needs,
        .virtio = memballoon_virtio,
};
