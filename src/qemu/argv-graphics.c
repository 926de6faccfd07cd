/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Graphics servers and displays: no devices, the guest does not see them. */
#include "conf/graphics.h"

#include "qemu/argv-builder.h"
#include "qemu/argv-socket.h"

#define VNC_PORT_MIN 5900
#define WEBSOCKET_PORT_MIN 5700
#define LOOPBACK "127.0.0.1"

static void append(GString *options, const char *key, const char *value)
{
        g_autofree char *quoted = value ? vb_argv_quote(value) : NULL;

        if (quoted)
                g_string_append_printf(options, ",%s=%s", key, quoted);
}

/* The address of a network is known when there are networks; until then nobody else is let in. */
static const char *listen_address(const VbListen *listen)
{
        return listen->type == VB_LISTEN_ADDRESS && listen->value ? listen->value : LOOPBACK;
}

static char *socket_path(const VbArgv *argv, const VbDevice *device, const VbListen *listen, GError **error)
{
        g_autofree char *generated = vb_argv_socket_path(device, argv->context->sockets_dir);
        const char *path = listen->value ? listen->value : generated;

        return vb_argv_check_socket(device, path, error) ? g_strdup(path) : NULL;
}

/* One address: those that QEMU's option is for come one after the other, each as vnc=. */
static bool add_vnc_listen(const VbArgv *argv, const VbGraphics *graphics, const VbListen *listen,
                           GString *options, GError **error)
{
        g_autofree char *path = NULL, *quoted = NULL;

        g_string_append(options, options->len > 0 ? ",vnc=" : "vnc=");
        switch (listen->type) {
        case VB_LISTEN_NONE:
                g_string_append(options, "none");
                return true;
        case VB_LISTEN_SOCKET:
                path = socket_path(argv, &graphics->base, listen, error);
                if (!path)
                        return false;
                quoted = vb_argv_quote(path);
                g_string_append_printf(options, "unix:%s", quoted);
                return true;
        default:
                quoted = vb_argv_quote(listen_address(listen));
                g_string_append_printf(options, strchr(quoted, ':') ? "[%s]:%d" : "%s:%d", quoted,
                                       MAX(graphics->port, VNC_PORT_MIN) - VNC_PORT_MIN);
                return true;
        }
}

/* Beside the first address; -1 is the customary port of the display's number. */
static void add_websocket(const VbGraphics *graphics, GString *options)
{
        g_autofree char *host = vb_argv_quote(listen_address(&graphics->listens[0]));
        int port = graphics->websocket > 0
                           ? graphics->websocket
                           : MAX(graphics->port, VNC_PORT_MIN) - VNC_PORT_MIN + WEBSOCKET_PORT_MIN;

        g_string_append_printf(options, strchr(host, ':') ? ",websocket=[%s]:%d" : ",websocket=%s:%d", host,
                               port);
}

static bool build_vnc(VbArgv *argv, const VbGraphics *graphics, GError **error)
{
        g_autoptr(GString) options = g_string_new(NULL);
        g_autofree char *audio = vb_argv_audio_id(argv, graphics->audio_id);
        g_autofree char *password = NULL;

        for (uint32_t i = 0; i < graphics->n_listens; i++)
                if (!add_vnc_listen(argv, graphics, &graphics->listens[i], options, error))
                        return false;
        if (graphics->websocket != 0)
                add_websocket(graphics, options);
        append(options, "share", graphics->words[VB_GRAPHICS_WORD_SHARE]);
        append(options, "power-control", vb_tristate_to_switch(graphics->power_control));
        if (graphics->password && !vb_argv_add_secret_if_given(argv, &graphics->base, "password", 0,
                                                               graphics->base.alias, &password, error))
                return false;
        if (password)
                append(options, "password-secret", password);
        else if (graphics->password)
                append(options, "password", "on");
        append(options, "audiodev", audio);
        vb_argv_add(argv, "-vnc", options->str);
        return true;
}

/* QEMU's name for an option that has a word, and for one that can only be switched on, the word for that. */
static const struct {
        VbGraphicsWord word;
        const char *option, *on;
} spice_words[] = {
        { VB_GRAPHICS_WORD_IMAGE, "image-compression", NULL },
        { VB_GRAPHICS_WORD_JPEG, "jpeg-wan-compression", NULL },
        { VB_GRAPHICS_WORD_ZLIB, "zlib-glz-wan-compression", NULL },
        { VB_GRAPHICS_WORD_PLAYBACK, "playback-compression", NULL },
        { VB_GRAPHICS_WORD_STREAMING, "streaming-video", NULL },
        { VB_GRAPHICS_WORD_COPYPASTE, "disable-copy-paste", "no" },
        { VB_GRAPHICS_WORD_FILETRANSFER, "disable-agent-file-xfer", "no" },
};

