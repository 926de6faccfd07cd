/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"
#include "domain/networks.h"

/* What a definition asks for and neither the emulator nor this service gives its guest. Nothing is left out
 * in silence: what promises isolation or security, and what is asked of a network of the host's, is refused; for
 * everything else the start says so. @networks says what names of networks mean, and may be NULL. */

/* UNSUPPORTED, with every such promise: a start that went on would break it. */
bool vb_unmet_check(const VbDomainDef *def, const VbNetworks *networks, GError **error);

/* The same of one device of @def. */
bool vb_unmet_check_device(const VbDomainDef *def, const VbDevice *device, const VbNetworks *networks,
                           GError **error);

/* What a guest that starts has to do without, a line each ("net0: <bandwidth>: ..."); NULL-terminated. Caller
 * frees with g_strfreev(). */
char **vb_unmet_list(const VbDomainDef *def, const VbNetworks *networks);
