/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf/device.h"
#include "domain/domain.h"

#define VB_BUS_NAME "org.virtbus1"
#define VB_PATH_ROOT "/org/virtbus1"
#define VB_PATH_DOMAINS VB_PATH_ROOT "/domain"
#define VB_INTERFACE_MANAGER "org.virtbus1.Manager"
#define VB_INTERFACE_DOMAIN "org.virtbus1.Domain"
#define VB_INTERFACE_DEVICE "org.virtbus1.Device"
#define VB_INTERFACE_CONTROLLER "org.virtbus1.Controller"

/* Object paths; the caller frees. The path of no device is "/". */
char *vb_path_of_domain(uint32_t id);
char *vb_path_of_device(const VbDomain *domain, const VbDevice *device);
/* The node that a domain's controllers, or its other devices, are below. */
char *vb_path_of_kind(uint32_t id, bool controllers);

/* Takes the path of a piece of hardware apart; the caller frees *ret_alias. False for any other path. */
bool vb_path_parse_device(const char *path, uint32_t *ret_id, bool *ret_controller, char **ret_alias);
