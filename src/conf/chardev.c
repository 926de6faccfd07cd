/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's side of character devices. Which of them a guest's device takes is that device's file; what only
 * the whole definition tells (spice without a spice server) is check.c. */
#include "conf/chardev.h"

#include <limits.h>
#include <string.h>
#include <sys/un.h>

#include "conf/source-label.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

/* FreeBSD's null modems: QEMU has no such backend. */
#define FOREIGN_TYPES "nmdm"

/* QEMU counts them in a signed 32 bit number of milliseconds. */
#define RECONNECT_MAX (INT32_MAX / 1000)

static const char *const type_words[_VB_CHARDEV_MAX] = {
        [VB_CHARDEV_PTY] = "pty",
        [VB_CHARDEV_NULL] = "null",
        [VB_CHARDEV_VC] = "vc",
        [VB_CHARDEV_STDIO] = "stdio",
        [VB_CHARDEV_DEV] = "dev",
        [VB_CHARDEV_FILE] = "file",
        [VB_CHARDEV_PIPE] = "pipe",
        [VB_CHARDEV_UNIX] = "unix",
        [VB_CHARDEV_TCP] = "tcp",
        [VB_CHARDEV_UDP] = "udp",
        [VB_CHARDEV_SPICEVMC] = "spicevmc",
        [VB_CHARDEV_SPICEPORT] = "spiceport",
        [VB_CHARDEV_DBUS] = "dbus",
        [VB_CHARDEV_VDAGENT] = "qemu-vdagent",
};
static const char *const protocol_words[_VB_CHARDEV_PROTOCOL_MAX] = {
        [VB_CHARDEV_RAW] = "raw",
        [VB_CHARDEV_TELNET] = "telnet",
        [VB_CHARDEV_TELNETS] = "telnets",
        [VB_CHARDEV_TLS] = "tls",
};
static const char *const mouse_words[_VB_MOUSE_MAX] = {
        [VB_MOUSE_SERVER] = "server",
        [VB_MOUSE_CLIENT] = "client",
};
static const char *const mode_words[] = { "connect", "bind" };

const char *vb_chardev_type_to_string(VbChardevType type)
{
        return type_words[type];
}

static bool take_path(VbXmlNode *node, gsize max, char **ret, GError **error)
{
        const char *path;

        if (!vb_xml_require_attribute(node, "path", &path, error))
                return false;
        if (*path != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "path='%s' is not an absolute path",
                                    path);
        if (strlen(path) > max)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "the path is longer than %" G_GSIZE_FORMAT " bytes", max);
        *ret = g_strdup(path);
        return true;
}

static bool parse_reconnect(VbChardev *source, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "reconnect");
        const char *text;

        if (!child)
                return true;
        if (!vb_xml_require_attribute(child, "enabled", &text, error) ||
            !vb_xml_take_yes_no(child, "enabled", &source->reconnect, error))
                return false;
        if (source->reconnect == VB_TRISTATE_ON &&
            (!vb_xml_require_attribute(child, "timeout", &text, error) ||
             !vb_xml_take_uint32(child, "timeout", 1, RECONNECT_MAX, &source->reconnect_timeout, error)))
                return false;
        if (source->reconnect == VB_TRISTATE_ON && source->listen)
                return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                    "only mode='connect' can connect again");
        return true;
}

static bool parse_path(VbChardev *source, VbXmlNode *node, GError **error)
{
        return take_path(node, PATH_MAX - 1, &source->path, error);
}

static bool parse_file(VbChardev *source, VbXmlNode *node, GError **error)
{
        return parse_path(source, node, error) && vb_xml_take_switch(node, "append", &source->append, error);
}

/* The terminal is QEMU's choice: the path in a running domain's XML says what it was. */
static bool parse_pty(VbChardev *source, VbXmlNode *node, GError **error)
{
        vb_xml_take_attribute(node, "path");
        return true;
}

