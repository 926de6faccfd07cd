/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* What a program has printed, fit for a message: valid UTF-8 without anything that a terminal, or a reader's
 * eye, could be led astray by (control characters, zero bytes, marks of direction), but with its lines.
 * @length: bytes. Caller frees. */
char *vb_printed_text(const char *bytes, size_t length);
