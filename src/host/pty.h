/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Opens the terminal /dev/pts/@number, whose other end the process @leader, or one in the session
 * that it began (vb_process_is_of()), must hold: what a guest's emulator says about
 * its terminals is not to be believed. -1 with MONITOR if it does not. The caller closes it. */
int vb_pty_open(unsigned number, pid_t leader, GError **error);