/* A socket with no path is ours to place, and ours to listen on; with one, libvirt connects unless told to
 * bind. */
static bool parse_unix(VbChardev *source, VbXmlNode *node, GError **error)
{
        const char *path = vb_xml_take_attribute(node, "path");
        bool given = path && *path != '\0';
        int mode = given ? 0 : 1;

        if (!vb_xml_take_word(node, "mode", mode_words, G_N_ELEMENTS(mode_words), NULL, &mode, error))
                return false;
        source->listen = mode == 1;
        if (!given && !source->listen)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "mode='connect' needs a path");
        return (!given ||
                take_path(node, sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1, &source->path, error)) &&
               parse_reconnect(source, node, error);
}

static bool take_end(VbXmlNode *node, bool host_needed, char **host, char **service, GError **error)
{
        const char *name = vb_xml_take_attribute(node, "host"), *port;

        if ((host_needed && !vb_xml_require_attribute(node, "host", &name, error)) ||
            !vb_xml_require_attribute(node, "service", &port, error))
                return false;
        g_free(*host);
        g_free(*service);
        *host = name && *name != '\0' ? g_strdup(name) : NULL;
        *service = g_strdup(port);
        return true;
}

static bool parse_tcp(VbChardev *source, VbXmlNode *node, GError **error)
{
        int mode = 0;

        if (!vb_xml_take_word(node, "mode", mode_words, G_N_ELEMENTS(mode_words), NULL, &mode, error) ||
            !vb_xml_take_yes_no(node, "tls", &source->tls, error))
                return false;
        source->listen = mode == 1;
        return take_end(node, true, &source->host, &source->service, error) &&
               parse_reconnect(source, node, error);
}

/* Two elements: where to send to, and, if that matters, where to receive at. */
static bool parse_udp(VbChardev *source, VbXmlNode *node, GError **error)
{
        int mode = 0;

        if (!vb_xml_take_word(node, "mode", mode_words, G_N_ELEMENTS(mode_words), NULL, &mode, error))
                return false;
        if (mode == 1 ? source->local_service != NULL : source->service != NULL)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "mode='%s' is given twice",
                                    mode_words[mode]);
        return mode == 1 ? take_end(node, false, &source->local_host, &source->local_service, error)
                         : take_end(node, false, &source->host, &source->service, error);
}

static bool parse_channel(VbChardev *source, VbXmlNode *node, GError **error)
{
        const char *channel;

        if (!vb_xml_require_attribute(node, "channel", &channel, error))
                return false;
        source->channel = g_strdup(channel);
        return true;
}

static bool parse_vdagent(VbChardev *source, VbXmlNode *node, GError **error)
{
        int mouse = VB_MOUSE_UNSET;
        VbXmlNode *child;
        const char *text;

        child = vb_xml_take_child(node, "clipboard");
        if (child && (!vb_xml_require_attribute(child, "copypaste", &text, error) ||
                      !vb_xml_take_yes_no(child, "copypaste", &source->clipboard, error)))
                return false;
        child = vb_xml_take_child(node, "mouse");
        if (child && (!vb_xml_require_attribute(child, "mode", &text, error) ||
                      !vb_xml_take_word(child, "mode", mouse_words, _VB_MOUSE_MAX, NULL, &mouse, error)))
                return false;
        source->mouse = (VbMouseMode) mouse;
        return true;
}

