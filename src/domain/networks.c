/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks by name. There is no service for virtual networks here: a name stands for something of the host's.
 */
#include "domain/networks.h"

#include <string.h>

#include "util/error.h"

#define GROUP_PREFIX "network "
#define DEFAULT "default"

struct VbNetworks {
        gatomicrefcount references;
        GHashTable *by_name; /* char * -> VbNetwork * */
};

static const VbNetwork user_network = { .kind = VB_NETWORK_USER };

static void network_free(gpointer data)
{
        VbNetwork *network = data;

        g_free(network->device);
        g_free(network->mode);
        g_free(network);
}

static bool check_keys(GKeyFile *file, const char *group, GError **error)
{
        static const char *const known[] = { "bridge", "direct", "mode", "user", NULL };
        g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

        for (char **key = keys; key && *key; key++)
                if (!g_strv_contains(known, *key))
                        return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                            "[%s]: %s= is not known; accepted: bridge, direct, mode, user",
                                            group, *key);
        return true;
}

static bool read_network(VbNetwork *network, GKeyFile *file, const char *group, GError **error)
{
        static const char *const modes[] = { "vepa", "bridge", "private", "passthrough", NULL };
        g_autofree char *bridge = g_key_file_get_string(file, group, "bridge", NULL);
        g_autofree char *direct = g_key_file_get_string(file, group, "direct", NULL);
        g_autofree char *user = g_key_file_get_string(file, group, "user", NULL);

        if ((bridge != NULL) + (direct != NULL) + (user != NULL) != 1)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                    "[%s]: one of bridge=, direct= and user= says what it is", group);
        if (user && !g_str_equal(user, "yes"))
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "[%s]: user=%s: it can only be yes", group,
                                    user);
        if ((bridge && !*bridge) || (direct && !*direct))
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "[%s]: the name of a device is missing",
                                    group);
        network->mode = g_key_file_get_string(file, group, "mode", NULL);
        if (network->mode && (!direct || !g_strv_contains(modes, network->mode)))
                return vb_error_set(
                        error, VB_ERROR_INVALID_ARGS,
                        "[%s]: mode=%s: it goes with direct=, and is vepa, bridge, private or passthrough",
                        group, network->mode);
        network->kind = bridge ? VB_NETWORK_BRIDGE : direct ? VB_NETWORK_DIRECT : VB_NETWORK_USER;
        network->device = bridge ? g_steal_pointer(&bridge) : g_steal_pointer(&direct);
        return true;
}

/* Groups of the same file that are read elsewhere. */
static bool is_of_others(const char *group)
{
        return g_str_equal(group, "limits") || g_str_has_prefix(group, "limits ") ||
               g_str_equal(group, "service") || g_str_equal(group, "identities");
}

VbNetworks *vb_networks_new(GKeyFile *file, GError **error)
{
        g_autoptr(VbNetworks) networks = g_new0(VbNetworks, 1);
        g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

        g_atomic_ref_count_init(&networks->references);
        networks->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, network_free);
        for (char **group = groups; *group; group++) {
                VbNetwork *network;

                if (is_of_others(*group))
                        continue;

                if (!g_str_has_prefix(*group, GROUP_PREFIX) || (*group)[strlen(GROUP_PREFIX)] == '\0') {
                        vb_error_set(error, VB_ERROR_INVALID_ARGS,
                                     "[%s] is not known; accepted: [network NAME], [limits], [limits USER], "
                                     "[identities], [service]",
                                     *group);
                        return NULL;
                }
                network = g_new0(VbNetwork, 1);
                g_hash_table_replace(networks->by_name, g_strdup(*group + strlen(GROUP_PREFIX)), network);
                if (!check_keys(file, *group, error) || !read_network(network, file, *group, error))
                        return NULL;
        }
        return g_steal_pointer(&networks);
}

VbNetworks *vb_networks_ref(VbNetworks *networks)
{
        if (networks)
                g_atomic_ref_count_inc(&networks->references);
        return networks;
}

void vb_networks_unref(VbNetworks *networks)
{
        if (!networks || !g_atomic_ref_count_dec(&networks->references))
                return;
        g_hash_table_unref(networks->by_name);
        g_free(networks);
}

const VbNetwork *vb_networks_find(const VbNetworks *networks, const char *name)
{
        const VbNetwork *network = networks ? g_hash_table_lookup(networks->by_name, name) : NULL;

        return network || !g_str_equal(name, DEFAULT) ? network : &user_network;
}

bool vb_networks_is_builtin(const VbNetworks *networks, const char *name)
{
        return vb_networks_find(networks, name) == &user_network;
}
