/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "bus/verbs.h"

/* Asks polkit who may do what. Nothing here blocks: polkit may wait for a person with a password. */
typedef struct VbAuthority VbAuthority;

/* polkit is on @bus, which must outlive it. */
VbAuthority *vb_authority_new(sd_bus *bus);
/* Questions under way end with ACCESS_DENIED before this returns. */
void vb_authority_free(VbAuthority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbAuthority, vb_authority_free)

/* What rules get to see beside the action, with the word of the verb. Texts are borrowed for the call, and
 * NULL where there is no domain or nothing of the host is used. */
typedef struct {
        const char *domain, *uuid;
        uid_t owner;
        const char *resource; /* which device, network or file, for the actions use-... */
} VbAuthorityDetails;

/* Who asks. */
typedef struct {
        const char *name; /* on the bus: the unique one */
        uid_t uid;
        GCancellable *gone; /* cancelled when it leaves the bus */
        bool interactive;   /* a person may be asked */
} VbAuthorityCaller;

/* NULL @error: granted. Otherwise ACCESS_DENIED, LIMITS_EXCEEDED, or AUTHORIZATION_REQUIRED where a person
 * could grant it and the caller did not let us ask. */
typedef void (*VbAuthorityDone)(const GError *error, void *userdata);

/* Whether the caller may do @verb, to a domain of @details->owner. @done is called once, and later. A caller
 * who leaves is denied at once, and whoever is asked for a password is asked no more. */
void vb_authority_check(VbAuthority *authority, const VbAuthorityCaller *caller, VbVerb verb,
                        const VbAuthorityDetails *details, VbAuthorityDone done, void *userdata);
