/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/identity.h"

/* Looks an identity up on a thread: the user database may be on the network. */
typedef struct VbIdentityQuery VbIdentityQuery;

/* @identity is the receiver's; NULL with @error (ACCESS_DENIED) if there is no such user. */
typedef void (*VbIdentityDone)(VbIdentity *identity, const GError *error, void *userdata);

/* Asks for the user that @label names (see vb_identity_new_for_label()), or, if that is NULL, for @uid. @done
 * comes from the main loop, once. */
VbIdentityQuery *vb_identity_query(uid_t uid, const char *label, VbIdentityDone done, void *userdata);
/* @done will not be called. NULL is allowed. */
void vb_identity_query_cancel(VbIdentityQuery *query);
