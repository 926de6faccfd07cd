/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "conf/domain-def.h"

/* Every difference between two completed definitions that a guest could see, as "ALIAS: FIELD: THIS → THAT"
 * ("net0: mac address: 52:54:00:00:00:01 → 52:54:00:00:00:02"), and nothing that it cannot: where images are,
 * what a network card is connected to, who may look at the screen. What is not of one device begins with
 * "domain". "none" stands for what one of them has not. Empty if the guest sees the same machine; freed with
 * g_strfreev(). */
char **vb_abi_differences(const VbDomainDef *a, const VbDomainDef *b);

/* INCOMPATIBLE, with all differences, if a guest that runs with @now would see another machine with @then. */
bool vb_abi_check(const VbDomainDef *now, const VbDomainDef *then, GError **error);

/* Whether it has been said of a field of canonical XML that guests see it, or that they do not. What has not
 * is compared, so that nothing is missed. @element is "domain" or one below <devices>, @path in it like
 * "target@port" or "clock/timer@name". */
bool vb_abi_knows(const char *element, const char *path);