/* What each type says in <source>. */
static const struct {
        bool (*parse)(VbChardev *source, VbXmlNode *node, GError **error); /* NULL: it says nothing */
        const char *needed; /* it cannot do without; how it looks */
} sources[_VB_CHARDEV_MAX] = {
        [VB_CHARDEV_PTY] = { parse_pty, NULL },
        [VB_CHARDEV_DEV] = { parse_path, "<source path='/...'/>" },
        [VB_CHARDEV_FILE] = { parse_file, "<source path='/...'/>" },
        [VB_CHARDEV_PIPE] = { parse_path, "<source path='/...'/>" },
        [VB_CHARDEV_UNIX] = { parse_unix, NULL },
        [VB_CHARDEV_TCP] = { parse_tcp, "<source host='...' service='...'/>" },
        [VB_CHARDEV_UDP] = { parse_udp, "<source mode='connect' service='...'/>" },
        [VB_CHARDEV_SPICEPORT] = { parse_channel, "<source channel='...'/>" },
        [VB_CHARDEV_DBUS] = { parse_channel, "<source channel='...'/>" },
        [VB_CHARDEV_VDAGENT] = { parse_vdagent, NULL },
};

static bool parse_sources(VbChardev *source, VbXmlNode *node, GError **error)
{
        bool (*parse)(VbChardev *, VbXmlNode *, GError **) = sources[source->type].parse;
        int most = source->type == VB_CHARDEV_UDP ? 2 : 1, n = 0;
        VbXmlNode *child;

        source->listen = source->type == VB_CHARDEV_UNIX;
        for (; parse && n < most && (child = vb_xml_take_child(node, "source")); n++)
                if (!parse(source, child, error) || !vb_source_labels_parse(&source->labels, child, error))
                        return false;
        if (sources[source->type].needed && (n == 0 || (source->type == VB_CHARDEV_UDP && !source->service)))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "type='%s' needs %s",
                                    type_words[source->type], sources[source->type].needed);
        return true;
}

static bool parse_log(VbChardev *source, VbXmlNode *node, GError **error)
{
        const char *file;

        if (!vb_xml_require_attribute(node, "file", &file, error) ||
            !vb_xml_take_switch(node, "append", &source->log_append, error))
                return false;
        if (*file != '/')
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "file='%s' is not an absolute path",
                                    file);
        source->log_file = g_strdup(file);
        return true;
}

bool vb_chardev_parse(VbChardev *source, VbXmlNode *node, bool required, GError **error)
{
        int type = VB_CHARDEV_PTY, protocol = VB_CHARDEV_RAW;
        VbXmlNode *child;
        const char *text;

        if ((required && !vb_xml_require_attribute(node, "type", &text, error)) ||
            !vb_xml_take_word(node, "type", type_words, _VB_CHARDEV_MAX, FOREIGN_TYPES, &type, error))
                return false;
        source->type = (VbChardevType) type;
        if (source->type == VB_CHARDEV_PTY)
                vb_xml_take_attribute(node, "tty"); /* the path of <source> once more, for old readers */
        if (!parse_sources(source, node, error))
                return false;
        child = source->type == VB_CHARDEV_TCP ? vb_xml_take_child(node, "protocol") : NULL;
        if (child && !vb_xml_take_word(child, "type", protocol_words, _VB_CHARDEV_PROTOCOL_MAX, NULL,
                                       &protocol, error))
                return false;
        source->protocol = (VbChardevProtocol) protocol;
        child = vb_xml_take_child(node, "log");
        return !child || parse_log(source, child, error);
}

void vb_chardev_format_type(const VbChardev *source, VbXmlWriter *writer)
{
        vb_xml_attribute(writer, "type", type_words[source->type]);
}

static void format_reconnect(const VbChardev *source, VbXmlWriter *writer)
{
        if (source->reconnect == VB_TRISTATE_UNSET)
                return;
        vb_xml_open(writer, "reconnect");
        vb_xml_attribute(writer, "enabled", vb_tristate_to_yes_no(source->reconnect));
        if (source->reconnect_timeout > 0)
                vb_xml_attribute_number(writer, "timeout", source->reconnect_timeout);
        vb_xml_close(writer);
}

static void format_udp_end(const char *mode, const char *host, const char *service, VbXmlWriter *writer)
{
        vb_xml_open(writer, "source");
        vb_xml_attribute(writer, "mode", mode);
        vb_xml_attribute(writer, "host", host);
        vb_xml_attribute(writer, "service", service);
        vb_xml_close(writer);
}

