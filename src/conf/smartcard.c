/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <smartcard>: a card in a CCID reader. The reader is a controller. */
#include "conf/smartcard.h"

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

static const char *const mode_words[_VB_SMARTCARD_MAX] = {
        [VB_SMARTCARD_HOST] = "host",
        [VB_SMARTCARD_HOST_CERTIFICATES] = "host-certificates",
        [VB_SMARTCARD_PASSTHROUGH] = "passthrough",
};

static bool parse_certificates(VbSmartcard *card, VbXmlNode *node, GError **error)
{
        VbXmlNode *child;
        const char *text;

        for (int i = 0; i < VB_SMARTCARD_CERTIFICATES; i++) {
                child = vb_xml_take_child(node, "certificate");
                text = child ? vb_xml_take_text(child) : "";
                if (*text == '\0')
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "mode='host-certificates' needs exactly %d <certificate>",
                                            VB_SMARTCARD_CERTIFICATES);
                card->certificates[i] = g_strdup(text);
        }
        child = vb_xml_take_child(node, "database");
        if (!child)
                return true;
        text = vb_xml_take_text(child);
        if (*text != '/')
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error, "'%s' is not an absolute path", text);
        card->database = g_strdup(text);
        return true;
}

static bool smartcard_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbSmartcard *card = (VbSmartcard *) device;
        int mode = VB_SMARTCARD_UNSET;
        const char *text;

        if (!vb_xml_require_attribute(node, "mode", &text, error) ||
            !vb_xml_take_word(node, "mode", mode_words, _VB_SMARTCARD_MAX, NULL, &mode, error))
                return false;
        card->mode = (VbSmartcardMode) mode;
        if (card->mode == VB_SMARTCARD_PASSTHROUGH)
                return vb_chardev_parse(&card->source, node, true, error);
        return card->mode == VB_SMARTCARD_HOST || parse_certificates(card, node, error);
}

static void smartcard_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbSmartcard *card = (const VbSmartcard *) device;

        vb_xml_attribute(writer, "mode", mode_words[card->mode]);
        if (card->mode == VB_SMARTCARD_PASSTHROUGH) {
                vb_chardev_format_type(&card->source, writer);
                vb_chardev_format(&card->source, writer);
        }
        for (int i = 0; i < VB_SMARTCARD_CERTIFICATES; i++)
                vb_xml_text_element(writer, "certificate", card->certificates[i]);
        vb_xml_text_element(writer, "database", card->database);
}

static bool complete_smartcard(VbCompletion *completion, VbDevice *device, GError **error)
{
        /* QEMU's reader has one slot. */
        if (device->address.type == VB_ADDRESS_NONE)
                device->address = (VbAddress){ .type = VB_ADDRESS_CCID };
        if (device->address.type == VB_ADDRESS_CCID && device->address.ccid.slot > 0)
                return vb_device_error(device, VB_ERROR_INVALID_ADDRESS, error,
                                       "a CCID reader has only slot 0");
        return true;
}

static const char *smartcard_driver(const VbDevice *device)
{
        return ((const VbSmartcard *) device)->mode == VB_SMARTCARD_PASSTHROUGH ? "ccid-card-passthru"
                                                                                : "ccid-card-emulated";
}

static VbAddressType smartcard_address_type(const VbDevice *device)
{
        return VB_ADDRESS_CCID;
}

static VbChardev *smartcard_chardev(VbDevice *device)
{
        VbSmartcard *card = (VbSmartcard *) device;

        return card->mode == VB_SMARTCARD_PASSTHROUGH ? &card->source : NULL;
}

static void smartcard_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbSmartcard *) device)->source);
}

static void smartcard_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbSmartcard *) copy)->source, &((const VbSmartcard *) device)->source);
}

static const gsize smartcard_strings[] = { G_STRUCT_OFFSET(VbSmartcard, certificates[0]),
                                           G_STRUCT_OFFSET(VbSmartcard, certificates[1]),
                                           G_STRUCT_OFFSET(VbSmartcard, certificates[2]),
                                           G_STRUCT_OFFSET(VbSmartcard, database), 0 };

const VbDeviceClass vb_smartcard_class = {
        .element = "smartcard",
        .size = sizeof(VbSmartcard),
        .strings = smartcard_strings,
        .clear = smartcard_clear,
        .copy = smartcard_copy,
        .parse = smartcard_parse,
        .format = smartcard_format,
        .complete = complete_smartcard,
        .driver = smartcard_driver,
        .chardev = smartcard_chardev,
        .alias_prefix = "smartcard",
        .address_type = smartcard_address_type,
};
