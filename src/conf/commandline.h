/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-record.h"

/* Of libvirt's namespace for QEMU: options and variables that QEMU gets as they are.
 * https://libvirt.org/drvqemu.html#pass-through-of-arbitrary-qemu-commands */
#define VB_QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

typedef struct VbCommandline {
        GPtrArray *args; /* char *, owned */
        GPtrArray *env;  /* "NAME=VALUE", owned */
} VbCommandline;
