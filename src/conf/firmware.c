/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container of what is known of installed firmware, and which machine it is for. */
#include "conf/firmware.h"

static void target_free(gpointer data)
{
        VbFirmwareTarget *target = data;

        g_free(target->arch);
        g_strfreev(target->machines);
        g_free(target);
}

VbFirmware *vb_firmware_new(void)
{
        VbFirmware *firmware = g_new0(VbFirmware, 1);

        firmware->targets = g_ptr_array_new_with_free_func(target_free);
        return firmware;
}

void vb_firmware_free(VbFirmware *firmware)
{
        if (!firmware)
                return;
        g_free(firmware->path);
        g_free(firmware->template);
        g_ptr_array_unref(firmware->targets);
        g_free(firmware);
}

void vb_firmware_add_target(VbFirmware *firmware, const char *arch, char **machines)
{
        VbFirmwareTarget *target = g_new0(VbFirmwareTarget, 1);

        target->arch = g_strdup(arch);
        target->machines = g_strdupv(machines);
        g_ptr_array_add(firmware->targets, target);
}

bool vb_firmware_fits(const VbFirmware *firmware, const char *arch, const char *machine)
{
        for (guint i = 0; i < firmware->targets->len; i++) {
                const VbFirmwareTarget *target = g_ptr_array_index(firmware->targets, i);

                if (!g_str_equal(target->arch, arch))
                        continue;
                for (char **pattern = target->machines; *pattern; pattern++)
                        if (g_pattern_match_simple(*pattern, machine))
                                return true;
        }
        return false;
}

const VbFirmware *vb_firmware_find_path(const GPtrArray *firmware, const char *path)
{
        for (guint i = 0; firmware && i < firmware->len; i++) {
                const VbFirmware *one = g_ptr_array_index(firmware, i);

                if (g_str_equal(one->path, path))
                        return one;
        }
        return NULL;
}
