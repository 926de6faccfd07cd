/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owners, groups and modes of files, for the user that a domain of root's runs as. As text:
 * "+UID:+GID:0MODE". What it writes alone becomes its own; what others use too becomes a common group's; what
 * all may read stays as it is. A user's domain opens its files with the user's own rights, and nothing is
 * done to them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/label-models.h"
#include "util/error.h"

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

static char *get(int fd)
{
        struct stat st;

        return fstat(fd, &st) < 0 ? NULL : format(st.st_uid, st.st_gid, st.st_mode);
}

/* What belongs to the guest it can give another mode, and another of its groups. */
static bool is_lent(const char *current, const char *target, const char *original)
{
        unsigned now, lent, before;

        return sscanf(current, "+%u:", &now) == 1 && sscanf(target, "+%u:", &lent) == 1 &&
               sscanf(original, "+%u:", &before) == 1 && now == lent && lent != before;
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
        .is_lent = is_lent,
};
