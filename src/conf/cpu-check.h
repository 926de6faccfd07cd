/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/complete.h"
#include "conf/cpu.h"

/* The property of a processor that switches the feature @name of the definition, which has libvirt's words;
 * NULL where QEMU has none, because the feature follows from others or is none that can be emulated. Caller
 * frees. */
char *vb_cpu_feature_property(const char *name);

/* Whether the emulator has the model and the features of @cpu: UNSUPPORTED with the name of what it lacks.
 * Where it did not tell what it has, it has all. */
bool vb_cpu_check(const VbCpu *cpu, const VbEmulatorFacts *emulator, GError **error);
