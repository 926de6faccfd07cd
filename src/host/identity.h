/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Who a process is. Looking one up asks the user database, which may be on the network: only on a thread. */
typedef struct {
        uid_t uid;
        gid_t gid;
        gid_t *groups; /* supplementary */
        gsize n_groups;
} VbIdentity;

/* A user with its groups. ACCESS_DENIED if there is no such user. */
VbIdentity *vb_identity_new_for_uid(uid_t uid, GError **error);
/* A system user, with its own group and no other; NULL if there is none of that name. */
VbIdentity *vb_identity_new_for_service(const char *name);
/* The one that owns nothing. */
VbIdentity *vb_identity_new_nobody(void);
VbIdentity *vb_identity_copy(const VbIdentity *identity);
void vb_identity_free(VbIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbIdentity, vb_identity_free)

/* Becomes it: 0 or -errno. Only system calls, of this thread alone: for the child of vfork(). */
int vb_identity_assume(const VbIdentity *identity);
