/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <rng>: a source of random numbers for the guest. */
#include "conf/rng.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* libvirt's, so that a definition that leaves it out keeps its meaning. */
#define DEFAULT_PATH "/dev/random"

static const char *const backend_words[_VB_RNG_BACKEND_MAX] = {
        [VB_RNG_BACKEND_RANDOM] = "random",
        [VB_RNG_BACKEND_BUILTIN] = "builtin",
        [VB_RNG_BACKEND_EGD] = "egd",
};

static bool parse_backend(VbRng *rng, VbXmlNode *node, GError **error)
{
        int backend = -1;
        const char *text;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", backend_words, _VB_RNG_BACKEND_MAX, NULL, &backend, error))
                return false;
        rng->backend = (VbRngBackend) backend;
        if (rng->backend == VB_RNG_BACKEND_EGD)
                return vb_chardev_parse(&rng->source, node, true, error);
        if (rng->backend != VB_RNG_BACKEND_RANDOM)
                return true;
        text = vb_xml_take_text(node);
        if (*text != '\0' && *text != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not an absolute path", text);
        rng->path = g_strdup(*text != '\0' ? text : DEFAULT_PATH);
        return true;
}

static bool parse_rate(VbRng *rng, VbXmlNode *node, GError **error)
{
        /* No bytes are no limit. */
        if (!vb_xml_take_uint32(node, "bytes", 0, UINT32_MAX, &rng->rate_bytes, error) ||
            !vb_xml_take_uint32(node, "period", 0, UINT32_MAX, &rng->rate_period_ms, error))
                return false;
        if (rng->rate_bytes == 0)
                rng->rate_period_ms = 0;
        return true;
}

static bool rng_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbRng *rng = (VbRng *) device;
        VbXmlNode *child;

        if (!vb_virtio_model_parse(&rng->model, node, true, error))
                return false;
        child = vb_xml_take_child(node, "rate");
        if (child && !parse_rate(rng, child, error))
                return false;
        child = vb_xml_take_child(node, "driver");
        if (child && !vb_virtio_options_parse(&rng->options, child, error))
                return false;
        child = vb_xml_take_child(node, "backend");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<backend model='...'> is missing");
        return parse_backend(rng, child, error);
}

static void rng_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbRng *rng = (const VbRng *) device;

        vb_xml_attribute(writer, "model", vb_virtio_model_to_string(rng->model));
        if (rng->rate_bytes > 0) {
                vb_xml_open(writer, "rate");
                vb_xml_attribute_number(writer, "bytes", rng->rate_bytes);
                if (rng->rate_period_ms > 0)
                        vb_xml_attribute_number(writer, "period", rng->rate_period_ms);
                vb_xml_close(writer);
        }
        vb_xml_open(writer, "backend");
        vb_xml_attribute(writer, "model", backend_words[rng->backend]);
        if (rng->backend == VB_RNG_BACKEND_EGD) {
                vb_chardev_format_type(&rng->source, writer);
                vb_chardev_format(&rng->source, writer);
        }
        if (rng->path)
                vb_xml_text(writer, rng->path);
        vb_xml_close(writer);
        if (vb_virtio_options_is_set(&rng->options)) {
                vb_xml_open(writer, "driver");
                vb_virtio_options_write(&rng->options, writer);
                vb_xml_close(writer);
        }
}

static const char *rng_driver(const VbDevice *device)
{
        return vb_virtio_driver(device, "virtio-rng", ((const VbRng *) device)->model);
}

static const gsize rng_strings[] = { G_STRUCT_OFFSET(VbRng, path), 0 };

static VbPciConnect rng_pci_needs(const VbDevice *device)
{
        return vb_virtio_pci_needs(((const VbRng *) device)->model);
}

static bool rng_virtio(const VbDevice *device, struct VbVirtio *ret)
{
        *ret = (struct VbVirtio){ ((const VbRng *) device)->model, ((const VbRng *) device)->options };
        return true;
}

static VbChardev *rng_chardev(VbDevice *device)
{
        VbRng *rng = (VbRng *) device;

        return rng->backend == VB_RNG_BACKEND_EGD ? &rng->source : NULL;
}

static void rng_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbRng *) device)->source);
}

static void rng_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbRng *) copy)->source, &((const VbRng *) device)->source);
}

const VbDeviceClass vb_rng_class = {
        .element = "rng",
        .size = sizeof(VbRng),
        .strings = rng_strings,
        .clear = rng_clear,
        .copy = rng_copy,
        .chardev = rng_chardev,
        .parse = rng_parse,
        .format = rng_format,
        .driver = rng_driver,
        .alias_prefix = "rng",
        .pci_needs = rng_pci_needs,
        .virtio = rng_virtio,
};
