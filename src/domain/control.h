/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"

/* The buttons of a domain. INVALID_STATE and BUSY come by the return value, everything else through @done. */

typedef enum {
        VB_CONTROL_SHUTDOWN,
        VB_CONTROL_REBOOT,
        VB_CONTROL_RESET,
        VB_CONTROL_SUSPEND,
        VB_CONTROL_RESUME,
        _VB_CONTROL_MAX,
} VbControl;

bool vb_control(VbDomain *domain, VbControl control, VbDone done, void *userdata, GError **error);

/* Ends the guest, or the start that is under way. */
bool vb_power_off(VbDomain *domain, VbDone done, void *userdata, GError **error);
