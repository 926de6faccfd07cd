/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/controller.h"

/* How many ports a USB controller has; 0 for companions, whose ports are their master's. */
uint8_t vb_usb_ports(const VbController *controller);

bool vb_usb_is_hub(const VbDevice *device);
/* The hub that @device is plugged into by its address; NULL for what is on a controller's own port. */
const VbDevice *vb_usb_find_hub(const VbDomainDef *def, const VbDevice *device);

/* Whether a device is plugged into a USB port. */
bool vb_usb_is_device(const VbDevice *device);
