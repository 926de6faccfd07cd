/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Emptying directories in which somebody else could write. */
#include "host/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

/* A pass takes a level of what a guest's process has made. */
#define REMOVE_PASSES_MAX 100000

static DIR *open_entries(int at, const char *name)
{
        vb_autoclose int copy = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);

        if (entries)
                (void) vb_steal_fd(&copy);
        return entries;
}

static bool is_dot(const char *name)
{
        return g_str_equal(name, ".") || g_str_equal(name, "..");
}

/* Who made it may have closed it, to itself and to us, who are no other user where we are not root: what is closed can
 * neither be looked into nor be moved. */
static void disclose(int at, const char *name)
{
        if (geteuid() != 0)
                (void) fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW);
}

/* Empties @name: files go, directories move up into @top, where their turn comes. */
static void lift_out(int top, const char *name, unsigned *counter)
{
        struct dirent *entry;
        char lifted[32];
        DIR *entries;

        disclose(top, name);
        entries = open_entries(top, name);
        while (entries && (entry = readdir(entries))) {
                if (is_dot(entry->d_name) || unlinkat(dirfd(entries), entry->d_name, 0) == 0)
                        continue;
                disclose(dirfd(entries), entry->d_name);
                snprintf(lifted, sizeof lifted, ".removed-%u", (*counter)++);
                (void) renameat(dirfd(entries), entry->d_name, top, lifted);
        }
        if (entries)
                closedir(entries);
}

void vb_remove_below(int top)
{
        unsigned counter = 0;
        bool again = true;

        for (unsigned pass = 0; again && pass < REMOVE_PASSES_MAX; pass++) {
                DIR *entries = open_entries(top, ".");
                struct dirent *entry;

                again = false;
                while (entries && (entry = readdir(entries))) {
                        if (is_dot(entry->d_name) || unlinkat(top, entry->d_name, 0) == 0)
                                continue;
                        lift_out(top, entry->d_name, &counter);
                        again |= unlinkat(top, entry->d_name, AT_REMOVEDIR) == 0;
                }
                if (entries)
                        closedir(entries);
        }
}
