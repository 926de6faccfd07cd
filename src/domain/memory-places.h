/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/domain.h"
#include "util/json.h"

/* Whether the live definition has a memory module of which nobody knows yet where the guest sees it. */
bool vb_memory_places_are_wanted(const VbDomainDef *live);

/* Writes into the live definition what the emulator says to "query-memory-devices"; what makes no sense is
 * left. For this run alone: with more memory the modules of the next may come to be elsewhere. */
void vb_memory_places_learn(VbDomainDef *live, json_object *devices);
