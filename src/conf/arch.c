/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What architectures are called, and which emulator is for which. Definitions have libvirt's words, emulators
 * are called after QEMU's targets, whose names differ in a few cases. */
#include "conf/arch.h"

#include <glib.h>

/* Only where the two words differ. Of several architectures that share a target, one is what the target is
 * called. */
/* clang-format off */
static const struct {
        const char *arch, *target;
        bool called; /* the target is called that */
} arch_names[] = {
        { "i686", "i386", true },
        { "armv7l", "arm", true },
        { "ppc64le", "ppc64", false },
};
/* clang-format on */

/* Emulators whose processors start as those of an older architecture, and may stay that. */
/* clang-format off */
static const struct {
        const char *emulator_arch, *arch;
} supersets[] = {
        { "x86_64", "i686" },
        { "aarch64", "armv7l" },
};
/* clang-format on */

const char *vb_arch_from_target(const char *target)
{
        for (gsize i = 0; i < G_N_ELEMENTS(arch_names); i++)
                if (arch_names[i].called && g_str_equal(arch_names[i].target, target))
                        return arch_names[i].arch;
        return target;
}

const char *vb_arch_to_target(const char *arch)
{
        for (gsize i = 0; i < G_N_ELEMENTS(arch_names); i++)
                if (g_str_equal(arch_names[i].arch, arch))
                        return arch_names[i].target;
        return arch;
}

bool vb_arch_serves(const char *emulator_arch, const char *arch)
{
        if (g_str_equal(vb_arch_to_target(emulator_arch), vb_arch_to_target(arch)))
                return true;
        for (gsize i = 0; i < G_N_ELEMENTS(supersets); i++)
                if (g_str_equal(supersets[i].emulator_arch, emulator_arch) &&
                    g_str_equal(supersets[i].arch, arch))
                        return true;
        return false;
}
