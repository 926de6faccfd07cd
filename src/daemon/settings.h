/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/networks.h"

/* Reads the configuration file. A file that is not there says nothing, unless @required. */
VbNetworks *vb_settings_read(const char *path, bool required, GError **error);
