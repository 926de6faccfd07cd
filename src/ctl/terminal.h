/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* One terminal at a time; it gets its modes back from vb_ctl_terminal_restore(), and when a signal ends or stops the
 * process. Negative errno on failure. */

/* Puts the terminal on stdin into raw mode, so that every key, Ctrl+C too, is data. 0 also if stdin is no terminal, which
 * is left alone. */
int vb_ctl_terminal_make_raw(void);
/* Shows no more what is typed, but the end of the line; what has been typed is thrown away. @fd must stay open until it is
 * restored. */
int vb_ctl_terminal_hide(int fd);
void vb_ctl_terminal_restore(void);
