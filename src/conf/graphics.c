/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <graphics>: so far VNC on a unix socket, which only its owner can reach. A TCP port would be open to every
 * user of the host. */
#include "conf/graphics.h"

#include <string.h>
#include <sys/un.h>

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

#define USE_SOCKET "use <listen type='socket'/>"

static const char *const type_words[_VB_GRAPHICS_MAX] = { [VB_GRAPHICS_VNC] = "vnc" };
static const char *const listen_words[] = { "socket" };

/* What makes libvirt's VNC server listen on TCP. */
static const char *const tcp_attributes[] = { "port", "autoport", "websocket", "listen" };

static bool set_socket(VbGraphics *graphics, VbXmlNode *node, const char *path, GError **error)
{
        if (!path || *path == '\0')
                return true;
        if (*path != '/' || strlen(path) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "socket='%s' is not an absolute path of at most %d bytes", path,
                                    (int) sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1);
        if (graphics->socket && !g_str_equal(graphics->socket, path))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "socket='%s' is not the socket of <graphics>", path);
        g_free(graphics->socket);
        graphics->socket = g_strdup(path);
        return true;
}

static bool graphics_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbGraphics *graphics = (VbGraphics *) device;
        int type = -1, listen = -1;
        const char *text;
        VbXmlNode *child;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_GRAPHICS_MAX,
                              "dbus desktop egl-headless rdp sdl spice", &type, error))
                return false;
        graphics->type = (VbGraphicsType) type;
        for (gsize i = 0; i < G_N_ELEMENTS(tcp_attributes); i++) {
                text = vb_xml_take_attribute(node, tcp_attributes[i]);
                if (text)
                        return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                            "%s='%s': a display on a TCP port is not supported; " USE_SOCKET,
                                            tcp_attributes[i], text);
        }
        if (!set_socket(graphics, node, vb_xml_take_attribute(node, "socket"), error))
                return false;
        child = vb_xml_take_child(node, "listen");
        if (!child)
                return true;
        return vb_xml_require_attribute(child, "type", &text, error) &&
               vb_xml_take_word(child, "type", listen_words, G_N_ELEMENTS(listen_words),
                                "address network none", &listen, error) &&
               set_socket(graphics, child, vb_xml_take_attribute(child, "socket"), error);
}

static void graphics_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbGraphics *graphics = (const VbGraphics *) device;

        vb_xml_attribute(writer, "type", type_words[graphics->type]);
        vb_xml_open(writer, "listen");
        vb_xml_attribute(writer, "type", "socket");
        vb_xml_attribute(writer, "socket", graphics->socket);
        vb_xml_close(writer);
}

static const gsize graphics_strings[] = { G_STRUCT_OFFSET(VbGraphics, socket), 0 };

const VbDeviceClass vb_graphics_class = {
        .element = "graphics",
        .size = sizeof(VbGraphics),
        .strings = graphics_strings,
        .parse = graphics_parse,
        .format = graphics_format,
        .alias_prefix = "graphics",
};
