/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/call.h"

/* The methods of org.virtbus1.Domain that have to do with the units that start domains with the host. */
bool vb_method_set_autostart(VbCall *call, GError **error);
bool vb_method_undefine(VbCall *call, GError **error);
