/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/address.h"
#include "conf/device.h"

/* Reads the attributes of an <address>. Ranges that only the controller knows are checked at completion. */
bool vb_address_parse(VbXmlNode *node, VbAddress *ret, GError **error);
/* Writes <address/>; nothing for NONE. */
void vb_address_write(const VbAddress *address, VbXmlWriter *writer);
