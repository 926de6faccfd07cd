/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbusd.conf: what an administrator says about this host. */
#include "daemon/settings.h"

#include "util/error.h"

#define IDLE_SECONDS 30
#define IDLE_SECONDS_MAX (365 * 24 * 3600)

/* [service]: idle-timeout=SECONDS, or never. */
static bool read_service(GKeyFile *file, VbSettings *settings, GError **error)
{
        g_auto(GStrv) keys = g_key_file_get_keys(file, "service", NULL, NULL);
        g_autofree char *text = g_key_file_get_string(file, "service", "idle-timeout", NULL);
        guint64 seconds = IDLE_SECONDS;

        for (char **key = keys; key && *key; key++)
                if (!g_str_equal(*key, "idle-timeout"))
                        return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                            "[service]: %s= is not known; accepted: idle-timeout", *key);
        if (g_strcmp0(text, "never") == 0) {
                settings->idle_usec = VB_UNLIMITED;
                return true;
        }
        if (text && !g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, IDLE_SECONDS_MAX, &seconds, NULL))
                return vb_error_set(
                        error, VB_ERROR_INVALID_ARGS,
                        "[service]: idle-timeout=%s: it is a number of seconds, 1 at least, or never", text);
        settings->idle_usec = seconds * G_USEC_PER_SEC;
        return true;
}

static bool read_groups(GKeyFile *file, VbSettings *settings, GError **error)
{
        settings->networks = vb_networks_new(file, error);
        if (!settings->networks)
                return false;
        settings->limits = vb_limits_new(file, error);
        return settings->limits && read_service(file, settings, error);
}

bool vb_settings_read(const char *path, bool required, VbSettings *ret, GError **error)
{
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(GError) problem = NULL;
        VbSettings settings = { 0 };

        if ((!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem) &&
             (required || !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))))
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: %s", path, problem->message);
        g_clear_error(&problem);
        if (!read_groups(file, &settings, &problem)) {
                vb_settings_clear(&settings);
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: %s", path, problem->message);
        }
        *ret = settings;
        return true;
}

void vb_settings_clear(VbSettings *settings)
{
        g_clear_pointer(&settings->networks, vb_networks_free);
        g_clear_pointer(&settings->limits, vb_limits_free);
}
