/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/emulator-facts.h"

/* UNSUPPORTED for an emulator for other guests than those of @arch (NULL: the host's). */
bool vb_emulator_check_arch(const VbEmulatorFacts *facts, const char *arch, GError **error);

/* The machine type that @name means (an alias will do; NULL: the default one). NULL and UNSUPPORTED, which
 * names what there is. */
const VbMachineInfo *vb_machine_choose(const VbEmulatorFacts *facts, const char *name, GError **error);
