/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"

/* All devices of @def in an order of classes, which are named by their elements and end with NULL; within a
 * class in the order of the definition, classes that are not in it last. Borrowed; freed with
 * g_ptr_array_unref(). */
GPtrArray *vb_assign_in_order(const VbDomainDef *def, const char *const *order);
