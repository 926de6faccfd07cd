/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding root's images for changing their labels, one component after the other. */
#include "host/image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "util/fd.h"

/* Why nothing behind the directory can be relied on. */
static const char *directory_problem(const struct stat *st, bool *ret_sticky)
{
        *ret_sticky = st->st_mode & S_ISVTX;
        if (S_ISLNK(st->st_mode))
                return "is reached by a symbolic link";
        if (!S_ISDIR(st->st_mode))
                return "is below something that is no directory";
        if (st->st_uid != 0 || (!*ret_sticky && (st->st_mode & (S_IWGRP | S_IWOTH))))
                return "is below a directory that others than root may write";
        return NULL;
}

static const char *file_problem(const struct stat *st)
{
        if (S_ISLNK(st->st_mode))
                return "is a symbolic link";
        if (!S_ISBLK(st->st_mode) && !S_ISCHR(st->st_mode) && !S_ISREG(st->st_mode))
                return "is neither a file nor a device";
        return NULL;
}

/* What is to be made is made by nobody else, and is no link. */
static int open_component(int at, const char *name, bool make)
{
        int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT && make)
                fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
        return fd < 0 ? -errno : fd;
}

int vb_image_open(const char *path, bool make, const char **ret_problem)
{
        g_auto(GStrv) parts = g_strsplit(path, "/", -1);
        vb_autoclose int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        bool last = false, sticky = false, others;
        struct stat st;

        *ret_problem = NULL;
        if (at < 0)
                return -errno;
        for (char **part = parts; *part && !last; part++) {
                int next;

                if (!**part || g_str_equal(*part, "."))
                        continue;
                if (g_str_equal(*part, ".."))
                        *ret_problem = "is reached by \"..\"";
                if (*ret_problem)
                        return -EPERM;
                next = open_component(at, *part, make && !part[1] && !sticky);
                if (next < 0)
                        return next;
                close(at);
                at = next;
                if (fstat(at, &st) < 0)
                        return -errno;
                last = !part[1];
                /* The file itself will be a guest's while it runs, who could replace it there. */
                others = sticky && (last || st.st_uid != 0);
                *ret_problem = others ? "is where others may write, or below what belongs to others there"
                               : last ? file_problem(&st)
                                      : directory_problem(&st, &sticky);
                if (*ret_problem)
                        return -EPERM;
        }
        return last ? vb_steal_fd(&at) : -EISDIR;
}
