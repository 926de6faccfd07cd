/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a process has from its parent and keeps when it executes another program, put back to what a new
 * machine's first process has: scheduling, limits of resources, personality and the like, whatever whoever
 * started us has set for us. What we may not change stays as it is. Between fork and exec, before the
 * identity is changed: system calls only. */
void vb_inherited_reset(void);

/* The same for what belongs to its memory: not in a child of vfork(), whose memory is ours. */
void vb_inherited_reset_memory(void);

/* The same for signals: none is ignored, none is blocked. Afterwards a signal ends the process. */
void vb_inherited_reset_signals(void);
