/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"
#include "domain/domain.h"
#include "domain/requester.h"

/* Changing what a domain gets of its host's processors, memory and disks: those of the definition's limits that are
 * properties of the guest's scope (domain/resources.h), by names of their own. */

typedef enum {
        VB_TUNING_CPU_SHARES,
        VB_TUNING_CPU_PERIOD,
        VB_TUNING_CPU_QUOTA,
        VB_TUNING_CPU_GLOBAL_PERIOD,
        VB_TUNING_CPU_GLOBAL_QUOTA,
        VB_TUNING_MEMORY_HARD_LIMIT,
        VB_TUNING_MEMORY_SOFT_LIMIT,
        VB_TUNING_SWAP_HARD_LIMIT,
        VB_TUNING_IO_WEIGHT,
        VB_TUNING_ALLOWED_CPUS,
        VB_TUNING_ALLOWED_MEMORY_NODES,
        _VB_TUNING_MAX,
} VbTuning;

/* 0 and "" take a limit away. */
typedef struct {
        bool given;
        uint64_t number;  /* microseconds, bytes, or a weight */
        const char *text; /* of those that are sets, see conf/cpuset.h; borrowed */
} VbTuningValue;

/* "cpu-shares", and so on. */
const char *vb_tuning_name(VbTuning tuning);
bool vb_tuning_is_set(VbTuning tuning);

/* Puts @values (_VB_TUNING_MAX of them) into @def. INVALID_ARGS for what the format does not allow, UNSUPPORTED; @def
 * is not to be used then. */
bool vb_tuning_apply(VbDomainDef *def, const VbTuningValue *values, GError **error);

/* Changes the guest that runs (VB_CHANGE_LIVE), the kept definition (VB_CHANGE_CONFIG) or both; 0: the guest if there is
 * one, else the definition. INVALID_STATE (also of a guest that is in no scope), BUSY, INVALID_ARGS and UNSUPPORTED come
 * by the return value; what systemd says, EMULATOR_FAILED, and STORAGE through @done. A share of the disks has to be
 * granted (see grants.h): ACCESS_DENIED, AUTHORIZATION_REQUIRED. */
bool vb_tune(VbDomain *domain, const VbRequester *requester, const VbTuningValue *values, unsigned targets, VbDone done,
             void *userdata, GError **error);
