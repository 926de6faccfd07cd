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

/* An entry of the user database; a group names all its members. */
#define BUFFER_SIZE (64 * 1024)
#define BUFFER_SIZE_MAX (16 * 1024 * 1024)

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

typedef union {
        struct passwd user;
        struct group group;
} Entry;

typedef int (*Ask)(const void *key, Entry *entry, char *buffer, size_t size, bool *ret_found);

static int ask_uid(const void *key, Entry *entry, char *buffer, size_t size, bool *ret_found)
{
        struct passwd *found = NULL;
        int r = getpwuid_r(*(const uid_t *) key, &entry->user, buffer, size, &found);

        *ret_found = found;
        return r;
}

static int ask_user(const void *key, Entry *entry, char *buffer, size_t size, bool *ret_found)
{
        struct passwd *found = NULL;
        int r = getpwnam_r(key, &entry->user, buffer, size, &found);

        *ret_found = found;
        return r;
}

static int ask_group(const void *key, Entry *entry, char *buffer, size_t size, bool *ret_found)
{
        struct group *found = NULL;
        int r = getgrnam_r(key, &entry->group, buffer, size, &found);

        *ret_found = found;
        return r;
}

/* 1 if it is there, 0 if not, else -errno: the database cannot be asked. What @ret points to is in *@buffer,
 * which the caller frees. */
static int look_up(Ask ask, const void *key, Entry *ret, char **buffer)
{
        for (size_t size = BUFFER_SIZE; size <= BUFFER_SIZE_MAX; size *= 4) {
                bool found = false;
                int r;

                *buffer = g_realloc(*buffer, size);
                r = ask(key, ret, *buffer, size, &found);
                if (r == ERANGE)
                        continue;
                /* What databases say that have no such entry (getpwnam(3)). */
                return found ? 1 : r == 0 || r == ENOENT || r == ESRCH ? 0 : -r;
        }
        return -ERANGE;
}

static void add_groups(VbIdentity *identity, const char *name)
{
        int n = 64, size;

        /* It says how many there are, which may be more when it is asked again. */
        do {
                size = n;
                identity->groups = g_renew(gid_t, identity->groups, (gsize) size);
        } while (getgrouplist(name, identity->gid, identity->groups, &n) < 0 && n > size);
        identity->n_groups = (gsize) MIN(n, size);
}

VbIdentity *vb_identity_new_for_uid(uid_t uid, GError **error)
{
        g_autofree char *buffer = NULL;
        VbIdentity *identity = NULL;
        Entry found;
        int r = look_up(ask_uid, &uid, &found, &buffer);

        if (r <= 0) {
                if (r < 0)
                        vb_error_set_errno(error, VB_ERROR_ACCESS_DENIED, -r, "User %u cannot be looked up",
                                           (unsigned) uid);
                else
                        vb_error_set(error, VB_ERROR_ACCESS_DENIED, "There is no user %u", (unsigned) uid);
                return NULL;
        }
        identity = vb_identity_new(uid, found.user.pw_gid);
        add_groups(identity, found.user.pw_name);
        return identity;
}

static bool read_number(const char *text, uint64_t *ret)
{
        return text[0] == '+' && g_ascii_string_to_unsigned(text + 1, 10, 0, NUMBER_MAX, ret, NULL);
}

static bool find_user(const char *text, VbIdentity **ret, GError **error)
{
        g_autofree char *buffer = NULL;
        uint64_t number = 0;
        bool numbered = read_number(text, &number);
        uid_t uid = (uid_t) number;
        Entry found;
        int r = numbered ? look_up(ask_uid, &uid, &found, &buffer) : look_up(ask_user, text, &found, &buffer);

        if (r < 0)
                return vb_error_set_errno(error, VB_ERROR_ACCESS_DENIED, -r, "User '%s' cannot be looked up",
                                          text);
        if (r == 0 && !numbered)
                return vb_error_set(error, VB_ERROR_ACCESS_DENIED, "There is no user '%s'", text);
        *ret = r > 0 ? vb_identity_new(found.user.pw_uid, found.user.pw_gid)
                     : vb_identity_new(uid, (gid_t) uid);
        if (r > 0)
                add_groups(*ret, found.user.pw_name);
        return true;
}

static bool find_group(const char *text, gid_t *ret, GError **error)
{
        g_autofree char *buffer = NULL;
        uint64_t number;
        Entry found;
        int r;

        if (read_number(text, &number)) {
                *ret = (gid_t) number;
                return true;
        }
        r = look_up(ask_group, text, &found, &buffer);
        if (r < 0)
                return vb_error_set_errno(error, VB_ERROR_ACCESS_DENIED, -r, "Group '%s' cannot be looked up",
                                          text);
        if (r == 0)
                return vb_error_set(error, VB_ERROR_ACCESS_DENIED, "There is no group '%s'", text);
        *ret = found.group.gr_gid;
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
        g_autofree char *buffer = NULL;
        Entry found;

        if (look_up(ask_user, name, &found, &buffer) <= 0 || found.user.pw_uid == 0)
                return NULL;
        return vb_identity_new(found.user.pw_uid, found.user.pw_gid);
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

bool vb_user_is_trusted(uid_t uid)
{
        return uid == 0 || uid == geteuid();
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
