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
        gid_t common_gid; /* of those who share its files; `gid` where there is no other */
} VbIdentity;

/* A user with its groups. ACCESS_DENIED if there is no such user, or nobody can be asked for it. */
VbIdentity *vb_identity_new_for_uid(uid_t uid, GError **error);
/* A system user, with its own group and no other; NULL if there is none of that name. */
VbIdentity *vb_identity_new_for_service(const char *name);
/* The one that a label of users names, "USER:GROUP" or "USER", each a name or "+" and a number; a user who is
 * looked up is in his groups. ACCESS_DENIED, also for what is no such label. */
VbIdentity *vb_identity_new_for_label(const char *label, GError **error);
/* One that no user database knows, with no groups. */
VbIdentity *vb_identity_new(uid_t uid, gid_t gid);
/* The one that owns nothing. */
VbIdentity *vb_identity_new_nobody(void);
VbIdentity *vb_identity_copy(const VbIdentity *identity);
void vb_identity_free(VbIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbIdentity, vb_identity_free)

/* Root, or the user that we run as, who could do all that we can without us. */
bool vb_user_is_trusted(uid_t uid);

/* In one more group; nothing where it is in it. */
void vb_identity_add_group(VbIdentity *identity, gid_t group);
/* Whether it may do @need (R_OK, W_OK and X_OK) with @path: by its owner, groups and access list, without
 * looking at the way there. False also where there is none. */
bool vb_identity_may(const VbIdentity *identity, const char *path, unsigned need);
/* As a label, "+1000:+1000". Caller frees. */
char *vb_identity_label(const VbIdentity *identity);

/* Becomes it, without any capability even as root: 0 or -errno. Only system calls, of this thread alone: for a
 * child that executes next. */
int vb_identity_assume(const VbIdentity *identity);
