/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/chardev.h"

#include "qemu/argv-builder.h"

/* Adds the backend of a device that has one, and returns its id, to be freed by the caller. */
char *vb_argv_add_chardev(VbArgv *argv, const VbDevice *device, GError **error);
