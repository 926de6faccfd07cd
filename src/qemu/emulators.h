/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Where emulators are and what architectures are called. Architectures are libvirt's words unless "target" is
 * said, which is QEMU's. */
const char *vb_arch_from_target(const char *target);
const char *vb_arch_host(void);
/* Whether one emulator serves both. */
bool vb_arch_same_target(const char *a, const char *b);

/* The path of the distribution's emulator for @arch: NULL and NO_EMULATOR, with where it was looked for.
 * Caller frees. */
char *vb_emulator_find(const char *arch, GError **error);
