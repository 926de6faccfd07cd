/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/argv-builder.h"

/* Whether the emulator has what the options from number @first on ask it for. UNSUPPORTED names it, and
 * @device, which they are for; NULL: they are the whole domain's. True where the emulator's detail is not
 * known. */
bool vb_argv_check_demands(const VbArgv *argv, guint first, const VbDevice *device, GError **error);
