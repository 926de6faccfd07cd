/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbusd.conf: what an administrator says about this host. */
#include "daemon/settings.h"

#include <unistd.h>

#include "util/error.h"

#define IDLE_SECONDS 30
/* The last of all numbers means nobody to the kernel. */
#define UID_MAX (UINT32_MAX - 1)

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

static bool get_uid(GKeyFile *file, const char *key, uid_t *uid, GError **error)
{
        g_autofree char *text = g_key_file_get_string(file, "identities", key, NULL);
        uint64_t value;

        if (!text)
                return true;
        if (!g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, UID_MAX, &value, NULL))
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "[identities]: %s=%s: it is the number of a user, from 1 to %u", key,
                                    text, UID_MAX);
        *uid = (uid_t) value;
        return true;
}

/* [identities]: first-uid=NUMBER and last-uid=NUMBER, the users that root's domains are. */
static bool read_identities(GKeyFile *file, VbSettings *settings, GError **error)
{
        g_auto(GStrv) keys = g_key_file_get_keys(file, "identities", NULL, NULL);
        uid_t first = VB_UID_POOL_FIRST, last = VB_UID_POOL_LAST;

        for (char **key = keys; key && *key; key++)
                if (!g_str_equal(*key, "first-uid") && !g_str_equal(*key, "last-uid"))
                        return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                            "[identities]: %s= is not known; accepted: first-uid, last-uid",
                                            *key);
        if (!get_uid(file, "first-uid", &first, error) || !get_uid(file, "last-uid", &last, error))
                return false;
        if (last <= first)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "[identities]: last-uid=%u: it is to be greater than first-uid=%u",
                                    (unsigned) last, (unsigned) first);
        if (geteuid() == 0)
                settings->uids = vb_uid_pool_new(first, last);
        return true;
}

static bool read_groups(GKeyFile *file, VbSettings *settings, GError **error)
{
        settings->networks = vb_networks_new(file, error);
        if (!settings->networks)
                return false;
        settings->limits = vb_limits_new(file, error);
        return settings->limits && read_identities(file, settings, error) &&
               read_service(file, settings, error);
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
        g_clear_pointer(&settings->networks, vb_networks_unref);
        g_clear_pointer(&settings->limits, vb_limits_free);
        g_clear_pointer(&settings->uids, vb_uid_pool_free);
}
