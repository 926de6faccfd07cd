/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of a room: its pipe, its file, and the process between the two. */
#include "host/room-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/log-copy.h"
#include "host/own-program.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/printed.h"

#define LOG_FILE "emulator.log"
#define LOG_PIPE "log.pipe"
#define LOG_TAIL_SIZE 2048
#define KEPT_DIR "logs"
/* A burst that is printed before the copying process has its turn. Memory is used only for what is in it. */
#define PIPE_SIZE (1024 * 1024)

int vb_room_log_make_pipe(VbRoom *room, GError **error)
{
        int monitor = vb_room_monitor_fd(room);
        int fd = mkfifoat(monitor, LOG_PIPE, 0600) < 0
                         ? -1
                         : openat(monitor, LOG_PIPE, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/monitor/" LOG_PIPE " cannot be made",
                                   vb_room_path(room));
        else
                (void) fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE); /* it is a favour, and the usual size does too */
        return fd;
}

bool vb_room_log_copy(VbRoom *room, const char *identifier, bool hold, VbHeldChild *ret, GError **error)
{
        /* The journal shall take it for root's; but it has all that it needs, and reads what guests print. */
        g_autoptr(VbIdentity) powerless = geteuid() == 0 ? vb_identity_new(0, 0) : NULL;
        vb_autoclose int pipe =
                openat(vb_room_monitor_fd(room), LOG_PIPE, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
        vb_autoclose int file = openat(vb_room_fd(room), LOG_FILE,
                                       O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        vb_autoclose int listening = -1;
        g_autofree char *mark = g_strconcat(vb_room_path(room), "#log", NULL);
        char numbers[3][16];
        VbSpawn spawn;

        if (pipe < 0 || file < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/" LOG_FILE " cannot be made",
                                          vb_room_path(room));
        listening = vb_room_listen_log(room, error);
        if (listening < 0)
                return false;
        snprintf(numbers[0], sizeof numbers[0], "%d", pipe);
        snprintf(numbers[1], sizeof numbers[1], "%d", file);
        snprintf(numbers[2], sizeof numbers[2], "%d", listening);
        spawn = (VbSpawn){
                .argv = (const char *const[]){ VB_OWN_PROGRAM, VB_LOG_COPY_ARGUMENT, numbers[0], numbers[1],
                                               numbers[2], identifier, NULL },
                .keep_fds = (const int[]){ pipe, file, listening, -1 },
                .stderr_fd = -1,
                .identity = powerless,
                .mark = mark,
        };
        if (hold)
                return vb_spawn_held(&spawn, ret, error);
        *ret = (VbHeldChild){ .child = { .pidfd = -1 }, .gate = -1 };
        return vb_spawn(&spawn, &ret->child, error);
}

bool vb_room_log_finish(VbRoom *room)
{
        vb_autoclose int fd = vb_room_connect_log(room, NULL);

        return fd >= 0 && send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

int vb_room_log_follow(VbRoom *room, GError **error)
{
        int fd = vb_room_connect_log(room, error);

        /* Who gets it must not be able to say anything. */
        if (fd >= 0) {
                (void) shutdown(fd, SHUT_WR);
                (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        }
        return fd < 0 ? -1 : fd;
}

int vb_room_log_open(VbRoom *room)
{
        int fd = openat(vb_room_fd(room), LOG_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

char *vb_room_log_tail(VbRoom *room)
{
        vb_autoclose int fd = vb_room_log_open(room);
        char buffer[LOG_TAIL_SIZE + 1];
        struct stat st;
        char *start = buffer;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return g_strdup("");
        n = MAX(0, pread(fd, buffer, LOG_TAIL_SIZE, MAX(0, st.st_size - LOG_TAIL_SIZE)));
        if (st.st_size > LOG_TAIL_SIZE && memchr(buffer, '\n', (size_t) n))
                start = (char *) memchr(buffer, '\n', (size_t) n) + 1;
        return g_strchomp(vb_printed_text(start, (size_t) (buffer + n - start)));
}

static int open_kept(const char *runtime_dir)
{
        g_autofree char *path = g_build_filename(runtime_dir, KEPT_DIR, NULL);
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT && mkdir(path, 0700) == 0)
                fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd;
}

static void name_kept(uint32_t id, char ret[16])
{
        snprintf(ret, 16, "%u", id);
}

void vb_room_log_keep(VbRoom *room, const char *runtime_dir, uint32_t id)
{
        vb_autoclose int kept = open_kept(runtime_dir);
        char name[16];

        name_kept(id, name);
        if (kept >= 0)
                (void) renameat(vb_room_fd(room), LOG_FILE, kept, name);
}

int vb_kept_log_open(const char *runtime_dir, uint32_t id)
{
        vb_autoclose int kept = open_kept(runtime_dir);
        char name[16];
        int fd;

        name_kept(id, name);
        fd = kept < 0 ? -1 : openat(kept, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

void vb_kept_log_remove(const char *runtime_dir, uint32_t id)
{
        vb_autoclose int kept = open_kept(runtime_dir);
        char name[16];

        name_kept(id, name);
        if (kept >= 0)
                (void) unlinkat(kept, name, 0);
}

GArray *vb_kept_log_list(const char *runtime_dir)
{
        g_autofree char *path = g_build_filename(runtime_dir, KEPT_DIR, NULL);

        return vb_room_list_ids(path);
}
