/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* @fd is the callee's to close; -1 with @error. */
typedef void (*VbConsoleDone)(VbDomain *domain, int fd, const GError *error, void *userdata);

/* Opens the guest's side of a serial or console device, or of the first that can be opened if @alias is empty.
 * INVALID_STATE, NO_SUCH_DEVICE and UNSUPPORTED come by the return value, MONITOR and TIMEOUT through @done. */
bool vb_console_open(VbDomain *domain, const char *alias, VbConsoleDone done, void *userdata, GError **error);
