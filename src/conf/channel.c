/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <channel>: private lines between guest and host. */
#include "conf/channel.h"

#include <arpa/inet.h>
#include <string.h>

#include "conf/complete-steps.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* QEMU's limit is that of a QOM property that goes into the guest; names in use are below 64 characters. */
#define NAME_LENGTH_MAX 255

/* What SPICE's agent in the guest opens. */
#define SPICE_AGENT "com.redhat.spice.0"

static const char *const target_words[_VB_CHANNEL_TARGET_MAX] = {
        [VB_CHANNEL_TARGET_VIRTIO] = "virtio",
        [VB_CHANNEL_TARGET_GUESTFWD] = "guestfwd",
};

/* Where libvirt places the sockets that it names itself. They are in the XML of running domains. */
static const char *const generated_prefixes[] = {
        "/var/lib/libvirt/qemu/channel/",
        "/run/libvirt/qemu/channel/",
        "/var/run/libvirt/qemu/channel/",
};

static bool parse_virtio(VbChannel *channel, VbXmlNode *node, GError **error)
{
        const char *name = vb_xml_take_attribute(node, "name");

        /* Whether the guest has opened it: seen in the XML of running domains, and never a wish. */
        vb_xml_take_attribute(node, "state");
        if (!name || *name == '\0')
                return true;
        if (strlen(name) > NAME_LENGTH_MAX)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "the name is longer than %d characters", NAME_LENGTH_MAX);
        channel->name = g_strdup(name);
        return true;
}

static bool parse_guestfwd(VbChannel *channel, VbXmlNode *node, GError **error)
{
        struct in_addr address;
        const char *text;

        if (!vb_xml_require_attribute(node, "address", &text, error))
                return false;
        if (inet_pton(AF_INET, text, &address) != 1)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "address='%s' is not an IPv4 address",
                                    text);
        channel->address = g_strdup(text);
        return vb_xml_require_attribute(node, "port", &text, error) &&
               vb_xml_take_uint32(node, "port", 1, UINT16_MAX, &channel->port, error);
}

/* A path that libvirt made up for this very channel is no wish of the user's. */
static void forget_generated_path(VbChannel *channel)
{
        const char *path = channel->source.path, *end;

        if (channel->source.type != VB_CHARDEV_UNIX || !channel->source.listen || !path || !channel->name ||
            !g_str_has_suffix(path, channel->name))
                return;
        end = path + strlen(path) - strlen(channel->name);
        for (gsize i = 0; i < G_N_ELEMENTS(generated_prefixes); i++)
                if (g_str_has_prefix(path, generated_prefixes[i]) && (end[-1] == '/' || end[-1] == '.')) {
                        g_clear_pointer(&channel->source.path, g_free);
                        return;
                }
}

static bool channel_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbChannel *channel = (VbChannel *) device;
        int target = VB_CHANNEL_TARGET_UNSET;
        VbXmlNode *child;
        const char *text;

        if (!vb_chardev_parse(&channel->source, node, false, error))
                return false;
        child = vb_xml_take_child(node, "target");
        if (!child)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<target type='...'/> is missing");
        if (!vb_xml_require_attribute(child, "type", &text, error) ||
            !vb_xml_take_word(child, "type", target_words, _VB_CHANNEL_TARGET_MAX, "xen", &target, error))
                return false;
        channel->target = (VbChannelTarget) target;
        if (channel->target == VB_CHANNEL_TARGET_GUESTFWD) {
                if (channel->source.type == VB_CHARDEV_SPICEVMC)
                        return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                            "a spicevmc channel has a target of type='virtio'");
                return parse_guestfwd(channel, child, error);
        }
        if (!parse_virtio(channel, child, error))
                return false;
        forget_generated_path(channel);
        return true;
}

static void channel_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbChannel *channel = (const VbChannel *) device;

        vb_chardev_format_type(&channel->source, writer);
        vb_chardev_format(&channel->source, writer);
        vb_xml_open(writer, "target");
        vb_xml_attribute(writer, "type", target_words[channel->target]);
        vb_xml_attribute(writer, "name", channel->name);
        if (channel->target == VB_CHANNEL_TARGET_GUESTFWD) {
                vb_xml_attribute(writer, "address", channel->address);
                vb_xml_attribute_number(writer, "port", channel->port);
        }
        vb_xml_close(writer);
}

static bool complete_channel(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbChannel *channel = (VbChannel *) device;

        if (channel->source.type == VB_CHARDEV_SPICEVMC && !channel->name)
                channel->name = g_strdup(SPICE_AGENT);
        return true;
}

static const char *channel_driver(const VbDevice *device)
{
        return ((const VbChannel *) device)->target == VB_CHANNEL_TARGET_VIRTIO ? "virtserialport" : NULL;
}

static VbAddressType channel_address_type(const VbDevice *device)
{
        return ((const VbChannel *) device)->target == VB_CHANNEL_TARGET_VIRTIO ? VB_ADDRESS_VIRTIO_SERIAL
                                                                                : VB_ADDRESS_NONE;
}

static VbChardev *channel_chardev(VbDevice *device)
{
        return &((VbChannel *) device)->source;
}

static void channel_clear(VbDevice *device)
{
        vb_chardev_clear(&((VbChannel *) device)->source);
}

static void channel_copy(VbDevice *copy, const VbDevice *device)
{
        vb_chardev_copy(&((VbChannel *) copy)->source, &((const VbChannel *) device)->source);
}

static const gsize channel_strings[] = { G_STRUCT_OFFSET(VbChannel, name),
                                         G_STRUCT_OFFSET(VbChannel, address), 0 };

const VbDeviceClass vb_channel_class = {
        .element = "channel",
        .size = sizeof(VbChannel),
        .strings = channel_strings,
        .clear = channel_clear,
        .copy = channel_copy,
        .parse = channel_parse,
        .format = channel_format,
        .complete = complete_channel,
        .driver = channel_driver,
        .chardev = channel_chardev,
        .alias_prefix = "channel",
        .address_type = channel_address_type,
};
