/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <graphics>: the servers and windows in which people see a guest's screen. The guest sees none of it.
 * https://libvirt.org/formatdomain.html#graphical-framebuffers
 *
 * VNC of which nothing is said listens on a unix socket, which only its owner can reach: a TCP port would be
 * open to every user of the host. A password in the XML is never kept: what stays is that one is asked for,
 * and the server refuses everybody until it has been told which. */
#include "conf/graphics.h"

#include <string.h>
#include <sys/un.h>

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"
#include "util/error.h"

#define VNC_PORT_MIN 5900
#define SOCKET_MAX ((int) sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1)
/* The protocol cuts longer ones. */
#define VNC_PASSWORD_MAX 8

static const char *const type_words[_VB_GRAPHICS_MAX] = {
        [VB_GRAPHICS_VNC] = "vnc",
        [VB_GRAPHICS_SPICE] = "spice",
        [VB_GRAPHICS_SDL] = "sdl",
        [VB_GRAPHICS_DBUS] = "dbus",
        [VB_GRAPHICS_EGL_HEADLESS] = "egl-headless",
};
static const char *const listen_words[_VB_LISTEN_MAX] = {
        [VB_LISTEN_ADDRESS] = "address",
        [VB_LISTEN_NETWORK] = "network",
        [VB_LISTEN_SOCKET] = "socket",
        [VB_LISTEN_NONE] = "none",
};
static const char *const mode_words[_VB_SPICE_MODE_MAX] = {
        [VB_SPICE_MODE_ANY] = "any",
        [VB_SPICE_MODE_SECURE] = "secure",
        [VB_SPICE_MODE_INSECURE] = "insecure",
};
static const char *const channel_words[VB_SPICE_CHANNELS] = {
        "main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir",
};

#define WORDS(...)                                                                                           \
        ((const char *const[]){ __VA_ARGS__ }), G_N_ELEMENTS(((const char *const[]){ __VA_ARGS__ }))

/* Options whose value is one of a few words, in the order of canonical XML; those without an element are
 * attributes of <graphics>. */
static const struct {
        const char *element, *attribute;
        const char *const *words;
        int n_words;
} word_rows[_VB_GRAPHICS_WORD_MAX] = {
        [VB_GRAPHICS_WORD_SHARE] = { NULL, "sharePolicy",
                                     WORDS("allow-exclusive", "force-shared", "ignore") },
        [VB_GRAPHICS_WORD_CONNECTED] = { NULL, "connected", WORDS("fail", "disconnect", "keep") },
        [VB_GRAPHICS_WORD_IMAGE] = { "image", "compression",
                                     WORDS("auto_glz", "auto_lz", "quic", "glz", "lz", "off") },
        [VB_GRAPHICS_WORD_JPEG] = { "jpeg", "compression", WORDS("auto", "never", "always") },
        [VB_GRAPHICS_WORD_ZLIB] = { "zlib", "compression", WORDS("auto", "never", "always") },
        [VB_GRAPHICS_WORD_PLAYBACK] = { "playback", "compression", WORDS("off", "on") },
        [VB_GRAPHICS_WORD_STREAMING] = { "streaming", "mode", WORDS("filter", "all", "off") },
        [VB_GRAPHICS_WORD_MOUSE] = { "mouse", "mode", WORDS("server", "client") },
        [VB_GRAPHICS_WORD_COPYPASTE] = { "clipboard", "copypaste", WORDS("no", "yes") },
        [VB_GRAPHICS_WORD_FILETRANSFER] = { "filetransfer", "enable", WORDS("no", "yes") },
};

const char *vb_graphics_type_to_string(VbGraphicsType type)
{
        return type_words[type];
}

const char *vb_spice_channel_to_string(guint channel)
{
        return channel_words[channel];
}

bool vb_graphics_is_display(const VbGraphics *graphics)
{
        return graphics->type != VB_GRAPHICS_VNC && graphics->type != VB_GRAPHICS_SPICE;
}

bool vb_graphics_has_own_socket(const VbGraphics *graphics)
{
        for (uint32_t i = 0; i < graphics->n_listens; i++)
                if (graphics->listens[i].type == VB_LISTEN_SOCKET && !graphics->listens[i].value)
                        return true;
        return false;
}

