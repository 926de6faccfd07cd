/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/device.h"
#include "host/label.h"

/* False ends the walk. */
typedef bool (*VbHostNodeVisit)(const char *path, VbLabelAccess access, void *userdata);

/* Calls @visit with each node in /dev, and each file of memory, that the emulator opens by itself for
 * @device, beside disks and character devices. What the host does not have now is left out: the emulator says
 * so. False if @visit has ended it. */
bool vb_host_nodes_visit(const VbDevice *device, VbHostNodeVisit visit, void *userdata);
