/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether what we print is read as UTF-8. */
bool vb_ctl_locale_is_utf8(void);

/* Whether @c is something that a reader sees, and the terminal does nothing but show. */
bool vb_ctl_is_visible(gunichar c);

/* Makes @text, wherever it came from, fit to be seen on a terminal: control and invisible characters, broken
 * UTF-8, and what the locale cannot show become \n, \x1b, \u202e. With @keep_lines newlines and tabs stay. */
char *vb_ctl_escape(const char *text, bool keep_lines);

/* How many columns of a terminal @text (escaped) takes. */
size_t vb_ctl_width(const char *text);

/* "512 B", "2.0 GiB". */
char *vb_ctl_size(uint64_t bytes);

/* @usec of CLOCK_REALTIME in local time: "2024-02-29T13:37:00", with @msec "2024-02-29T13:37:00.123". */
char *vb_ctl_time(uint64_t usec, bool msec);

/* Writes a line to stdout as it is when that is a file or a pipe, escaped when it is a terminal. */
void vb_ctl_print_line(const char *text);
/* The same for a document of several lines, ended with a newline if it is not. */
void vb_ctl_print_document(const char *text);
