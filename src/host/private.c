/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory of what a domain keeps. All is reached from descriptors, and no link is followed. */
#include "host/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Some files, and some in a directory of each program's own. They are given in the loop, and however many a
 * guest makes shall not hold it up. */
#define ENTRIES_MAX 256
#define DEPTH_MAX 8

static int open_made(int at, const char *name)
{
        int fd;

        if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(at, name, DIRECTORY);
        return fd < 0 ? -errno : fd;
}

/* Whoever the domain's processes are goes through here, and sees nothing of it. */
static int let_through(int dir)
{
        struct stat st;

        if (fstat(dir, &st) < 0)
                return -errno;
        if ((st.st_mode & 0011) != 0011 && fchmod(dir, (st.st_mode & 07777) | 0011) < 0)
                return -errno;
        return 0;
}

/* 0 or -errno, which ends the walk. */
typedef int (*Visit)(int fd, const struct stat *st, void *userdata);

typedef struct {
        Visit visit;
        void *userdata;
        unsigned n_left; /* entries that may still be looked at */
} Walk;

static int open_entry(int dir, const char *name, int flags)
{
        struct open_how how = { .flags = (unsigned) (flags | O_NOFOLLOW | O_CLOEXEC),
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };
        int fd = (int) syscall(SYS_openat2, dir, name, &how, sizeof how);

        return fd < 0 ? -errno : fd;
}

static int walk_below(Walk *walk, int dir, unsigned depth);

/* A file with several names may be somebody else's too; what is mounted there is nobody's but the
 * administrator's. */
static int walk_entry(Walk *walk, int dir, const char *name, unsigned depth)
{
        vb_autoclose int fd = open_entry(dir, name, O_PATH);
        struct stat st;

        if (walk->n_left-- == 0)
                return -E2BIG;
        if (fd == -EXDEV)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return fd < 0 ? fd : -errno;
        if (S_ISDIR(st.st_mode)) {
                vb_autoclose int below = open_entry(dir, name, O_RDONLY | O_DIRECTORY);
                int r = below < 0 ? below : walk_below(walk, below, depth + 1);

                if (r < 0)
                        return r;
        } else if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
                return 0;
        }
        return walk->visit(fd, &st, walk->userdata);
}

static int walk_below(Walk *walk, int dir, unsigned depth)
{
        vb_autoclose int copy = openat(dir, ".", DIRECTORY);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);
        struct dirent *entry;
        int r = depth > DEPTH_MAX ? -ELOOP : 0;

        if (!entries)
                return -errno;
        (void) vb_steal_fd(&copy);
        while (r == 0 && (entry = readdir(entries)))
                if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
                        r = walk_entry(walk, dir, entry->d_name, depth);
        closedir(entries);
        return r;
}

static int walk_all(int dir, Visit visit, void *userdata)
{
        Walk walk = { .visit = visit, .userdata = userdata, .n_left = ENTRIES_MAX };

        return walk_below(&walk, dir, 0);
}

