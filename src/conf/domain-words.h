/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"

/* The words of the domain's own attributes, shared by its reader and its writer; indexed by the enums. */
#define VB_VIRT_TYPES 2
extern const char *const vb_virt_type_words[VB_VIRT_TYPES];
extern const char *const vb_boot_words[_VB_BOOT_MAX];
extern const char *const vb_action_words[_VB_ACTION_MAX];
