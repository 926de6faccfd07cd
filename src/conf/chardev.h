/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum {
        VB_CHARDEV_PTY,
        VB_CHARDEV_NULL,
        VB_CHARDEV_VC,
        VB_CHARDEV_STDIO,
        VB_CHARDEV_DEV,
        VB_CHARDEV_FILE,
        VB_CHARDEV_PIPE,
        VB_CHARDEV_UNIX,
        VB_CHARDEV_TCP,
        VB_CHARDEV_UDP,
        VB_CHARDEV_SPICEVMC,
        VB_CHARDEV_SPICEPORT,
        VB_CHARDEV_DBUS,
        VB_CHARDEV_VDAGENT,
        _VB_CHARDEV_MAX,
} VbChardevType;

/* What is spoken on a tcp connection. */
typedef enum {
        VB_CHARDEV_RAW,
        VB_CHARDEV_TELNET,
        VB_CHARDEV_TELNETS,
        VB_CHARDEV_TLS,
        _VB_CHARDEV_PROTOCOL_MAX,
} VbChardevProtocol;

typedef enum { VB_MOUSE_UNSET, VB_MOUSE_SERVER, VB_MOUSE_CLIENT, _VB_MOUSE_MAX } VbMouseMode;

/* The host's side of a character device, shared by <serial>, <parallel>, <console>, <channel>, <redirdev>,
 * <smartcard> and the egd backend of <rng>. https://libvirt.org/formatdomain.html#host-interface */
struct VbChardev {
        VbChardevType type;
        char *path; /* dev, file, pipe, unix; NULL: a socket of ours in the domain's directory */
        VbTristate append;
        bool listen;                      /* unix, tcp: mode='bind' */
        char *host, *service;             /* tcp; udp: where to send to */
        char *local_host, *local_service; /* udp: where to receive at */
        VbChardevProtocol protocol;       /* tcp */
        VbTristate tls;                   /* tcp */
        VbTristate reconnect;             /* unix, tcp; not with listen */
        uint32_t reconnect_timeout;       /* seconds, 0: not given */
        char *channel;                    /* spiceport, dbus: its name */
        VbTristate clipboard;             /* qemu-vdagent */
        VbMouseMode mouse;                /* qemu-vdagent */
        GPtrArray *labels;                /* see source-label.h */
        char *log_file;
        VbTristate log_append;
};

const char *vb_chardev_type_to_string(VbChardevType type);

/* Bounds the numbers of ports that the XML gives devices. */
#define VB_CHARDEV_PORT_MAX 1023

/* The attribute type='' of @node and the children that say more. An element without type='' has a pty, unless
 * @required. */
bool vb_chardev_parse(VbChardev *source, VbXmlNode *node, bool required, GError **error);
/* The attribute and the children, into the element that is open. */
void vb_chardev_format_type(const VbChardev *source, VbXmlWriter *writer);
void vb_chardev_format(const VbChardev *source, VbXmlWriter *writer);
void vb_chardev_clear(VbChardev *source);
/* @copy is @source bit by bit: replaces what it owns. */
void vb_chardev_copy(VbChardev *copy, const VbChardev *source);

/* The backend of a device that has one, NULL for others. */
const VbChardev *vb_device_chardev(const VbDevice *device);
