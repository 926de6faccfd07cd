/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/call.h"

/* Handlers of org.virtbus1.Manager's methods about emulators and machine types. */
bool vb_method_list_emulators(VbCall *call, GError **error);
bool vb_method_list_machine_types(VbCall *call, GError **error);
bool vb_method_describe_machine_type(VbCall *call, GError **error);
