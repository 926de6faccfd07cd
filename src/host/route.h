/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Whether there is a way out of this host: a default route that is up, for IPv4 or IPv6. */
bool vb_host_has_route(void);
