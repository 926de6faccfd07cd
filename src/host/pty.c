/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a pseudo terminal by its number, after asking the kernel who holds the other end: the fdinfo of a master
 * has a line "tty-index:" (proc(5)). */
#include "host/pty.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/spawn.h"
#include "util/error.h"
#include "util/fd.h"

/* Documentation/admin-guide/devices.txt: Unix98 slaves */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143

static bool is_master_of(int fdinfo_dir, const char *name, unsigned number)
{
        vb_autoclose int fd = openat(fdinfo_dir, name, O_RDONLY | O_CLOEXEC);
        char text[512];
        const char *line;
        unsigned index;
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

        if (n <= 0)
                return false;
        text[n] = '\0';
        line = strstr(text, "tty-index:");
        return line && sscanf(line, "tty-index: %u", &index) == 1 && index == number;
}

static bool process_holds_master(pid_t pid, unsigned number)
{
        g_autofree char *path = g_strdup_printf("/proc/%d/fdinfo", (int) pid);
        vb_autoclose int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_autoptr(GDir) entries = dir < 0 ? NULL : g_dir_open(path, 0, NULL);
        const char *name;

        while (entries && (name = g_dir_read_name(entries)))
                if (is_master_of(dir, name, number))
                        return true;
        return false;
}

/* What was started may be a script, which waits for the emulator that it has started itself. */
static bool somebody_holds_master(pid_t leader, unsigned number)
{
        g_autoptr(GDir) processes = NULL;
        const char *name;
        guint64 pid;

        if (process_holds_master(leader, number))
                return true;
        processes = g_dir_open("/proc", 0, NULL);
        while (processes && (name = g_dir_read_name(processes)))
                if (g_ascii_string_to_unsigned(name, 10, 1, G_MAXINT, &pid, NULL) &&
                    vb_process_is_of((pid_t) pid, leader) && process_holds_master((pid_t) pid, number))
                        return true;
        return false;
}

int vb_pty_open(unsigned number, pid_t leader, GError **error)
{
        vb_autoclose int pts = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        vb_autoclose int fd = -1;
        char name[16];
        struct stat st;

        if (!somebody_holds_master(leader, number)) {
                vb_error_set(error, VB_ERROR_MONITOR, "the emulator named the terminal %u, but does not hold it", number);
                return -1;
        }
        snprintf(name, sizeof name, "%u", number);
        if (pts >= 0)
                fd = openat(pts, name, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                vb_error_set_errno(error, VB_ERROR_MONITOR, errno, "/dev/pts/%u cannot be opened", number);
                return -1;
        }
        if (!S_ISCHR(st.st_mode) || major(st.st_rdev) < PTS_MAJOR_FIRST || major(st.st_rdev) > PTS_MAJOR_LAST) {
                vb_error_set(error, VB_ERROR_MONITOR, "/dev/pts/%u is not a terminal", number);
                return -1;
        }
        /* Non-blocking was for the open alone: whoever gets the descriptor expects an ordinary terminal. */
        (void) fcntl(fd, F_SETFL, O_RDWR);
        return vb_steal_fd(&fd);
}
