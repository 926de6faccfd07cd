/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

typedef enum {
        VB_CHARDEV_PTY,
        VB_CHARDEV_FILE,
        VB_CHARDEV_UNIX,
        VB_CHARDEV_NULL,
        _VB_CHARDEV_MAX,
} VbChardevType;

/* The host's side of a character device, shared by <serial> and <console>. */
typedef struct {
        VbChardevType type;
        char *path; /* file: the file; unix: NULL is a socket of ours in the domain's directory */
        bool append;
        bool listen; /* unix: mode='bind' */
} VbChardev;

typedef enum {
        VB_SERIAL_TARGET_UNSET,
        VB_SERIAL_TARGET_ISA,
        VB_SERIAL_TARGET_PCI,
        VB_SERIAL_TARGET_USB,
        _VB_SERIAL_TARGET_MAX,
} VbSerialTarget;

/* <serial> */
typedef struct {
        VbDevice base;
        VbChardev source;
        VbSerialTarget target;
        int port; /* -1: not given */
} VbSerial;

typedef enum {
        VB_CONSOLE_TARGET_SERIAL, /* the same thing as the first <serial>, seen as the console */
        VB_CONSOLE_TARGET_VIRTIO,
        _VB_CONSOLE_TARGET_MAX,
} VbConsoleTarget;

/* <console> */
typedef struct {
        VbDevice base;
        VbChardev source;
        VbConsoleTarget target;
        int port;
} VbConsole;

const char *vb_chardev_type_to_string(VbChardevType type);

/* The backend of a <serial> or <console>, NULL for other devices. */
const VbChardev *vb_device_chardev(const VbDevice *device);

extern const VbDeviceClass vb_serial_class;
extern const VbDeviceClass vb_console_class;
