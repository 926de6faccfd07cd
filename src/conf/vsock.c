/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <vsock>: sockets between host and guest. */
#include "conf/vsock.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* The one above is "any". */
#define CID_MAX (UINT32_MAX - 1)

static bool parse_cid(VbVsock *vsock, VbXmlNode *node, GError **error)
{
        VbTristate chosen = VB_TRISTATE_UNSET;

        if (!vb_xml_take_yes_no(node, "auto", &chosen, error) ||
            !vb_xml_take_uint32(node, "address", VB_VSOCK_CID_MIN, CID_MAX, &vsock->cid, error))
                return false;
        if (chosen == VB_TRISTATE_OFF && vsock->cid == 0)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "auto='no' needs an address");
        vsock->auto_cid = chosen == VB_TRISTATE_ON || vsock->cid == 0;
        /* A number beside auto='yes' is what the running domain had. */
        if (vsock->auto_cid)
                vsock->cid = 0;
        return true;
}

static bool vsock_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbVsock *vsock = (VbVsock *) device;
        VbXmlNode *child;

        vsock->auto_cid = true;
        if (!vb_virtio_model_parse(&vsock->model, node, false, error))
                return false;
        child = vb_xml_take_child(node, "cid");
        if (child && !parse_cid(vsock, child, error))
                return false;
        child = vb_xml_take_child(node, "driver");
        return !child || vb_virtio_options_parse(&vsock->options, child, error);
}

static void vsock_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbVsock *vsock = (const VbVsock *) device;

        vb_xml_attribute(writer, "model", vb_virtio_model_to_string(vsock->model));
        vb_xml_open(writer, "cid");
        vb_xml_attribute(writer, "auto", vsock->auto_cid ? "yes" : "no");
        if (vsock->cid > 0)
                vb_xml_attribute_number(writer, "address", vsock->cid);
        vb_xml_close(writer);
        if (vb_virtio_options_is_set(&vsock->options)) {
                vb_xml_open(writer, "driver");
                vb_virtio_options_write(&vsock->options, writer);
                vb_xml_close(writer);
        }
}

static const char *vsock_driver(const VbDevice *device)
{
        return vb_virtio_driver(device, "vhost-vsock", ((const VbVsock *) device)->model);
}

static VbPciConnect vsock_pci_needs(const VbDevice *device)
{
        return vb_virtio_pci_needs(((const VbVsock *) device)->model);
}

const VbDeviceClass vb_vsock_class = {
        .element = "vsock",
        .size = sizeof(VbVsock),
        .parse = vsock_parse,
        .format = vsock_format,
        .driver = vsock_driver,
        .alias_prefix = "vsock",
        .pci_needs = vsock_pci_needs,
};
