/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "util/tristate.h"

typedef enum {
        VB_GRAPHICS_VNC,
        VB_GRAPHICS_SPICE,
        VB_GRAPHICS_SDL,
        VB_GRAPHICS_DBUS,
        VB_GRAPHICS_EGL_HEADLESS,
        _VB_GRAPHICS_MAX,
} VbGraphicsType;

typedef enum {
        VB_LISTEN_ADDRESS,
        VB_LISTEN_NETWORK,
        VB_LISTEN_SOCKET,
        VB_LISTEN_NONE,
        _VB_LISTEN_MAX
} VbListenType;

/* <listen>. The value is the address (NULL: the loopback one), the network or the socket's path (NULL: a
 * socket of ours in the domain's directory). */
typedef struct {
        VbListenType type;
        char *value;
} VbListen;

/* QEMU's VNC server takes any number; nobody has more than one for each protocol and a socket. */
#define VB_LISTENS_MAX 4

typedef enum {
        VB_SPICE_MODE_ANY,
        VB_SPICE_MODE_SECURE,
        VB_SPICE_MODE_INSECURE,
        _VB_SPICE_MODE_MAX
} VbSpiceMode;

#define VB_SPICE_CHANNELS 8

/* Options that have one of a few words for a value. */
typedef enum {
        VB_GRAPHICS_WORD_SHARE,     /* vnc */
        VB_GRAPHICS_WORD_CONNECTED, /* what a new password does to who is connected */
        VB_GRAPHICS_WORD_IMAGE,     /* spice: this and the following */
        VB_GRAPHICS_WORD_JPEG,
        VB_GRAPHICS_WORD_ZLIB,
        VB_GRAPHICS_WORD_PLAYBACK,
        VB_GRAPHICS_WORD_STREAMING,
        VB_GRAPHICS_WORD_MOUSE,
        VB_GRAPHICS_WORD_COPYPASTE,
        VB_GRAPHICS_WORD_FILETRANSFER,
        _VB_GRAPHICS_WORD_MAX,
} VbGraphicsWord;

/* <graphics> */
typedef struct {
        VbDevice base;
        VbGraphicsType type;
        VbListen listens[VB_LISTENS_MAX];
        uint32_t n_listens; /* of vnc and spice at least 1 */
        int port, tls_port; /* 0: not given, -1: any that is free */
        bool autoport;
        int websocket; /* 0: none, -1: chosen by QEMU from the port */
        char *keymap;
        bool password; /* one is asked for: what it is is never kept */
        char *password_until;
        const char *words[_VB_GRAPHICS_WORD_MAX]; /* static strings, NULL: not given */
        VbTristate power_control;
        VbSpiceMode default_mode, channels[VB_SPICE_CHANNELS];
        VbTristate gl;
        char *rendernode;
        char *display, *xauth; /* sdl */
        VbTristate fullscreen;
        char *address; /* dbus: the bus, NULL: the domain's own */
        VbTristate p2p;
        uint32_t audio_id; /* 0: the first <audio> */
} VbGraphics;

const char *vb_graphics_type_to_string(VbGraphicsType type);

/* The first graphics server or display of a type, NULL if there is none. */
const VbGraphics *vb_domain_def_find_graphics(const VbDomainDef *def, VbGraphicsType type);

/* Whether QEMU opens it as its one -display. */
bool vb_graphics_is_display(const VbGraphics *graphics);

/* Whether it listens on a socket that the XML does not name. */
bool vb_graphics_has_own_socket(const VbGraphics *graphics);

/* Whether it listens at an address and a port. graphics-ports.c */
bool vb_graphics_is_tcp(const VbGraphics *graphics);

/* Gives the servers of @to that leave their ports to a start those that the same ones have in @from, chosen
 * or left open. graphics-ports.c */
void vb_graphics_copy_ports(VbDomainDef *to, const VbDomainDef *from);

const char *vb_spice_channel_to_string(guint channel);

extern const VbDeviceClass vb_graphics_class;
