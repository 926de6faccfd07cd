/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Architectures are libvirt's words ("i686"), targets are QEMU's ("i386"). Results are borrowed from the
 * argument or static. */
const char *vb_arch_from_target(const char *target);
const char *vb_arch_to_target(const char *arch);

/* Whether an emulator that calls itself one for @emulator_arch runs guests of @arch. */
bool vb_arch_serves(const char *emulator_arch, const char *arch);