static void format_vdagent(const VbChardev *source, VbXmlWriter *writer)
{
        if (source->clipboard == VB_TRISTATE_UNSET && source->mouse == VB_MOUSE_UNSET)
                return;
        vb_xml_open(writer, "source");
        if (source->clipboard != VB_TRISTATE_UNSET) {
                vb_xml_open(writer, "clipboard");
                vb_xml_attribute(writer, "copypaste", vb_tristate_to_yes_no(source->clipboard));
                vb_xml_close(writer);
        }
        if (source->mouse != VB_MOUSE_UNSET) {
                vb_xml_open(writer, "mouse");
                vb_xml_attribute(writer, "mode", mouse_words[source->mouse]);
                vb_xml_close(writer);
        }
        vb_xml_close(writer);
}

/* Everything that is one element with attributes; what a type has none of is NULL. */
static void format_source(const VbChardev *source, VbXmlWriter *writer)
{
        bool has_mode = source->type == VB_CHARDEV_UNIX || source->type == VB_CHARDEV_TCP;

        if (!has_mode && !source->path && !source->channel)
                return;
        vb_xml_open(writer, "source");
        vb_xml_attribute(writer, "mode", has_mode ? mode_words[source->listen] : NULL);
        vb_xml_attribute(writer, "path", source->path);
        vb_xml_attribute(writer, "host", source->host);
        vb_xml_attribute(writer, "service", source->service);
        vb_xml_attribute(writer, "tls", vb_tristate_to_yes_no(source->tls));
        vb_xml_attribute(writer, "append", vb_tristate_to_switch(source->append));
        vb_xml_attribute(writer, "channel", source->channel);
        format_reconnect(source, writer);
        vb_source_labels_write(source->labels, writer);
        vb_xml_close(writer);
}

void vb_chardev_format(const VbChardev *source, VbXmlWriter *writer)
{
        if (source->type == VB_CHARDEV_UDP) {
                if (source->local_service)
                        format_udp_end("bind", source->local_host, source->local_service, writer);
                format_udp_end("connect", source->host, source->service, writer);
        } else if (source->type == VB_CHARDEV_VDAGENT) {
                format_vdagent(source, writer);
        } else {
                format_source(source, writer);
        }
        if (source->type == VB_CHARDEV_TCP) {
                vb_xml_open(writer, "protocol");
                vb_xml_attribute(writer, "type", protocol_words[source->protocol]);
                vb_xml_close(writer);
        }
        if (source->log_file) {
                vb_xml_open(writer, "log");
                vb_xml_attribute(writer, "file", source->log_file);
                vb_xml_attribute(writer, "append", vb_tristate_to_switch(source->log_append));
                vb_xml_close(writer);
        }
}

static const gsize strings[] = {
        G_STRUCT_OFFSET(VbChardev, path),          G_STRUCT_OFFSET(VbChardev, host),
        G_STRUCT_OFFSET(VbChardev, service),       G_STRUCT_OFFSET(VbChardev, local_host),
        G_STRUCT_OFFSET(VbChardev, local_service), G_STRUCT_OFFSET(VbChardev, channel),
        G_STRUCT_OFFSET(VbChardev, log_file),
};

static char **string_at(VbChardev *source, gsize offset)
{
        return (char **) (void *) ((char *) source + offset);
}

void vb_chardev_clear(VbChardev *source)
{
        for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
                g_clear_pointer(string_at(source, strings[i]), g_free);
        vb_source_labels_clear(&source->labels);
}

void vb_chardev_copy(VbChardev *copy, const VbChardev *source)
{
        for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
                *string_at(copy, strings[i]) = g_strdup(*string_at(copy, strings[i]));
        copy->labels = vb_source_labels_copy(source->labels);
}