static bool is_server(const VbGraphics *graphics)
{
        return !vb_graphics_is_display(graphics);
}

const VbGraphics *vb_domain_def_find_graphics(const VbDomainDef *def, VbGraphicsType type)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbGraphics *graphics = g_ptr_array_index(def->devices, i);

                if (graphics->base.kind == VB_DEVICE_GRAPHICS && graphics->type == type)
                        return graphics;
        }
        return NULL;
}

static bool take_word(VbGraphics *graphics, VbXmlNode *node, VbGraphicsWord word, GError **error)
{
        int index = -1;

        if (!vb_xml_take_word(node, word_rows[word].attribute, word_rows[word].words, word_rows[word].n_words,
                              NULL, &index, error))
                return false;
        if (index >= 0)
                graphics->words[word] = word_rows[word].words[index];
        return true;
}

/* A port: -1 stands for any that is free, 0 for none. */
static bool take_port(VbXmlNode *node, const char *name, int *ret, GError **error)
{
        const char *text = vb_xml_take_attribute(node, name);
        guint64 port;

        if (!text)
                return true;
        if (g_str_equal(text, "-1")) {
                *ret = -1;
                return true;
        }
        if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &port, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not a port number, nor -1 for any that is free", name, text);
        *ret = (int) port;
        return true;
}

/* A path that may be left out. */
static bool take_path(VbXmlNode *node, const char *name, gsize max, char **ret, GError **error)
{
        const char *path = vb_xml_take_attribute(node, name);

        if (!path || *path == '\0')
                return true;
        if (*path != '/' || strlen(path) > max)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not an absolute path of at most %zu bytes", name, path, max);
        g_free(*ret);
        *ret = g_strdup(path);
        return true;
}

static bool parse_listen(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        VbListen *listen = &graphics->listens[graphics->n_listens];
        const char *text;
        int type = -1;

        if (graphics->n_listens == VB_LISTENS_MAX)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "there are more than %d of these",
                                    VB_LISTENS_MAX);
        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", listen_words, _VB_LISTEN_MAX, NULL, &type, error))
                return false;
        listen->type = (VbListenType) type;
        graphics->n_listens++;
        switch (listen->type) {
        case VB_LISTEN_ADDRESS:
                text = vb_xml_take_attribute(node, "address");
                listen->value = text && *text != '\0' ? g_strdup(text) : NULL;
                return true;
        case VB_LISTEN_NETWORK:
                if (!vb_xml_require_attribute(node, "network", &text, error))
                        return false;
                listen->value = g_strdup(text);
                /* The address that the network had when somebody's domain ran. */
                vb_xml_take_attribute(node, "address");
                return true;
        case VB_LISTEN_SOCKET:
                return take_path(node, "socket", (gsize) SOCKET_MAX, &listen->value, error);
        default:
                return true;
        }
}

/* The attributes listen='' and socket='' are older than <listen>, and say the same as the first one. */
static bool merge_attribute(VbGraphics *graphics, VbXmlNode *node, const char *name, VbListenType type,
                            const char *value, GError **error)
{
        VbListen *first = &graphics->listens[0];

        if (!value)
                return true;
        if (graphics->n_listens == 0) {
                graphics->n_listens = 1;
                *first = (VbListen){ .type = type };
        }
        if (first->type == type && first->value && !g_str_equal(first->value, value))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "%s='%s' is not the %s of the first <listen>, '%s'", name, value,
                                    listen_words[type], first->value);
        if (first->type == VB_LISTEN_ADDRESS && type == VB_LISTEN_SOCKET)
                first->type = type;
        if (first->type == type && !first->value)
                first->value = g_strdup(value);
        return true;
}

static bool parse_listens(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        const char *address = vb_xml_take_attribute(node, "listen");
        g_autofree char *socket = NULL;
        bool given = graphics->port != 0 || graphics->tls_port != 0 || graphics->websocket != 0 ||
                     graphics->autoport || vb_xml_take_attribute(node, "autoport");
        VbXmlNode *child;

        if (graphics->type == VB_GRAPHICS_VNC &&
            !take_path(node, "socket", (gsize) SOCKET_MAX, &socket, error))
                return false;
        while ((child = vb_xml_take_child(node, "listen")))
                if (!parse_listen(graphics, child, error))
                        return false;
        if (!merge_attribute(graphics, node, "listen", VB_LISTEN_ADDRESS,
                             address && *address != '\0' ? address : NULL, error) ||
            !merge_attribute(graphics, node, "socket", VB_LISTEN_SOCKET, socket, error))
                return false;
        if (graphics->n_listens == 0) {
                graphics->n_listens = 1;
                graphics->listens[0].type =
                        given || graphics->type == VB_GRAPHICS_SPICE ? VB_LISTEN_ADDRESS : VB_LISTEN_SOCKET;
        }
        return true;
}

