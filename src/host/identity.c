/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of processes that the service starts. */
#include "host/identity.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "util/error.h"

/* What the kernel calls somebody whom it cannot name: the same everywhere. */
#define NOBODY 65534

#define BUFFER_SIZE (64 * 1024)

/* The last number means "none" to the kernel. */
#define NUMBER_MAX (UINT32_MAX - 1)

/* A line of an access list is 8 bytes: some thousand of them. */
#define ACL_SIZE_MAX (64 * 1024)

VbIdentity *vb_identity_new(uid_t uid, gid_t gid)
{
        VbIdentity *identity = g_new0(VbIdentity, 1);

        identity->uid = uid;
        identity->gid = identity->common_gid = gid;
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
        identity = vb_identity_new(uid, found->pw_gid);
        add_groups(identity, found->pw_name);
        return identity;
}

static bool find_user(const char *text, VbIdentity **ret, GError **error)
{
        g_autofree char *buffer = g_malloc(BUFFER_SIZE);
        struct passwd entry, *found = NULL;
        uint64_t number;

        if (text[0] == '+' && g_ascii_string_to_unsigned(text + 1, 10, 0, NUMBER_MAX, &number, NULL)) {
                *ret = vb_identity_new_for_uid((uid_t) number, NULL);
                if (!*ret)
                        *ret = vb_identity_new((uid_t) number, (gid_t) number);
                return true;
        }
        if (getpwnam_r(text, &entry, buffer, BUFFER_SIZE, &found) != 0 || !found)
                return vb_error_set(error, VB_ERROR_ACCESS_DENIED, "There is no user '%s'", text);
        *ret = vb_identity_new(found->pw_uid, found->pw_gid);
        add_groups(*ret, found->pw_name);
        return true;
}

static bool find_group(const char *text, gid_t *ret, GError **error)
{
        g_autofree char *buffer = g_malloc(BUFFER_SIZE);
        struct group entry, *found = NULL;
        uint64_t number;

        if (text[0] == '+' && g_ascii_string_to_unsigned(text + 1, 10, 0, NUMBER_MAX, &number, NULL)) {
                *ret = (gid_t) number;
                return true;
        }
        if (getgrnam_r(text, &entry, buffer, BUFFER_SIZE, &found) != 0 || !found)
                return vb_error_set(error, VB_ERROR_ACCESS_DENIED, "There is no group '%s'", text);
        *ret = found->gr_gid;
        return true;
}

VbIdentity *vb_identity_new_for_label(const char *label, GError **error)
{
        g_auto(GStrv) parts = g_strsplit(label, ":", 2);
        g_autoptr(VbIdentity) identity = NULL;

        if (!find_user(parts[0] ? parts[0] : "", &identity, error))
                return NULL;
        if (parts[1] && !find_group(parts[1], &identity->gid, error))
                return NULL;
        identity->common_gid = identity->gid;
        return g_steal_pointer(&identity);
}

VbIdentity *vb_identity_new_for_service(const char *name)
{
        g_autofree char *buffer = g_malloc(BUFFER_SIZE);
        struct passwd entry, *found = NULL;

        if (getpwnam_r(name, &entry, buffer, BUFFER_SIZE, &found) != 0 || !found || found->pw_uid == 0)
                return NULL;
        return vb_identity_new(found->pw_uid, found->pw_gid);
}

VbIdentity *vb_identity_new_nobody(void)
{
        return vb_identity_new(NOBODY, NOBODY);
}

VbIdentity *vb_identity_copy(const VbIdentity *identity)
{
        VbIdentity *copy = NULL;

        if (!identity)
                return NULL;
        copy = vb_identity_new(identity->uid, identity->gid);
        copy->groups = g_memdup2(identity->groups, identity->n_groups * sizeof(gid_t));
        copy->n_groups = identity->n_groups;
        copy->common_gid = identity->common_gid;
        return copy;
}

void vb_identity_free(VbIdentity *identity)
{
        if (!identity)
                return;
        g_free(identity->groups);
        g_free(identity);
}

static bool is_member(const VbIdentity *identity, gid_t group)
{
        if (identity->gid == group)
                return true;
        for (gsize i = 0; i < identity->n_groups; i++)
                if (identity->groups[i] == group)
                        return true;
        return false;
}

void vb_identity_add_group(VbIdentity *identity, gid_t group)
{
        if (is_member(identity, group))
                return;
        identity->groups = g_renew(gid_t, identity->groups, identity->n_groups + 1);
        identity->groups[identity->n_groups++] = group;
}

/* acl(5): the owner's line, then the user's own, then any of its groups', then the others'. */
static bool list_allows(const VbIdentity *identity, const struct stat *st, const char *value, gsize size,
                        unsigned need)
{
        const struct posix_acl_xattr_entry *lines =
                (const void *) (value + sizeof(struct posix_acl_xattr_header));
        gsize n = (size - sizeof(struct posix_acl_xattr_header)) / sizeof(*lines);
        bool in_group = false, group_may = false;
        unsigned mask = need, others = 0;

        for (gsize i = 0; i < n; i++)
                if (GUINT16_FROM_LE(lines[i].e_tag) == ACL_MASK)
                        mask = GUINT16_FROM_LE(lines[i].e_perm);
        for (gsize i = 0; i < n; i++) {
                unsigned may = GUINT16_FROM_LE(lines[i].e_perm);
                uint32_t id = GUINT32_FROM_LE(lines[i].e_id);

                switch (GUINT16_FROM_LE(lines[i].e_tag)) {
                case ACL_USER:
                        if (id == identity->uid)
                                return (may & mask & need) == need;
                        break;
                case ACL_GROUP_OBJ:
                        id = st->st_gid;
                        G_GNUC_FALLTHROUGH;
                case ACL_GROUP:
                        if (is_member(identity, id)) {
                                in_group = true;
                                group_may |= (may & mask & need) == need;
                        }
                        break;
                case ACL_OTHER:
                        others = may;
                        break;
                default:
                        break;
                }
        }
        return in_group ? group_may : (others & need) == need;
}

bool vb_identity_may(const VbIdentity *identity, const char *path, unsigned need)
{
        g_autofree char *value = g_malloc(ACL_SIZE_MAX);
        struct stat st;
        ssize_t size;

        if (stat(path, &st) < 0)
                return false;
        if (identity->uid == 0)
                return true;
        if (identity->uid == st.st_uid)
                return (st.st_mode >> 6 & need) == need;
        size = getxattr(path, "system.posix_acl_access", value, ACL_SIZE_MAX);
        if (size >= (ssize_t) sizeof(struct posix_acl_xattr_header))
                return list_allows(identity, &st, value, (gsize) size, need);
        return (st.st_mode >> (is_member(identity, st.st_gid) ? 3 : 0) & need) == need;
}

char *vb_identity_label(const VbIdentity *identity)
{
        return g_strdup_printf("+%u:+%u", (unsigned) identity->uid, (unsigned) identity->gid);
}

int vb_identity_assume(const VbIdentity *identity)
{
        struct __user_cap_header_struct self = { .version = _LINUX_CAPABILITY_VERSION_3 };
        const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

        /* A program that root executes gets what is in the bounding set. */
        for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
                if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL && identity->uid == 0)
                        return -errno;
        /* libc's own change all threads, and tell them by signals. */
        if (syscall(SYS_setgroups, identity->n_groups, identity->groups) < 0 ||
            syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) < 0 ||
            syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid) < 0)
                return -errno;
        /* What can be inherited outlives the change of user, and containers hand it to everybody. */
        if (syscall(SYS_capset, &self, none) < 0)
                return -errno;
        return 0;
}
