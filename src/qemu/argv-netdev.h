/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/interface.h"

#include "qemu/argv-builder.h"

/* Adds the backend of a network card, with what it stands on, under the id @id. */
bool vb_argv_add_netdev(VbArgv *argv, const VbInterface *interface, const char *id, GError **error);