static bool parse_password(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        const char *password = vb_xml_take_attribute(node, "passwd");
        const char *until = vb_xml_take_attribute(node, "passwdValidTo");

        graphics->password = password != NULL;
        if (password && *password != '\0')
                vb_xml_note(node, "the text of passwd='' is not kept: a definition holds no secrets");
        if (password && graphics->type == VB_GRAPHICS_VNC && strlen(password) > VNC_PASSWORD_MAX)
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                    "passwd='' is longer than the %d characters that VNC has for it",
                                    VNC_PASSWORD_MAX);
        if (until) {
                g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
                g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(until, utc);

                if (!time || strlen(until) != strlen("YYYY-MM-DDTHH:MM:SS"))
                        return vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                                            "passwdValidTo='%s' is not of the form YYYY-MM-DDTHH:MM:SS",
                                            until);
                graphics->password_until = g_strdup(until);
        }
        if (!take_word(graphics, node, VB_GRAPHICS_WORD_CONNECTED, error))
                return false;
        if (graphics->type == VB_GRAPHICS_VNC && graphics->words[VB_GRAPHICS_WORD_CONNECTED] &&
            !g_str_equal(graphics->words[VB_GRAPHICS_WORD_CONNECTED], "keep"))
                return vb_xml_error(node, VB_ERROR_UNSUPPORTED, error,
                                    "connected='%s': VNC can only keep those who are connected",
                                    graphics->words[VB_GRAPHICS_WORD_CONNECTED]);
        return true;
}

static bool parse_gl(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        VbXmlNode *child = vb_xml_take_child(node, "gl");
        const char *text;

        if (!child)
                return true;
        if (graphics->type != VB_GRAPHICS_EGL_HEADLESS &&
            (!vb_xml_require_attribute(child, "enable", &text, error) ||
             !vb_xml_take_yes_no(child, "enable", &graphics->gl, error)))
                return false;
        return graphics->type == VB_GRAPHICS_SDL ||
               take_path(child, "rendernode", PATH_MAX, &graphics->rendernode, error);
}

static bool parse_server(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        VbTristate autoport = VB_TRISTATE_UNSET;
        const char *keymap = vb_xml_take_attribute(node, "keymap");

        if (keymap && (strchr(keymap, '/') || *keymap == '.'))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "keymap='%s' is no keymap's name",
                                    keymap);
        graphics->keymap = keymap && *keymap != '\0' ? g_strdup(keymap) : NULL;
        if (!take_port(node, "port", &graphics->port, error) ||
            !vb_xml_take_yes_no(node, "autoport", &autoport, error))
                return false;
        graphics->autoport = autoport == VB_TRISTATE_ON;
        return true;
}

static bool parse_vnc(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        if (!parse_server(graphics, node, error) ||
            !take_port(node, "websocket", &graphics->websocket, error) ||
            !take_word(graphics, node, VB_GRAPHICS_WORD_SHARE, error) ||
            !vb_xml_take_yes_no(node, "powerControl", &graphics->power_control, error) ||
            !parse_password(graphics, node, error) || !parse_listens(graphics, node, error))
                return false;
        if (graphics->port == -1 || (graphics->port == 0 && !vb_xml_take_attribute(node, "autoport"))) {
                graphics->autoport = true;
                graphics->port = 0;
        }
        return true;
}

static bool parse_channels(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child(node, "channel"))) {
                int channel = -1, mode = -1;
                const char *text;

                if (!vb_xml_require_attribute(child, "name", &text, error) ||
                    !vb_xml_require_attribute(child, "mode", &text, error) ||
                    !vb_xml_take_word(child, "name", channel_words, VB_SPICE_CHANNELS, NULL, &channel,
                                      error) ||
                    !vb_xml_take_word(child, "mode", mode_words, _VB_SPICE_MODE_MAX, NULL, &mode, error))
                        return false;
                graphics->channels[channel] = (VbSpiceMode) mode;
        }
        return true;
}

