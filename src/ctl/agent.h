/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl.h"

/* Whoever is asked for a password is asked by polkit's agent: that of a desktop's session, or polkit's own
 * for the terminal, which is started here as systemctl does it. */

/* Starts it for the calls that follow, and returns when polkit knows it. Nothing where nobody is to be asked:
 * there is no terminal (stdin and stderr), it is not the host's own system bus, we are root, or it was said
 * so. Without such an agent, or where it cannot be started, all goes on: the service tells what it needs. */
void vb_ctl_agent_open(VbCtl *ctl);
/* Ends it, and has the terminal as it was. Nothing if there is none. */
void vb_ctl_agent_close(VbCtl *ctl);
