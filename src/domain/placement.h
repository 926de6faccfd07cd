/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"

/* A thread of the emulator's that serves one processor, or is one of the I/O threads. */
typedef struct {
        uint32_t id; /* as the definition numbers it */
        pid_t tid;   /* what the emulator says; not to be believed unseen */
} VbPlacedThread;

/* Whether @def says anything of where the emulator's threads run: <vcpu cpuset=''>, and the pins and
 * schedulers of <cputune>. */
bool vb_placement_is_wanted(const VbDomainDef *def);

/* Puts the threads of the emulator @pid where @def has them: @vcpus and @iothreads (VbPlacedThread) by their
 * numbers, all others as those of the emulator itself. UNSUPPORTED for processors that this host does not
 * have; what the service is not allowed to schedule is only added to @warnings (char *), since nothing is
 * less protected by it. Quick: system calls and /proc. */
bool vb_placement_apply(const VbDomainDef *def, pid_t pid, const GArray *vcpus, const GArray *iothreads,
                        GPtrArray *warnings, GError **error);
