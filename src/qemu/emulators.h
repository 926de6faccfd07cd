/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where emulators are, by architecture in libvirt's words. */

/* What this host is, which is libvirt's word too. */
const char *vb_arch_host(void);

/* The path of the distribution's emulator for @arch: NULL and NO_EMULATOR, with where it was looked for.
 * Caller frees. */
char *vb_emulator_find(const char *arch, GError **error);

/* The paths of all emulators that are where distributions put them, one for each target, sorted. */
GPtrArray *vb_emulator_list(void);
/* The architecture that an emulator of that path is for by its name, which is borrowed from @path or static. */
const char *vb_arch_of_emulator(const char *path);
