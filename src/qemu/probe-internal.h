/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/probe.h"

/* For tests: the time limit of one probe, and how many emulators have been started so far. */
void vb_prober_set_timeout(VbProber *prober, uint64_t timeout_usec);
guint vb_prober_n_sessions(const VbProber *prober);