static bool parse_spice(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        int mode = VB_SPICE_MODE_ANY;

        if (!parse_server(graphics, node, error) || !take_port(node, "tlsPort", &graphics->tls_port, error) ||
            !vb_xml_take_word(node, "defaultMode", mode_words, _VB_SPICE_MODE_MAX, NULL, &mode, error) ||
            !parse_password(graphics, node, error) || !parse_listens(graphics, node, error) ||
            !parse_channels(graphics, node, error) || !parse_gl(graphics, node, error))
                return false;
        graphics->default_mode = (VbSpiceMode) mode;
        for (int word = VB_GRAPHICS_WORD_IMAGE; word < _VB_GRAPHICS_WORD_MAX; word++) {
                VbXmlNode *child = vb_xml_take_child(node, word_rows[word].element);
                const char *text;

                if (child && (!vb_xml_require_attribute(child, word_rows[word].attribute, &text, error) ||
                              !take_word(graphics, child, (VbGraphicsWord) word, error)))
                        return false;
        }
        if (graphics->port == -1 && graphics->tls_port == -1)
                graphics->autoport = true;
        if (graphics->autoport && graphics->port <= 0)
                graphics->port = 0;
        if (graphics->autoport && graphics->tls_port <= 0)
                graphics->tls_port = 0;
        /* Without any port it serves only those that the service hands over to it. */
        for (uint32_t i = 0; i < graphics->n_listens; i++)
                if ((graphics->listens[i].type == VB_LISTEN_ADDRESS ||
                     graphics->listens[i].type == VB_LISTEN_NETWORK) &&
                    !graphics->autoport && graphics->port == 0 && graphics->tls_port == 0) {
                        g_clear_pointer(&graphics->listens[i].value, g_free);
                        graphics->listens[i].type = VB_LISTEN_NONE;
                }
        return true;
}

static bool parse_sdl(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        graphics->display = g_strdup(vb_xml_take_attribute(node, "display"));
        graphics->xauth = g_strdup(vb_xml_take_attribute(node, "xauth"));
        return vb_xml_take_yes_no(node, "fullscreen", &graphics->fullscreen, error) &&
               parse_gl(graphics, node, error);
}

static bool parse_dbus(VbGraphics *graphics, VbXmlNode *node, GError **error)
{
        graphics->address = g_strdup(vb_xml_take_attribute(node, "address"));
        return vb_xml_take_yes_no(node, "p2p", &graphics->p2p, error) && parse_gl(graphics, node, error);
}

static bool graphics_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        static bool (*const parsers[_VB_GRAPHICS_MAX])(VbGraphics *, VbXmlNode *, GError **) = {
                [VB_GRAPHICS_VNC] = parse_vnc,         [VB_GRAPHICS_SPICE] = parse_spice,
                [VB_GRAPHICS_SDL] = parse_sdl,         [VB_GRAPHICS_DBUS] = parse_dbus,
                [VB_GRAPHICS_EGL_HEADLESS] = parse_gl,
        };
        VbGraphics *graphics = (VbGraphics *) device;
        VbXmlNode *child;
        const char *text;
        int type = -1;

        if (!vb_xml_require_attribute(node, "type", &text, error) ||
            !vb_xml_take_word(node, "type", type_words, _VB_GRAPHICS_MAX, "desktop rdp", &type, error))
                return false;
        graphics->type = (VbGraphicsType) type;
        if (!parsers[graphics->type](graphics, node, error))
                return false;
        if (graphics->type != VB_GRAPHICS_VNC && graphics->type != VB_GRAPHICS_DBUS)
                return true;
        child = vb_xml_take_child(node, "audio");
        return !child || (vb_xml_require_attribute(child, "id", &text, error) &&
                          vb_xml_take_uint32(child, "id", 1, UINT32_MAX, &graphics->audio_id, error));
}

static void write_number(VbXmlWriter *writer, const char *name, int value)
{
        g_autofree char *text = g_strdup_printf("%d", value);

        vb_xml_attribute(writer, name, text);
}

