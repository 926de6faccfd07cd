/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <crypto>: an accelerator of ciphers. https://libvirt.org/formatdomain.html#crypto */
#include "conf/crypto.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

#define QUEUES_MAX 1024

static const char *const model_words[] = { "virtio" };
static const char *const type_words[] = { "qemu" };
static const char *const backend_words[_VB_CRYPTO_MAX] = {
        [VB_CRYPTO_BUILTIN] = "builtin",
        [VB_CRYPTO_LKCF] = "lkcf",
};

static bool crypto_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbCrypto *crypto = (VbCrypto *) device;
        int model = -1, type = -1, backend = -1;
        VbXmlNode *child;
        const char *text;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, G_N_ELEMENTS(model_words), NULL, &model, error) ||
            !vb_xml_take_word(node, "type", type_words, G_N_ELEMENTS(type_words), NULL, &type, error))
                return false;
        child = vb_xml_take_child(node, "driver");
        if (child && !vb_virtio_options_parse(&crypto->virtio, child, error))
                return false;
        child = vb_xml_take_child(node, "backend");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<backend model='...'/> is missing");
        if (!vb_xml_require_attribute(child, "model", &text, error) ||
            !vb_xml_take_word(child, "model", backend_words, _VB_CRYPTO_MAX, NULL, &backend, error) ||
            !vb_xml_take_uint32(child, "queues", 1, QUEUES_MAX, &crypto->queues, error))
                return false;
        crypto->backend = (VbCryptoBackend) backend;
        if (crypto->backend == VB_CRYPTO_BUILTIN && crypto->queues > 1)
                return vb_xml_error(child, VB_ERROR_UNSUPPORTED, error,
                                    "queues='%u': QEMU's own backend has one queue", crypto->queues);
        return true;
}

static void crypto_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbCrypto *crypto = (const VbCrypto *) device;

        vb_xml_attribute(writer, "model", model_words[0]);
        vb_xml_attribute(writer, "type", type_words[0]);
        vb_xml_open(writer, "backend");
        vb_xml_attribute(writer, "model", backend_words[crypto->backend]);
        if (crypto->queues > 0)
                vb_xml_attribute_number(writer, "queues", crypto->queues);
        vb_xml_close(writer);
        if (vb_virtio_options_is_set(&crypto->virtio)) {
                vb_xml_open(writer, "driver");
                vb_virtio_options_write(&crypto->virtio, writer);
                vb_xml_close(writer);
        }
}

static const char *crypto_driver(const VbDevice *device)
{
        return vb_virtio_driver(device, "virtio-crypto", VB_VIRTIO_MODEL_DEFAULT);
}

static VbPciConnect crypto_pci_needs(const VbDevice *device)
{
        return vb_virtio_pci_needs(VB_VIRTIO_MODEL_DEFAULT);
}

const VbDeviceClass vb_crypto_class = {
        .element = "crypto",
        .size = sizeof(VbCrypto),
        .parse = crypto_parse,
        .format = crypto_format,
        .driver = crypto_driver,
        .alias_prefix = "crypto",
        .pci_needs = crypto_pci_needs,
};
