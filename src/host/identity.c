/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of processes that the service starts. */
#include "host/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/error.h"

/* What the kernel calls somebody whom it cannot name: the same everywhere. */
#define NOBODY 65534

#define BUFFER_SIZE (64 * 1024)

static VbIdentity *identity_new(uid_t uid, gid_t gid)
{
        VbIdentity *identity = g_new0(VbIdentity, 1);

        identity->uid = uid;
        identity->gid = gid;
        return identity;
}

static void add_groups(VbIdentity *identity, const char *name)
{
        int n = 64;

        /* The second time it is as large as it has to be. */
        for (int i = 0; i < 2; i++) {
                identity->groups = g_renew(gid_t, identity->groups, (gsize) n);
                if (getgrouplist(name, identity->gid, identity->groups, &n) >= 0)
                        break;
        }
        identity->n_groups = (gsize) n;
}

VbIdentity *vb_identity_new_for_uid(uid_t uid, GError **error)
{
        g_autofree char *buffer = g_malloc(BUFFER_SIZE);
        struct passwd entry, *found = NULL;
        int r = getpwuid_r(uid, &entry, buffer, BUFFER_SIZE, &found);
        VbIdentity *identity = NULL;

        if (r != 0 || !found) {
                if (r != 0)
                        vb_error_set_errno(error, VB_ERROR_ACCESS_DENIED, r, "User %u cannot be looked up",
                                           (unsigned) uid);
                else
                        vb_error_set(error, VB_ERROR_ACCESS_DENIED, "There is no user %u", (unsigned) uid);
                return NULL;
        }
        identity = identity_new(uid, found->pw_gid);
        add_groups(identity, found->pw_name);
        return identity;
}

VbIdentity *vb_identity_new_for_service(const char *name)
{
        g_autofree char *buffer = g_malloc(BUFFER_SIZE);
        struct passwd entry, *found = NULL;

        if (getpwnam_r(name, &entry, buffer, BUFFER_SIZE, &found) != 0 || !found || found->pw_uid == 0)
                return NULL;
        return identity_new(found->pw_uid, found->pw_gid);
}

VbIdentity *vb_identity_new_nobody(void)
{
        return identity_new(NOBODY, NOBODY);
}

VbIdentity *vb_identity_copy(const VbIdentity *identity)
{
        VbIdentity *copy = NULL;

        if (!identity)
                return NULL;
        copy = identity_new(identity->uid, identity->gid);
        copy->groups = g_memdup2(identity->groups, identity->n_groups * sizeof(gid_t));
        copy->n_groups = identity->n_groups;
        return copy;
}

void vb_identity_free(VbIdentity *identity)
{
        if (!identity)
                return;
        g_free(identity->groups);
        g_free(identity);
}

int vb_identity_assume(const VbIdentity *identity)
{
        /* libc's own change all threads, and tell them by signals. */
        if (syscall(SYS_setgroups, identity->n_groups, identity->groups) < 0 ||
            syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) < 0 ||
            syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid) < 0)
                return -errno;
        return 0;
}
