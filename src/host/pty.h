/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Opens the terminal /dev/pts/@number, whose other end the process @pid must hold: what a guest's emulator says about
 * its terminals is not to be believed. -1 with MONITOR if it does not. The caller closes it. */
int vb_pty_open(unsigned number, pid_t pid, GError **error);
