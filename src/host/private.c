/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory of what a domain keeps. All is reached from descriptors, and no link is followed. */
#include "host/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* private/, and one of the programs' own below it. */
#define DEPTH_MAX 3

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

static int give(int dir, const VbIdentity *identity, int depth);

/* What the last run has left. A file with several names may be somebody else's too. */
static int give_entry(int dir, const char *name, const VbIdentity *identity, int depth)
{
        vb_autoclose int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        vb_autoclose int below = -1;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode)) {
                below = depth > 0 ? openat(dir, name, DIRECTORY) : -1;
                return below < 0 ? -ELOOP : give(below, identity, depth - 1);
        }
        if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
                return 0;
        return fchownat(fd, "", identity->uid, identity->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int give(int dir, const VbIdentity *identity, int depth)
{
        vb_autoclose int copy = openat(dir, ".", DIRECTORY);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);
        struct dirent *entry;
        struct stat st;
        int r = 0;

        if (!entries)
                return -errno;
        (void) vb_steal_fd(&copy);
        if (fstat(dir, &st) < 0)
                r = -errno;
        /* Given before and not interrupted: the directory comes last. */
        else if (st.st_uid != identity->uid || st.st_gid != identity->gid) {
                while (r == 0 && (entry = readdir(entries)))
                        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
                                r = give_entry(dir, entry->d_name, identity, depth);
                if (r == 0 && fchown(dir, identity->uid, identity->gid) < 0)
                        r = -errno;
        }
        closedir(entries);
        return r;
}

static int fail(int errnum, uint32_t id, GError **error)
{
        vb_error_set_errno(error, VB_ERROR_STORAGE, errnum, "the directory domains/%u/private cannot be made",
                           id);
        return -1;
}

int vb_private_open(int state_dir, uint32_t id, const VbIdentity *identity, GError **error)
{
        vb_autoclose int domains = open_made(state_dir, "domains");
        vb_autoclose int own = -1, private = -1;
        char name[16];
        int r;

        if (domains < 0)
                return fail(-domains, id, error);
        snprintf(name, sizeof name, "%u", id);
        own = open_made(domains, name);
        if (own < 0)
                return fail(-own, id, error);
        private = open_made(own, "private");
        if (private < 0)
                return fail(-private, id, error);
        if (!identity)
                return vb_steal_fd(&private);
        r = let_through(state_dir);
        if (r >= 0)
                r = let_through(domains);
        if (r >= 0)
                r = let_through(own);
        if (r >= 0)
                r = give(private, identity, DEPTH_MAX);
        return r < 0 ? fail(-r, id, error) : vb_steal_fd(&private);
}

int vb_private_open_below(int private_dir, const char *name, const VbIdentity *identity, GError **error)
{
        vb_autoclose int dir = open_made(private_dir, name);
        int r = dir < 0 ? dir : identity ? give(dir, identity, DEPTH_MAX) : 0;

        if (r >= 0)
                return vb_steal_fd(&dir);
        vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "the directory private/%s cannot be made", name);
        return -1;
}

bool vb_private_take_back(int state_dir, uint32_t id, GError **error)
{
        const VbIdentity ourselves = { .uid = geteuid(), .gid = getegid() };
        g_autofree char *name = g_strdup_printf("%u", id);
        vb_autoclose int domains = openat(state_dir, "domains", DIRECTORY);
        vb_autoclose int own = domains < 0 ? -1 : openat(domains, name, DIRECTORY);
        vb_autoclose int private = own < 0 ? -1 : openat(own, "private", DIRECTORY);
        int r = private < 0 ? -errno : give(private, &ourselves, DEPTH_MAX);

        return r >= 0 || r == -ENOENT ||
               vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "the directory domains/%u/private cannot be taken back",
                                  id);
}
