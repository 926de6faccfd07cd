/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"

/* Whether @path fits into the address of a unix socket; else LIMITS_EXCEEDED. */
bool vb_argv_check_socket(const VbDevice *device, const char *path, GError **error);
