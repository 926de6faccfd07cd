/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbusd.conf: what an administrator says about this host. */
#include "daemon/settings.h"

#include "util/error.h"

VbNetworks *vb_settings_read(const char *path, bool required, GError **error)
{
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(GError) problem = NULL;
        VbNetworks *networks;

        if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem)) {
                if (!required && g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
                        return vb_networks_new(file, error);
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: %s", path, problem->message);
                return NULL;
        }
        networks = vb_networks_new(file, &problem);
        if (!networks)
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: %s", path, problem->message);
        return networks;
}
