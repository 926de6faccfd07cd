/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <rng>: a source of random numbers for the guest. */
#include "conf/rng.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* libvirt's, so that a definition that leaves it out keeps its meaning. */
#define DEFAULT_PATH "/dev/random"

static const char *const model_words[] = { "virtio" };
static const char *const backend_words[_VB_RNG_BACKEND_MAX] = {
        [VB_RNG_BACKEND_RANDOM] = "random",
        [VB_RNG_BACKEND_BUILTIN] = "builtin",
};

static bool parse_backend(VbRng *rng, VbXmlNode *node, GError **error)
{
        int backend = -1;
        const char *text;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", backend_words, _VB_RNG_BACKEND_MAX, "egd", &backend, error))
                return false;
        rng->backend = (VbRngBackend) backend;
        if (rng->backend != VB_RNG_BACKEND_RANDOM)
                return true;
        text = vb_xml_take_text(node);
        if (*text != '\0' && *text != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not an absolute path", text);
        rng->path = g_strdup(*text != '\0' ? text : DEFAULT_PATH);
        return true;
}

static bool rng_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbRng *rng = (VbRng *) device;
        const char *text;
        VbXmlNode *child;
        int model = -1;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, G_N_ELEMENTS(model_words),
                              "virtio-non-transitional virtio-transitional", &model, error))
                return false;
        child = vb_xml_take_child(node, "rate");
        if (child && (!vb_xml_require_attribute(child, "bytes", &text, error) ||
                      !vb_xml_take_uint32(child, "bytes", 1, UINT32_MAX, &rng->rate_bytes, error) ||
                      !vb_xml_take_uint32(child, "period", 1, UINT32_MAX, &rng->rate_period_ms, error)))
                return false;
        child = vb_xml_take_child(node, "backend");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<backend model='...'> is missing");
        return parse_backend(rng, child, error);
}

static void rng_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbRng *rng = (const VbRng *) device;

        vb_xml_attribute(writer, "model", model_words[0]);
        if (rng->rate_bytes > 0) {
                vb_xml_open(writer, "rate");
                vb_xml_attribute_number(writer, "bytes", rng->rate_bytes);
                if (rng->rate_period_ms > 0)
                        vb_xml_attribute_number(writer, "period", rng->rate_period_ms);
                vb_xml_close(writer);
        }
        vb_xml_open(writer, "backend");
        vb_xml_attribute(writer, "model", backend_words[rng->backend]);
        if (rng->path)
                vb_xml_text(writer, rng->path);
        vb_xml_close(writer);
}

static const char *rng_driver(const VbDevice *device)
{
        return "virtio-rng-pci";
}

static const gsize rng_strings[] = { G_STRUCT_OFFSET(VbRng, path), 0 };

static VbPciConnect rng_pci_needs(const VbDevice *device)
{
        return VB_PCI_CONNECT_PCIE_ENDPOINT;
}

const VbDeviceClass vb_rng_class = {
        .element = "rng",
        .size = sizeof(VbRng),
        .strings = rng_strings,
        .parse = rng_parse,
        .format = rng_format,
        .driver = rng_driver,
        .alias_prefix = "rng",
        .pci_needs = rng_pci_needs,
};
