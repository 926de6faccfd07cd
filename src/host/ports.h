/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The first TCP port from @first on that nobody on this host listens on, at any address, and of which
 * @is_taken (NULL: none) does not say that it is promised to somebody; 0 if there is none up to 65535. It
 * stays free until somebody takes it. */
uint16_t vb_port_find_free(uint16_t first, bool (*is_taken)(uint16_t port, const void *data),
                           const void *data);
