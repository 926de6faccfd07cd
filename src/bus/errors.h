/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The D-Bus name of an error of ours. */
const char *vb_bus_error_name(const GError *error);