/* Ports are of TCP; a port that was chosen for a running guest is written beside autoport='yes'. */
static void write_ports(const VbGraphics *graphics, VbXmlWriter *writer)
{
        int port = graphics->port;

        /* What was chosen on one host is nothing for another. */
        if (graphics->autoport && vb_xml_writer_is_migratable(writer))
                port = 0;
        if (port == 0 && graphics->autoport && graphics->type == VB_GRAPHICS_VNC)
                port = -1;
        if (port != 0)
                write_number(writer, "port", port);
        if (graphics->tls_port != 0)
                write_number(writer, "tlsPort", graphics->tls_port);
        vb_xml_attribute(writer, "autoport", graphics->autoport ? "yes" : "no");
        if (graphics->websocket != 0)
                write_number(writer, "websocket", graphics->websocket);
}

static void write_server(const VbGraphics *graphics, VbXmlWriter *writer)
{
        const VbListen *first = &graphics->listens[0];

        if (vb_graphics_is_tcp(graphics))
                write_ports(graphics, writer);
        if (first->type == VB_LISTEN_ADDRESS)
                vb_xml_attribute(writer, "listen", first->value);
        if (first->type == VB_LISTEN_SOCKET && graphics->type == VB_GRAPHICS_VNC)
                vb_xml_attribute(writer, "socket", first->value);
        vb_xml_attribute(writer, "keymap", graphics->keymap);
        vb_xml_attribute(writer, "sharePolicy", graphics->words[VB_GRAPHICS_WORD_SHARE]);
        vb_xml_attribute(writer, "powerControl", vb_tristate_to_yes_no(graphics->power_control));
        if (graphics->default_mode != VB_SPICE_MODE_ANY)
                vb_xml_attribute(writer, "defaultMode", mode_words[graphics->default_mode]);
        vb_xml_attribute(writer, "passwd", graphics->password ? "" : NULL);
        vb_xml_attribute(writer, "passwdValidTo", graphics->password_until);
        vb_xml_attribute(writer, "connected", graphics->words[VB_GRAPHICS_WORD_CONNECTED]);
        for (uint32_t i = 0; i < graphics->n_listens; i++) {
                static const char *const names[_VB_LISTEN_MAX] = {
                        [VB_LISTEN_ADDRESS] = "address",
                        [VB_LISTEN_NETWORK] = "network",
                        [VB_LISTEN_SOCKET] = "socket",
                };
                const VbListen *listen = &graphics->listens[i];

                vb_xml_open(writer, "listen");
                vb_xml_attribute(writer, "type", listen_words[listen->type]);
                if (names[listen->type])
                        vb_xml_attribute(writer, names[listen->type], listen->value);
                vb_xml_close(writer);
        }
}

static void write_spice(const VbGraphics *graphics, VbXmlWriter *writer)
{
        for (int i = 0; i < VB_SPICE_CHANNELS; i++)
                if (graphics->channels[i] != VB_SPICE_MODE_ANY) {
                        vb_xml_open(writer, "channel");
                        vb_xml_attribute(writer, "name", channel_words[i]);
                        vb_xml_attribute(writer, "mode", mode_words[graphics->channels[i]]);
                        vb_xml_close(writer);
                }
        for (int word = VB_GRAPHICS_WORD_IMAGE; word < _VB_GRAPHICS_WORD_MAX; word++)
                if (graphics->words[word]) {
                        vb_xml_open(writer, word_rows[word].element);
                        vb_xml_attribute(writer, word_rows[word].attribute, graphics->words[word]);
                        vb_xml_close(writer);
                }
}

static void graphics_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbGraphics *graphics = (const VbGraphics *) device;

        vb_xml_attribute(writer, "type", type_words[graphics->type]);
        vb_xml_attribute(writer, "display", graphics->display);
        vb_xml_attribute(writer, "xauth", graphics->xauth);
        vb_xml_attribute(writer, "fullscreen", vb_tristate_to_yes_no(graphics->fullscreen));
        vb_xml_attribute(writer, "p2p", vb_tristate_to_yes_no(graphics->p2p));
        vb_xml_attribute(writer, "address", graphics->address);
        if (is_server(graphics))
                write_server(graphics, writer);
        write_spice(graphics, writer);
        if (graphics->gl != VB_TRISTATE_UNSET || graphics->rendernode) {
                vb_xml_open(writer, "gl");
                vb_xml_attribute(writer, "enable", vb_tristate_to_yes_no(graphics->gl));
                vb_xml_attribute(writer, "rendernode", graphics->rendernode);
                vb_xml_close(writer);
        }
        if (graphics->audio_id > 0) {
                vb_xml_open(writer, "audio");
                vb_xml_attribute_number(writer, "id", graphics->audio_id);
                vb_xml_close(writer);
        }
}

