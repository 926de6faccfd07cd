/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-room COUNT DIRECTORY: how long it takes to make a domain's room for a user of its own, and how long the kernel
 * alone takes for the same directories and the file system. As root. */
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/room.h"
#include "measure.h"

#define ID 7
#define USER 2100000001

static void make(const char *path)
{
        if (mkdir(path, 0711) < 0)
                die("%s cannot be made", path);
}

/* As vb_room_create() does it, by path. */
static double floor_usec(const char *directory)
{
        g_autofree char *room = g_build_filename(directory, "floor", NULL);
        g_autofree char *monitor = g_build_filename(room, "monitor", NULL);
        g_autofree char *sockets = g_build_filename(room, "sockets", NULL);
        double began = now_usec(), took;

        make(room);
        make(monitor);
        make(sockets);
        if (mount("tmpfs", sockets, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=0700") < 0)
                die("%s cannot be mounted on", sockets);
        took = now_usec() - began;
        (void) umount2(sockets, MNT_DETACH);
        (void) rmdir(sockets);
        (void) rmdir(monitor);
        (void) rmdir(room);
        return took;
}

int main(int argc, char **argv)
{
        Series rooms = { .name = "room" }, bare = { .name = "floor" };
        g_autofree char *domains = NULL;
        VbIdentity identity = { .uid = USER, .gid = USER };

        if (argc != 3)
                die("usage: bench-room COUNT DIRECTORY");
        domains = g_build_filename(argv[2], "domains", NULL);
        make(domains);
        for (int i = atoi(argv[1]); i > 0; i--) {
                g_autoptr(GError) error = NULL;
                double began = now_usec();
                VbRoom *room = vb_room_create(argv[2], ID, &identity, &error);

                if (!room)
                        die("%s", error->message);
                series_add(&rooms, now_usec() - began);
                vb_room_remove(room);
                series_add(&bare, floor_usec(argv[2]));
        }
        (void) rmdir(domains);
        series_print(&rooms);
        series_print(&bare);
        return EXIT_SUCCESS;
}
