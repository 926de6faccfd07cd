/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's command line. */
#include "daemon/options.h"

#include <stdlib.h>
#include <unistd.h>

#include "util/error.h"

/* Makes the directory that an override names, or the default below the base directory of the user or the system. */
static char *choose_directory(const char *override, bool user, const char *user_base, const char *system_path)
{
        if (override)
                return g_canonicalize_filename(override, NULL);
        return user ? g_build_filename(user_base, "virtbus", NULL) : g_strdup(system_path);
}

static bool check_choice(bool system, bool user, const char *address, GError **error)
{
        if (system + user + (address != NULL) > 1)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "--system, --user and --address exclude each other");
        return true;
}

bool vb_options_parse(int *argc, char ***argv, VbOptions *ret, GError **error)
{
        gboolean system = FALSE, user = FALSE, debug = FALSE, version = FALSE;
        g_autofree char *address = NULL, *state_dir = NULL, *runtime_dir = NULL, *cache_dir = NULL, *config = NULL;
        const GOptionEntry entries[] = {
                { "system", 0, 0, G_OPTION_ARG_NONE, &system, "Serve the system bus (the default)", NULL },
                { "user", 0, 0, G_OPTION_ARG_NONE, &user, "Serve the session bus, and this user alone", NULL },
                { "address", 0, 0, G_OPTION_ARG_STRING, &address, "Serve the bus at this address", "ADDRESS" },
                { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &state_dir, "Where definitions are kept", "DIRECTORY" },
                { "runtime-dir", 0, 0, G_OPTION_ARG_FILENAME, &runtime_dir, "Where running guests have their sockets",
                  "DIRECTORY" },
                { "cache-dir", 0, 0, G_OPTION_ARG_FILENAME, &cache_dir, "Where is kept what emulators were asked",
                  "DIRECTORY" },
                { "config", 0, 0, G_OPTION_ARG_FILENAME, &config, "The configuration file", "FILE" },
                { "debug", 0, 0, G_OPTION_ARG_NONE, &debug, "Log more", NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and leave", NULL },
                { 0 },
        };
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);
        bool own;

        g_option_context_set_summary(context, "Runs virtual machines for programs on D-Bus, as org.virtbus1.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, error) || !check_choice(system, user, address, error))
                return false;
        if (*argc > 1)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "'%s' is one argument too many", (*argv)[1]);
        /* On a bus of one's own an unprivileged user has no system directories either. */
        own = user || (address && geteuid() != 0);
        *ret = (VbOptions){
                .bus = address ? VB_BUS_ADDRESS : user ? VB_BUS_USER : VB_BUS_SYSTEM,
                .address = g_steal_pointer(&address),
                .state_dir = choose_directory(state_dir, own, g_get_user_state_dir(), "/var/lib/virtbus"),
                .runtime_dir = choose_directory(runtime_dir, own, g_get_user_runtime_dir(), "/run/virtbus"),
                .cache_dir = choose_directory(cache_dir, own, g_get_user_cache_dir(), "/var/cache/virtbus"),
                .config_required = config != NULL,
                .config = config ? g_canonicalize_filename(config, NULL)
                                 : g_build_filename(own ? g_get_user_config_dir() : "/etc", "virtbus", "virtbusd.conf",
                                                    NULL),
                .debug = debug,
                .version = version,
        };
        return true;
}

void vb_options_clear(VbOptions *options)
{
        g_free(options->address);
        g_free(options->state_dir);
        g_free(options->runtime_dir);
        g_free(options->cache_dir);
        g_free(options->config);
}
