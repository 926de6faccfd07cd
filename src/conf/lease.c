/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <lease>: kept, so that a definition stays whole; but there is no lock manager to hold it, and a guest that
 * runs without what protects its data must not. https://libvirt.org/formatdomain.html#device-leases */
#include "conf/lease.h"

#include "conf/domain-values.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

static bool lease_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbLease *lease = (VbLease *) device;
        VbXmlNode *target = vb_xml_take_child(node, "target");
        const char *path;

        vb_xml_take_text_child(node, "lockspace", &lease->lockspace);
        vb_xml_take_text_child(node, "key", &lease->key);
        if (!lease->key || !target)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "<key> or <target path='...'/> is missing");
        if (!vb_xml_require_attribute(target, "path", &path, error) ||
            !vb_xml_take_number(target, "offset", 0, INT64_MAX, &lease->offset, error))
                return false;
        lease->path = g_strdup(path);
        return true;
}

static void lease_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbLease *lease = (const VbLease *) device;

        vb_xml_text_element(writer, "lockspace", lease->lockspace);
        vb_xml_text_element(writer, "key", lease->key);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "path", lease->path);
        if (lease->offset > 0)
                vb_xml_attribute_number(writer, "offset", lease->offset);
        vb_xml_close(writer);
}

static const gsize lease_strings[] = { G_STRUCT_OFFSET(VbLease, lockspace), G_STRUCT_OFFSET(VbLease, key),
                                       G_STRUCT_OFFSET(VbLease, path), 0 };

const VbDeviceClass vb_lease_class = {
        .element = "lease",
        .size = sizeof(VbLease),
        .nameless = true,
        .strings = lease_strings,
        .parse = lease_parse,
        .format = lease_format,
        .alias_prefix = "lease",
};
