/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "conf/virtio.h"
#include "util/tristate.h"

typedef enum {
        VB_INPUT_MOUSE,
        VB_INPUT_TABLET,
        VB_INPUT_KEYBOARD,
        VB_INPUT_PASSTHROUGH, /* a device of the host, as a device of the guest */
        VB_INPUT_EVDEV,       /* a device of the host, whose events go to the guest's own devices */
        _VB_INPUT_MAX
} VbInputType;

typedef enum {
        VB_INPUT_BUS_UNSET,
        VB_INPUT_BUS_PS2,
        VB_INPUT_BUS_USB,
        VB_INPUT_BUS_VIRTIO,
        _VB_INPUT_BUS_MAX
} VbInputBus;

/* <input> */
typedef struct {
        VbDevice base;
        VbInputType type;
        VbInputBus bus;          /* UNSET of evdev */
        bool model_given;        /* model='virtio', which says the same as the bus */
        char *source;            /* passthrough, evdev: the host's device */
        bool grab_all;           /* evdev: this and the following */
        const char *grab_toggle; /* a static string, NULL: not given */
        VbTristate repeat;
        VbVirtioOptions virtio;
} VbInput;

/* The keyboards and mice that every guest of such a machine gets. */
void vb_input_add_implicit(VbCompletion *completion);

extern const VbDeviceClass vb_input_class;