/* QEMU has one server of each kind, and one display beside them. */
static bool check_alone(const VbDomainDef *def, const VbGraphics *graphics, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbGraphics *other = g_ptr_array_index(def->devices, i);

                if (other == graphics)
                        break;
                if (other->base.kind != VB_DEVICE_GRAPHICS)
                        continue;
                if (other->type == graphics->type ||
                    (vb_graphics_is_display(other) && vb_graphics_is_display(graphics)))
                        return vb_device_error(&graphics->base, VB_ERROR_UNSUPPORTED, error,
                                               "QEMU has one server of a type and one display, and there is "
                                               "a %s already",
                                               type_words[other->type]);
        }
        return true;
}

static bool check_spice(const VbGraphics *graphics, GError **error)
{
        bool secure = graphics->tls_port != 0 || graphics->default_mode == VB_SPICE_MODE_SECURE;

        for (int i = 0; i < VB_SPICE_CHANNELS; i++)
                secure = secure || graphics->channels[i] == VB_SPICE_MODE_SECURE;
        if (secure && vb_graphics_is_tcp(graphics))
                return vb_device_error(&graphics->base, VB_ERROR_UNSUPPORTED, error,
                                       "SPICE over TLS (tlsPort, mode='secure') needs certificates, and "
                                       "nothing says where this host has any");
        if (graphics->n_listens > 1)
                return vb_device_error(&graphics->base, VB_ERROR_UNSUPPORTED, error,
                                       "QEMU's SPICE server has only one <listen>");
        return true;
}

static bool complete_graphics(VbCompletion *completion, VbDevice *device, GError **error)
{
        VbGraphics *graphics = (VbGraphics *) device;

        if (!check_alone(completion->def, graphics, error))
                return false;
        if (graphics->autoport)
                graphics->port = graphics->tls_port = 0; /* chosen anew at each start */
        if (graphics->type == VB_GRAPHICS_SPICE)
                return check_spice(graphics, error);
        if (graphics->type != VB_GRAPHICS_VNC)
                return true;
        if (!vb_graphics_is_tcp(graphics)) {
                graphics->port = graphics->websocket = 0;
                graphics->autoport = false;
        } else if (!graphics->autoport && graphics->port < VNC_PORT_MIN) {
                return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                       "port='%d': VNC has the ports from %d on, or autoport='yes'",
                                       graphics->port, VNC_PORT_MIN);
        }
        for (uint32_t i = 0; i < graphics->n_listens && graphics->n_listens > 1; i++)
                if (graphics->listens[i].type == VB_LISTEN_NONE)
                        return vb_device_error(device, VB_ERROR_INVALID_XML, error,
                                               "<listen type='none'/> and others exclude each other");
        return true;
}

static const gsize graphics_strings[] = {
        G_STRUCT_OFFSET(VbGraphics, listens[0].value),
        G_STRUCT_OFFSET(VbGraphics, listens[1].value),
        G_STRUCT_OFFSET(VbGraphics, listens[2].value),
        G_STRUCT_OFFSET(VbGraphics, listens[3].value),
        G_STRUCT_OFFSET(VbGraphics, keymap),
        G_STRUCT_OFFSET(VbGraphics, password_until),
        G_STRUCT_OFFSET(VbGraphics, rendernode),
        G_STRUCT_OFFSET(VbGraphics, display),
        G_STRUCT_OFFSET(VbGraphics, xauth),
        G_STRUCT_OFFSET(VbGraphics, address),
        0,
};

const VbDeviceClass vb_graphics_class = {
        .element = "graphics",
        .size = sizeof(VbGraphics),
        .nameless = true,
        .strings = graphics_strings,
        .parse = graphics_parse,
        .format = graphics_format,
        .alias_prefix = "graphics",
        .complete = complete_graphics,
};
