/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/emulator-facts.h"
#include "qemu/probe-session.h"

/* The rest of what an emulator says about itself: what takes it long to say, and what the table of
 * capabilities looks for. Asked in a session of its own, beside the others. The state is VbEmulatorFacts of
 * which only the detail is filled in. */
extern const VbProbeKind vb_probe_detail;

/* Limits of what is believed: twice and more of the largest emulators'. */
#define VB_CPU_MODELS_MAX 2048
#define VB_WORDS_MAX 16384
