/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <redirdev>: USB devices that somebody else plugs in, from afar; and <redirfilter>: which ones may be. */
#include "conf/redirdev.h"

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* QEMU reads the whole filter from one option. Real filters have a few dozen rules. */
#define RULES_MAX 4096

static const char *const bus_words[] = { "usb" };

static bool redirdev_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        int bus = 0;

        return vb_xml_take_word(node, "bus", bus_words, G_N_ELEMENTS(bus_words), NULL, &bus, error) &&
               vb_chardev_parse(&((VbRedirdev *) device)->source, node, true, error);
}

static void redirdev_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbRedirdev *redirdev = (const VbRedirdev *) device;

        vb_xml_attribute(writer, "bus", bus_words[0]);
        vb_chardev_format_type(&redirdev->source, writer);
        vb_chardev_format(&redirdev->source, writer);
}

static const char *redirdev_driver(const VbDevice *device)
{
        return "usb-redir";
}

static VbAddressType redirdev_address_type(const VbDevice *device)
{
        return VB_ADDRESS_USB;
}

static VbChardev *redirdev_chardev(VbDevice *device)
{
        return &((VbRedirdev *) device)->source;
}

static void redirdev_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbRedirdev *) device)->source);
}

static void redirdev_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbRedirdev *) copy)->source, &((const VbRedirdev *) device)->source);
}

static void filter_init(VbDevice *device)
{
        ((VbRedirfilter *) device)->rules = g_array_new(FALSE, TRUE, sizeof(VbRedirRule));
}

static void filter_clear(VbDevice *device)
{
        g_array_unref(((VbRedirfilter *) device)->rules);
}

static void filter_copy(VbDevice *copy, const VbDevice *device)
{
        ((VbRedirfilter *) copy)->rules = g_array_copy(((const VbRedirfilter *) device)->rules);
}

/* -1 says "any", as leaving it out does. */
static bool take_code(VbXmlNode *node, const char *name, int max, int *ret, GError **error)
{
        if (g_strcmp0(vb_xml_take_attribute(node, name), "-1") == 0)
                return true;
        return vb_xml_take_int(node, name, 0, max, ret, error);
}

/* "2.10": both numbers are decimal, and USB writes them with four bits a digit. */
static bool take_version(VbXmlNode *node, int *ret, GError **error)
{
        const char *text = vb_xml_take_attribute(node, "version");
        g_auto(GStrv) parts = NULL;
        guint64 major, minor;

        if (!text || g_str_equal(text, "-1"))
                return true;
        parts = g_strsplit(text, ".", 2);
        if (g_strv_length(parts) != 2 || !g_ascii_string_to_unsigned(parts[0], 10, 0, 99, &major, NULL) ||
            !g_ascii_string_to_unsigned(parts[1], 10, 0, 99, &minor, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "version='%s' is not two numbers joined by '.', like 2.10", text);
        *ret = (int) ((major / 10) << 12 | (major % 10) << 8 | (minor / 10) << 4 | (minor % 10));
        return true;
}

static bool parse_rule(VbRedirRule *rule, VbXmlNode *node, GError **error)
{
        VbTristate allow = VB_TRISTATE_UNSET;
        const char *text;

        *rule = (VbRedirRule){ -1, -1, -1, -1, false };
        if (!take_code(node, "class", 0xff, &rule->class_code, error) ||
            !take_code(node, "vendor", 0xffff, &rule->vendor, error) ||
            !take_code(node, "product", 0xffff, &rule->product, error) ||
            !take_version(node, &rule->version, error) ||
            !vb_xml_require_attribute(node, "allow", &text, error) ||
            !vb_xml_take_yes_no(node, "allow", &allow, error))
                return false;
        rule->allow = allow == VB_TRISTATE_ON;
        return true;
}

static bool filter_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbRedirfilter *filter = (VbRedirfilter *) device;
        VbXmlNode *child;

        while ((child = vb_xml_take_child(node, "usbdev"))) {
                VbRedirRule rule;

                if (filter->rules->len == RULES_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error, "there are at most %d rules",
                                            RULES_MAX);
                if (!parse_rule(&rule, child, error))
                        return false;
                g_array_append_val(filter->rules, rule);
        }
        return true;
}

/* In libvirt's notation, which has capital digits. */
static void write_code(VbXmlWriter *writer, const char *name, int width, int value)
{
        g_autofree char *text = g_strdup_printf("0x%0*X", width, (unsigned) value);

        vb_xml_attribute(writer, name, value >= 0 ? text : NULL);
}

static void write_version(VbXmlWriter *writer, int version)
{
        g_autofree char *text = g_strdup_printf("%d.%02d", (version >> 12 & 0xf) * 10 + (version >> 8 & 0xf),
                                                (version >> 4 & 0xf) * 10 + (version & 0xf));

        vb_xml_attribute(writer, "version", version >= 0 ? text : NULL);
}

static void filter_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbRedirfilter *filter = (const VbRedirfilter *) device;

        for (guint i = 0; i < filter->rules->len; i++) {
                const VbRedirRule *rule = &g_array_index(filter->rules, VbRedirRule, i);

                vb_xml_open(writer, "usbdev");
                write_code(writer, "class", 2, rule->class_code);
                write_code(writer, "vendor", 4, rule->vendor);
                write_code(writer, "product", 4, rule->product);
                write_version(writer, rule->version);
                vb_xml_attribute(writer, "allow", rule->allow ? "yes" : "no");
                vb_xml_close(writer);
        }
}

const VbDeviceClass vb_redirdev_class = {
        .element = "redirdev",
        .size = sizeof(VbRedirdev),
        .bootable = true,
        .clear = redirdev_clear,
        .copy = redirdev_copy,
        .parse = redirdev_parse,
        .format = redirdev_format,
        .driver = redirdev_driver,
        .chardev = redirdev_chardev,
        .alias_prefix = "redir",
        .address_type = redirdev_address_type,
};

const VbDeviceClass vb_redirfilter_class = {
        .element = "redirfilter",
        .size = sizeof(VbRedirfilter),
        .nameless = true,
        .init = filter_init,
        .clear = filter_clear,
        .copy = filter_copy,
        .parse = filter_parse,
        .format = filter_format,
        .alias_prefix = "redirfilter",
};
