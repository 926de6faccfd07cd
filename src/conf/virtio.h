/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

/* What all virtio devices have in common. https://libvirt.org/formatdomain.html#virtio-related-options */

/* Which of virtio's two PCI faces a device has; the word follows "virtio" in the XML's model. */
typedef enum {
        VB_VIRTIO_MODEL_DEFAULT, /* what the bus asks for */
        VB_VIRTIO_MODEL_TRANSITIONAL,
        VB_VIRTIO_MODEL_NON_TRANSITIONAL,
        _VB_VIRTIO_MODEL_MAX,
} VbVirtioModel;

/* The attributes of <driver> that every virtio device takes. */
typedef struct {
        VbTristate iommu, ats, packed, page_per_vq;
} VbVirtioOptions;

/* What a class says of a device by its hook virtio(). */
struct VbVirtio {
        VbVirtioModel model;
        VbVirtioOptions options;
};

bool vb_virtio_options_parse(VbVirtioOptions *options, VbXmlNode *driver, GError **error);
bool vb_virtio_options_is_set(const VbVirtioOptions *options);
/* Attributes of the element that was opened last. */
void vb_virtio_options_write(const VbVirtioOptions *options, VbXmlWriter *writer);

/* The attribute model='' of @node; one that is not there is "virtio", unless @required. */
bool vb_virtio_model_parse(VbVirtioModel *model, VbXmlNode *node, bool required, GError **error);
/* The XML's word for a model: "virtio", "virtio-transitional", "virtio-non-transitional". */
const char *vb_virtio_model_to_string(VbVirtioModel model);

/* The QEMU device type of a virtio device, as its address has it: "virtio-net" is "virtio-net-pci", or
 * "virtio-net-pci-transitional", or on other buses than PCI "virtio-net-device" or "virtio-net-ccw". The
 * result is never freed. */
const char *vb_virtio_driver(const VbDevice *device, const char *name, VbVirtioModel model);

/* Whether a QEMU device type is a virtio device; NULL is none. */
bool vb_virtio_is_driver(const char *driver);

/* What a virtio device needs of a PCI slot: the transitional face is one of old PCI. */
VbPciConnect vb_virtio_pci_needs(VbVirtioModel model);
