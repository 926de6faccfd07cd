/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <hub>: USB hubs. https://libvirt.org/formatdomain.html#hub-devices */
#include "conf/hub.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const type_words[] = { "usb" };

static bool hub_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        const char *text;
        int type = -1;

        return vb_xml_require_attribute(node, "type", &text, error) &&
               vb_xml_take_word(node, "type", type_words, G_N_ELEMENTS(type_words), NULL, &type, error);
}

static void hub_format(const VbDevice *device, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "type", type_words[0]);
}

static const char *hub_driver(const VbDevice *device)
{
        return "usb-hub";
}

static VbAddressType hub_address_type(const VbDevice *device)
{
        return VB_ADDRESS_USB;
}

const VbDeviceClass vb_hub_class = {
        .element = "hub",
        .size = sizeof(VbHub),
        .parse = hub_parse,
        .format = hub_format,
        .driver = hub_driver,
        .alias_prefix = "hub",
        .address_type = hub_address_type,
};
