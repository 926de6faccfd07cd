/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file system of a domain's sockets. It is made by descriptors, so that no path can be swapped
 * underneath.
 */
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

static int set(int context, const char *key, const char *value)
{
        return fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int configure(int context, const VbIdentity *identity)
{
        char uid[16], gid[16];
        int r;

        snprintf(uid, sizeof uid, "%u", (unsigned) (identity ? identity->uid : geteuid()));
        snprintf(gid, sizeof gid, "%u", (unsigned) (identity ? identity->gid : getegid()));
        r = set(context, "source", "virtbus");
        if (r >= 0)
                r = set(context, "size", SIZE);
        if (r >= 0)
                r = set(context, "nr_inodes", INODES);
        if (r >= 0)
                r = set(context, "mode", "0700");
        if (r >= 0)
                r = set(context, "uid", uid);
        if (r >= 0)
                r = set(context, "gid", gid);
        if (r >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                r = -errno;
        return r;
}

int vb_room_mount(int parent, const char *name, const VbIdentity *identity)
{
        vb_autoclose int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
        vb_autoclose int mounted = -1, directory = -1;
        int r = context < 0 ? -errno : configure(context, identity);

        if (r < 0)
                return r;
        mounted = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        directory = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (mounted < 0 || directory < 0 ||
            move_mount(mounted, "", directory, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return -errno;
        r = openat(mounted, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
