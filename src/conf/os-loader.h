/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/complete-steps.h"
#include "conf/os.h"

/* Firmware: <loader> and <nvram>. */
extern const VbXmlRecord vb_loader_record;
extern const VbXmlRecord vb_nvram_record;

/* Writes out what was left out of them, and for firmware='' which firmware it is. */
bool vb_complete_loader(VbCompletion *completion, GError **error);
