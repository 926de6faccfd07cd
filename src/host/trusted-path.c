/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a path as the kernel would, and looking at everything that decides where it leads. */
#include "host/trusted-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/fd.h"

/* As the kernel's. */
#define LINKS_MAX 40

typedef struct {
        GPtrArray *dirs; /* GINT_TO_POINTER(fd): where we are, and the way there from the root */
        GQueue rest;     /* char *: components that are left */
        guint links;
        bool trusted;
} Walk;

static void push_components(Walk *walk, const char *path)
{
        g_auto(GStrv) parts = g_strsplit(path, "/", -1);

        for (guint i = g_strv_length(parts); i > 0; i--)
                if (*parts[i - 1] && !g_str_equal(parts[i - 1], "."))
                        g_queue_push_head(&walk->rest, g_strdup(parts[i - 1]));
}

/* With an access list, the group's bits are its mask: nobody can do what they do not say. */
static void look_at(Walk *walk, const struct stat *st)
{
        if (st->st_uid != 0 || (!S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH))))
                walk->trusted = false;
}

/* Where a process is, what it has open and what is root to it: such links lead elsewhere than they read, and
 * who runs the process decides where. */
static bool is_on_proc(int fd)
{
        struct statfs st;

        return fstatfs(fd, &st) < 0 || st.f_type == PROC_SUPER_MAGIC;
}

static int current(const Walk *walk)
{
        return GPOINTER_TO_INT(walk->dirs->pdata[walk->dirs->len - 1]);
}

static int go_to_root(Walk *walk)
{
        int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
                return -errno;
        g_ptr_array_set_size(walk->dirs, 0);
        g_ptr_array_add(walk->dirs, GINT_TO_POINTER(fd));
        if (fstat(fd, &st) < 0)
                return -errno;
        look_at(walk, &st);
        return 0;
}

static int follow(Walk *walk, int link)
{
        char target[PATH_MAX];
        ssize_t length = readlinkat(link, "", target, sizeof(target) - 1);

        if (length < 0)
                return -errno;
        if (++walk->links > LINKS_MAX)
                return -ELOOP;
        target[length] = '\0';
        push_components(walk, target);
        return *target == '/' ? go_to_root(walk) : 0;
}

/* One component; *ret is the file if it was the last one and is none that leads on. */
static int step(Walk *walk, const char *name, int *ret)
{
        vb_autoclose int fd = -1;
        struct stat st;

        if (g_str_equal(name, "..")) {
                if (walk->dirs->len > 1)
                        g_ptr_array_set_size(walk->dirs, (gint) walk->dirs->len - 1);
                return 0;
        }
        fd = openat(current(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        look_at(walk, &st);
        if (is_on_proc(fd))
                walk->trusted = false;
        if (S_ISLNK(st.st_mode))
                return follow(walk, fd);
        if (g_queue_is_empty(&walk->rest))
                *ret = vb_steal_fd(&fd);
        else if (S_ISDIR(st.st_mode))
                g_ptr_array_add(walk->dirs, GINT_TO_POINTER(vb_steal_fd(&fd)));
        else
                return -ENOTDIR;
        return 0;
}

static void close_dir(void *fd)
{
        close(GPOINTER_TO_INT(fd));
}

int vb_trusted_path_open(const char *path, bool *ret_trusted)
{
        Walk walk = { .dirs = g_ptr_array_new_with_free_func(close_dir), .trusted = true };
        vb_autoclose int fd = -1;
        int r = go_to_root(&walk);

        push_components(&walk, path);
        while (r == 0 && fd < 0 && !g_queue_is_empty(&walk.rest)) {
                g_autofree char *name = g_queue_pop_head(&walk.rest);

                r = step(&walk, name, &fd);
        }
        /* It ends in ".." or at the root. */
        if (r == 0 && fd < 0)
                r = -EISDIR;
        g_queue_clear_full(&walk.rest, g_free);
        g_ptr_array_unref(walk.dirs);
        if (r < 0)
                return r;
        *ret_trusted = walk.trusted;
        return vb_steal_fd(&fd);
}
