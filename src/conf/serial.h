/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"

/* What a serial port is plugged into. */
typedef enum {
        VB_SERIAL_TARGET_UNSET,
        VB_SERIAL_TARGET_ISA,
        VB_SERIAL_TARGET_PCI,
        VB_SERIAL_TARGET_USB,
        VB_SERIAL_TARGET_SPAPR_VIO,
        VB_SERIAL_TARGET_SYSTEM, /* a port of the board's own */
        VB_SERIAL_TARGET_SCLP,
        VB_SERIAL_TARGET_ISA_DEBUG,
        _VB_SERIAL_TARGET_MAX,
} VbSerialTarget;

/* What it is; the target of each is a row in serial.c. */
typedef enum {
        VB_SERIAL_MODEL_UNSET,
        VB_SERIAL_ISA,
        VB_SERIAL_PCI,
        VB_SERIAL_USB,
        VB_SERIAL_SPAPR_VTY,
        VB_SERIAL_PL011,
        VB_SERIAL_16550A,
        VB_SERIAL_SCLPCONSOLE,
        VB_SERIAL_SCLPLMCONSOLE,
        VB_SERIAL_ISA_DEBUGCON,
        _VB_SERIAL_MODEL_MAX,
} VbSerialModel;

/* <serial>: https://libvirt.org/formatdomain.html#serial-port */
typedef struct {
        VbDevice base;
        VbChardev source;
        VbSerialTarget target;
        VbSerialModel model;
        int port; /* -1: not given */
} VbSerial;

typedef enum {
        VB_CONSOLE_TARGET_SERIAL, /* the same thing as the first <serial>, seen as the console */
        VB_CONSOLE_TARGET_VIRTIO,
        VB_CONSOLE_TARGET_SCLP,
        VB_CONSOLE_TARGET_SCLPLM,
        _VB_CONSOLE_TARGET_MAX,
} VbConsoleTarget;

/* <console> */
typedef struct {
        VbDevice base;
        VbChardev source;
        VbConsoleTarget target;
        int port;
} VbConsole;

/* The model that a target has if none is named; UNSET where that is the machine's to say. */
VbSerialModel vb_serial_target_model(VbSerialTarget target);

extern const VbDeviceClass vb_serial_class;
extern const VbDeviceClass vb_console_class;
