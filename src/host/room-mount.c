/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file system of a domain's sockets. It is mounted on a descriptor, so that no path can be swapped
 * underneath; not by fsopen() and its like, of which tools that watch a process know nothing yet. */
#include "host/room-mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "util/fd.h"

/* Sockets take no room; what else a program leaves beside them is small. */
#define SIZE "256k"
/* Two for each of the sockets of the largest guest. */
#define INODES "1024"
/* Whoever mounted over it was root; this often is enough to see that it does not end. */
#define UNMOUNTS_MAX 16

int vb_room_mount(int parent, const char *name, const VbIdentity *identity)
{
        vb_autoclose int directory = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        char place[32], options[128];
        int r;

        if (directory < 0)
                return -errno;
        snprintf(place, sizeof place, "/proc/self/fd/%d", directory);
        snprintf(options, sizeof options, "size=" SIZE ",nr_inodes=" INODES ",mode=0700,uid=%u,gid=%u",
                 (unsigned) (identity ? identity->uid : geteuid()),
                 (unsigned) (identity ? identity->gid : getegid()));
        if (mount("virtbus", place, "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, options) < 0)
                return -errno;
        r = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return r < 0 ? -errno : r;
}

void vb_room_unmount(int parent, const char *name)
{
        char path[64];

        /* What is not mounted on is refused, and so is what we may not touch. */
        snprintf(path, sizeof path, "/proc/self/fd/%d/%s", parent, name);
        for (int i = 0; i < UNMOUNTS_MAX && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0; i++)
                ;
}