static void add_spice_words(const VbGraphics *graphics, GString *options)
{
        const char *mouse = graphics->words[VB_GRAPHICS_WORD_MOUSE];

        if (mouse)
                append(options, "agent-mouse", g_str_equal(mouse, "client") ? "on" : "off");
        for (gsize i = 0; i < G_N_ELEMENTS(spice_words); i++) {
                const char *word = graphics->words[spice_words[i].word];

                if (spice_words[i].on)
                        word = g_strcmp0(word, spice_words[i].on) == 0 ? "on" : NULL;
                append(options, spice_words[i].option, word);
        }
}

static bool build_spice(VbArgv *argv, const VbGraphics *graphics, GError **error)
{
        const VbListen *listen = &graphics->listens[0];
        g_autoptr(GString) options = g_string_new(NULL);
        g_autofree char *path = NULL, *password = NULL;

        switch (listen->type) {
        case VB_LISTEN_NONE:
                g_string_append(options, "port=0");
                break;
        case VB_LISTEN_SOCKET:
                path = socket_path(argv, &graphics->base, listen, error);
                if (!path)
                        return false;
                g_string_append(options, "unix=on");
                append(options, "addr", path);
                break;
        default:
                g_string_append_printf(options, "port=%d", MAX(graphics->port, VNC_PORT_MIN));
                append(options, "addr", listen_address(listen));
                break;
        }
        if (graphics->password && !vb_argv_add_secret_if_given(argv, &graphics->base, "password", 0,
                                                               graphics->base.alias, &password, error))
                return false;
        append(options, "password-secret", password);
        if (!graphics->password)
                append(options, "disable-ticketing", "on");
        if (graphics->default_mode == VB_SPICE_MODE_INSECURE)
                append(options, "plaintext-channel", "default");
        for (guint i = 0; i < VB_SPICE_CHANNELS; i++)
                if (graphics->channels[i] == VB_SPICE_MODE_INSECURE)
                        append(options, "plaintext-channel", vb_spice_channel_to_string(i));
        add_spice_words(graphics, options);
        append(options, "gl", vb_tristate_to_switch(graphics->gl));
        append(options, "rendernode", graphics->rendernode);
        append(options, "seamless-migration", "on");
        vb_argv_add(argv, "-spice", options->str);
        return true;
}

static bool build_display(VbArgv *argv, const VbGraphics *graphics, GError **error)
{
        g_autoptr(GString) options = g_string_new(vb_graphics_type_to_string(graphics->type));

        if (graphics->fullscreen == VB_TRISTATE_ON)
                append(options, "full-screen", "on");
        /* Without a bus that is named, those whom the service lets in get a connection of their own. */
        if (graphics->type == VB_GRAPHICS_DBUS && (graphics->p2p == VB_TRISTATE_ON || !graphics->address))
                append(options, "p2p", "on");
        else
                append(options, "addr", graphics->address);
        append(options, "gl", vb_tristate_to_switch(graphics->gl));
        append(options, "rendernode", graphics->rendernode);
        if (graphics->audio_id > 0) {
                g_autofree char *audio = vb_argv_audio_id(argv, graphics->audio_id);

                append(options, "audiodev", audio);
        }
        vb_argv_add(argv, "-display", options->str);
        return true;
}

static bool build_graphics(VbArgv *argv, const VbDevice *device, GError **error)
{
        static bool (*const builders[_VB_GRAPHICS_MAX])(VbArgv *, const VbGraphics *, GError **) = {
                [VB_GRAPHICS_VNC] = build_vnc,
                [VB_GRAPHICS_SPICE] = build_spice,
                [VB_GRAPHICS_SDL] = build_display,
                [VB_GRAPHICS_DBUS] = build_display,
                [VB_GRAPHICS_EGL_HEADLESS] = build_display,
        };
        const VbGraphics *graphics = (const VbGraphics *) device;

        if (graphics->keymap)
                vb_argv_add(argv, "-k", graphics->keymap);
        return builders[graphics->type](argv, graphics, error);
}

const VbArgvClass vb_argv_graphics = { .build = build_graphics };
