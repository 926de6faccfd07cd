/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owners, groups and modes of files, for the user that a domain of root's runs as. As text:
 * "+UID:+GID:0MODE", with ":" and the access list (base64) where a file had one. What it writes alone
 * becomes its own; what others use too becomes a common group's; what all may read stays as it is. A user's
 * domain opens its files with the user's own rights, and nothing is done to them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/label-models.h"
#include "util/error.h"

#define LIST "system.posix_acl_access"
/* Of hundreds of users. */
#define LIST_SIZE_MAX 2048
/* Stands for one that is longer: it stays as it is then. */
#define LIST_UNKNOWN "?"

static bool probe(void)
{
        return geteuid() == 0;
}

/* Who that is has been decided before (domain/provide-identity.c), and the wish with it. */
static bool choose(VbLabel *label, const VbLabelWish *wish, GError **error)
{
        const VbIdentity *identity = label->subject->identity;

        if (!identity)
                return true;
        label->process = vb_identity_label(identity);
        if (label->subject->owner == 0 && label->relabel)
                label->file = g_strdup(label->process);
        return true;
}

static char *format(uid_t uid, gid_t gid, mode_t mode)
{
        return g_strdup_printf("+%u:+%u:0%03o", (unsigned) uid, (unsigned) gid, (unsigned) mode & 07777);
}

static char *target_for(const VbIdentity *identity, const VbLabelFile *file, const struct stat *st)
{
        if (identity->uid == 0)
                return NULL;
        switch (file->access) {
        case VB_LABEL_READ_ONLY:
                return st->st_mode & S_IROTH
                               ? NULL
                               : format(st->st_uid, identity->common_gid, st->st_mode | S_IRGRP);
        case VB_LABEL_SHARED:
                return format(st->st_uid, identity->common_gid, st->st_mode | S_IRGRP | S_IWGRP);
        case VB_LABEL_READ_WRITE:
                return format(identity->uid, identity->gid, st->st_mode | S_IRUSR | S_IWUSR);
        }
        return NULL;
}

static char *target(const VbLabel *label, const VbLabelFile *file)
{
        const char *override = vb_label_file_override(file, "dac");
        g_autoptr(VbIdentity) other = override ? vb_identity_new_for_label(override, NULL) : NULL;
        const VbIdentity *identity = label->subject->identity;
        struct stat st;

        /* Of a file that is not there, or cannot be looked at, the emulator has the last word. */
        if (!identity || stat(file->path, &st) < 0)
                return NULL;
        if (override)
                return other ? format(other->uid, other->gid, st.st_mode) : NULL;
        return target_for(identity, file, &st);
}

/* A node's list is udev's and logind's, who change it while it is lent. */
static char *get_list(const char *path, const struct stat *st)
{
        guchar list[LIST_SIZE_MAX];
        ssize_t length;

        length = S_ISREG(st->st_mode) ? getxattr(path, LIST, list, sizeof list) : 0;
        if (length <= 0)
                return length < 0 && errno == ERANGE ? g_strdup(LIST_UNKNOWN) : NULL;
        return g_base64_encode(list, (gsize) length);
}

static char *get(int fd)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        g_autofree char *list = NULL, *plain = NULL;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return NULL;
        plain = format(st.st_uid, st.st_gid, st.st_mode);
        list = get_list(path, &st);
        return list ? g_strconcat(plain, ":", list, NULL) : g_steal_pointer(&plain);
}

/* Who owned it may have let others in, for later. */
static int set_list(const char *path, const char *text)
{
        g_autofree guchar *list = NULL;
        gsize length;

        if (g_strcmp0(text, LIST_UNKNOWN) == 0)
                return 0;
        if (!text)
                return removexattr(path, LIST) < 0 && errno != ENODATA && errno != EOPNOTSUPP ? -errno : 0;
        list = g_base64_decode(text, &length);
        return setxattr(path, LIST, list, length, 0) < 0 ? -errno : 0;
}

/* What belongs to the guest it can give another mode, another of its groups, and a list. */
static bool is_lent(const char *current, const char *target, const char *original)
{
        unsigned now[3] = { 0 }, lent[3] = { 0 }, before;
        int n = sscanf(target, "+%u:+%u:%o", &lent[0], &lent[1], &lent[2]);

        if (n < 2 || sscanf(current, "+%u:+%u:%o", &now[0], &now[1], &now[2]) < n || now[0] != lent[0] ||
            sscanf(original, "+%u:", &before) != 1)
                return false;
        return now[0] != before || (now[1] == lent[1] && (n == 2 || now[2] == lent[2]));
}

static int set(int fd, const char *text)
{
        unsigned uid, gid, mode;
        char path[32];
        int n = sscanf(text, "+%u:+%u:%o", &uid, &gid, &mode);

        if (n < 2)
                return -EINVAL;
        if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
                return -errno;
        /* It may be open as a path only. */
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        return n == 3 && chmod(path, mode & 07777) < 0 ? -errno : 0;
}

static int give_back(int fd, const char *original)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        g_auto(GStrv) fields = g_strsplit(original, ":", 4);
        struct stat st;
        int r = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISREG(st.st_mode))
                r = set_list(path, g_strv_length(fields) == 4 ? fields[3] : NULL);
        return r < 0 ? r : set(fd, original);
}

static bool check_way(const VbIdentity *identity, const char *path, GError **error)
{
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                g_autofree char *directory = g_strndup(path, MAX((gsize) (slash - path), 1));
                struct stat st;

                if (stat(directory, &st) < 0)
                        return true;
                if (!vb_identity_may(identity, directory, X_OK))
                        return vb_error_set(
                                error, VB_ERROR_SECURITY_LABEL,
                                "The user %u, that the domain runs as, cannot reach %s: %s (mode %04o, "
                                "of user %u) does not let it through. Let it (chmod o+x), or put the "
                                "file elsewhere",
                                (unsigned) identity->uid, path, directory, (unsigned) st.st_mode & 07777,
                                (unsigned) st.st_uid);
        }
        return true;
}

/* What keeps an emulator from its files is better said here than by it. */
static bool prepare(VbLabel *label, const GPtrArray *files, GError **error)
{
        const VbLabelSubject *subject = label->subject;

        for (guint i = 0; subject->identity && subject->owner == 0 && i < files->len; i++)
                if (!check_way(subject->identity, ((const VbLabelFile *) files->pdata[i])->path, error))
                        return false;
        return true;
}

const VbLabelModel vb_label_model_dac = {
        .name = "dac",
        .probe = probe,
        .choose = choose,
        .prepare = prepare,
        .target = target,
        .get = get,
        .set = set,
        .give_back = give_back,
        .is_lent = is_lent,
};
