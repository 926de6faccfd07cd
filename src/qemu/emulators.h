/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Where emulators are and what architectures are called. Architectures are libvirt's words unless "target" is
 * said, which is QEMU's. */
const char *vb_arch_from_target(const char *target);
const char *vb_arch_host(void);
/* Whether an emulator that calls itself one for @emulator_arch runs guests of @arch. */
bool vb_arch_serves(const char *emulator_arch, const char *arch);

/* The path of the distribution's emulator for @arch: NULL and NO_EMULATOR, with where it was looked for.
 * Caller frees. */
char *vb_emulator_find(const char *arch, GError **error);

/* The paths of all emulators that are where distributions put them, one for each target, sorted. */
GPtrArray *vb_emulator_list(void);
/* The architecture that an emulator of that path is for by its name, which is borrowed from @path or static. */
const char *vb_arch_of_emulator(const char *path);