static int give_entry(int fd, const struct stat *st, void *userdata)
{
        const VbIdentity *identity = userdata;

        return fchownat(fd, "", identity->uid, identity->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int add_size(int fd, const struct stat *st, void *userdata)
{
        uint64_t *size = userdata;

        *size += (uint64_t) st->st_blocks * 512;
        return 0;
}

/* What its processes write while they run is theirs to limit; what has come of it is measured before the next
 * ones get it. */
static int check_size(int dir, uint64_t max, uint64_t *ret)
{
        int r;

        *ret = 0;
        r = walk_all(dir, add_size, ret);
        return r < 0 ? r : *ret > max ? -EDQUOT : 0;
}

static int give_top(int dir, uid_t uid, gid_t gid)
{
        return fchown(dir, uid, gid) < 0 || fchmod(dir, 0700) < 0 ? -errno : 0;
}

/* What the last run has left is given first, while nobody else gets there; so one that is theirs already was
 * given whole. */
static int give(int dir, const VbIdentity *identity)
{
        struct stat st;
        int r = 0;

        if (fstat(dir, &st) < 0)
                return -errno;
        if (st.st_uid != identity->uid || st.st_gid != identity->gid) {
                r = give_top(dir, geteuid(), getegid());
                if (r == 0)
                        r = walk_all(dir, give_entry, (void *) identity);
        }
        return r < 0 ? r : give_top(dir, identity->uid, identity->gid);
}

static int fail(int errnum, uint32_t id, uint64_t size, uint64_t max, GError **error)
{
        if (errnum == EDQUOT && size > 0)
                vb_error_set(error, VB_ERROR_STORAGE,
                             "the directory domains/%u/private holds %" G_GUINT64_FORMAT
                             " bytes, and a domain may keep %" G_GUINT64_FORMAT
                             "; remove from it what the domain's firmware and TPM do not keep there",
                             id, size, max);
        else if (errnum == E2BIG || errnum == ELOOP)
                vb_error_set(error, VB_ERROR_STORAGE,
                             "the directory domains/%u/private has more than %d files and folders in it, or "
                             "folders more than %d deep; remove from it what the domain's firmware and TPM "
                             "do not keep there",
                             id, ENTRIES_MAX, DEPTH_MAX);
        else
                vb_error_set_errno(error, VB_ERROR_STORAGE, errnum,
                                   "the directory domains/%u/private cannot be made", id);
        return -1;
}

int vb_private_open(int state_dir, uint32_t id, const VbIdentity *identity, uint64_t more, GError **error)
{
        vb_autoclose int domains = open_made(state_dir, "domains");
        vb_autoclose int own = -1, private = -1;
        uint64_t size = 0, max = VB_PRIVATE_SIZE_MAX + more;
        char name[16];
        int r;

        if (domains < 0)
                return fail(-domains, id, 0, max, error);
        snprintf(name, sizeof name, "%u", id);
        own = open_made(domains, name);
        if (own < 0)
                return fail(-own, id, 0, max, error);
        private = open_made(own, "private");
        if (private < 0)
                return fail(-private, id, 0, max, error);
        r = check_size(private, max, &size);
        if (r >= 0 && !identity)
                return vb_steal_fd(&private);
        if (r >= 0)
                r = let_through(state_dir);
        if (r >= 0)
                r = let_through(domains);
        if (r >= 0)
                r = let_through(own);
        if (r >= 0)
                r = give(private, identity);
        return r < 0 ? fail(-r, id, size, max, error) : vb_steal_fd(&private);
}

int vb_private_open_below(int private_dir, const char *name, const VbIdentity *identity, GError **error)
{
        vb_autoclose int dir = mkdirat(private_dir, name, 0700) < 0 && errno != EEXIST
                                       ? -errno
                                       : open_entry(private_dir, name, O_RDONLY | O_DIRECTORY);
        int r = dir < 0 ? dir : identity ? give_top(dir, identity->uid, identity->gid) : 0;

        if (r >= 0)
                return vb_steal_fd(&dir);
        vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "the directory private/%s cannot be made", name);
        return -1;
}

int vb_private_make_file(int private_dir, const char *name, const VbIdentity *identity, GError **error)
{
        vb_autoclose int fd = -1;

        (void) unlinkat(private_dir, name, 0);
        fd = openat(private_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 && (!identity || fchown(fd, identity->uid, identity->gid) == 0))
                return vb_steal_fd(&fd);
        vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "the file private/%s cannot be made", name);
        return -1;
}

int vb_private_open_file(int private_dir, const char *name, const VbIdentity *identity, uint64_t *ret_size,
                         GError **error)
{
        vb_autoclose int fd = open_entry(private_dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        uid_t uid = identity ? identity->uid : geteuid();
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, fd < 0 ? -fd : errno, "the file private/%s cannot be opened",
                                   name);
                return -1;
        }
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != uid) {
                vb_error_set(error, VB_ERROR_STORAGE, "private/%s is not a file of the domain's alone", name);
                return -1;
        }
        *ret_size = (uint64_t) st.st_size;
        return vb_steal_fd(&fd);
}

typedef struct {
        VbPrivateSet set;
        const void *userdata;
} Setting;

static int set_entry(int fd, const struct stat *st, void *userdata)
{
        const Setting *setting = userdata;

        return setting->set(fd, setting->userdata);
}

int vb_private_set_each(int private_dir, VbPrivateSet set, const void *userdata)
{
        int r = set(private_dir, userdata);

        return r < 0 ? r : walk_all(private_dir, set_entry, &(Setting){ set, userdata });
}

bool vb_private_take_back(int state_dir, uint32_t id, GError **error)
{
        g_autofree char *name = g_strdup_printf("%u", id);
        vb_autoclose int domains = openat(state_dir, "domains", DIRECTORY);
        vb_autoclose int own = domains < 0 ? -1 : openat(domains, name, DIRECTORY);
        vb_autoclose int private = own < 0 ? -1 : openat(own, "private", DIRECTORY);
        int r = private < 0 ? -errno : give_top(private, geteuid(), getegid());

        return r >= 0 || r == -ENOENT ||
               vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "the directory domains/%u/private cannot be taken back",
                                  id);
}
