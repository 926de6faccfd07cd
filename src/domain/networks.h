/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What the names in <source network=''/> mean on this host: the groups [network NAME] of the service's
 * configuration, each with one of
 *   bridge=DEVICE                  a bridge
 *   direct=DEVICE and mode=MODE    a network card, shared by macvtap: vepa (the default), bridge, private,
 *                                  passthrough
 *   user=yes                       the emulator's user-mode network
 * "default" is user-mode where nothing else is said. */
typedef enum { VB_NETWORK_USER, VB_NETWORK_BRIDGE, VB_NETWORK_DIRECT } VbNetworkKind;

typedef struct {
        VbNetworkKind kind;
        char *device;
        char *mode; /* NULL: vepa */
} VbNetwork;

typedef struct VbNetworks VbNetworks;

/* INVALID_ARGS with the group and the key for what cannot be understood. */
VbNetworks *vb_networks_new(GKeyFile *file, GError **error);
/* Nothing of them changes: another thread may have a reference. NULL stays NULL. */
VbNetworks *vb_networks_ref(VbNetworks *networks);
void vb_networks_unref(VbNetworks *networks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbNetworks, vb_networks_unref)

/* Whether @name is "default", and nothing is configured for it. */
bool vb_networks_is_builtin(const VbNetworks *networks, const char *name);

/* NULL where nobody says what @name is. @networks may be NULL. */
const VbNetwork *vb_networks_find(const VbNetworks *networks, const char *name);
