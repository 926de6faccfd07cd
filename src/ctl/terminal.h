/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Puts the terminal on stdin into raw mode, so that every key, Ctrl+C too, is data. It gets its modes back
 * from vb_ctl_terminal_restore(), and when a signal ends or stops the process. One at a time. Negative errno
 * on failure; 0 also if stdin is no terminal, which is left alone. */
int vb_ctl_terminal_make_raw(void);
void vb_ctl_terminal_restore(void);
