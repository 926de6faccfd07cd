/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/limits.h"
#include "domain/networks.h"
#include "host/uid-pool.h"

/* virtbusd.conf. */
typedef struct {
        VbNetworks *networks;
        VbLimits *limits;
        VbUidPool *uids;    /* NULL: we are not root */
        uint64_t idle_usec; /* to leave when there was nothing to do for so long; VB_UNLIMITED: never */
} VbSettings;

/* Reads the configuration file. A file that is not there says nothing, unless @required. On failure there is nothing to
 * clear. */
bool vb_settings_read(const char *path, bool required, VbSettings *ret, GError **error);
void vb_settings_clear(VbSettings *settings);
