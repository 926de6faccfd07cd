/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A running domain's own directory: making, finding, using and removing it. What is in the files is not known
 * here. */
#include "host/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/remove.h"
#include "host/room-mount.h"
#include "host/spawn.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define MONITOR_SOCKET "qmp.sock"
#define PAIR_SOCKET "pair.sock" /* there for a moment */
#define LOG_SOCKET "log.sock"
#define LOG_BACKLOG 64

#define SOCKETS "sockets"

struct VbRoom {
        char *path;
        char *sockets_path;
        char name[16];
        int parent, dir, monitor, sockets;
};

static VbRoom *room_new(const char *runtime_dir, uint32_t id)
{
        VbRoom *room = g_new0(VbRoom, 1);

        room->path = g_strdup_printf("%s/domains/%u", runtime_dir, id);
        room->sockets_path = g_strconcat(room->path, "/" SOCKETS, NULL);
        snprintf(room->name, sizeof room->name, "%u", id);
        room->parent = room->dir = room->monitor = room->sockets = -1;
        return room;
}

void vb_room_free(VbRoom *room)
{
        if (!room)
                return;
        vb_clear_fd(&room->parent);
        vb_clear_fd(&room->dir);
        vb_clear_fd(&room->monitor);
        vb_clear_fd(&room->sockets);
        g_free(room->path);
        g_free(room->sockets_path);
        g_free(room);
}

static int open_directory(int at, const char *name)
{
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* Whatever our umask is. */
static int make_directory(int at, const char *name, mode_t mode)
{
        vb_autoclose int fd = -1;
        int r;

        if (mkdirat(at, name, mode) < 0)
                return -errno;
        fd = open_directory(at, name);
        r = fd < 0 ? fd : fchmod(fd, mode) < 0 ? -errno : 0;
        if (r == 0)
                return vb_steal_fd(&fd);
        (void) unlinkat(at, name, AT_REMOVEDIR);
        return r;
}

static int open_parent(const char *runtime_dir)
{
        g_autofree char *path = g_build_filename(runtime_dir, "domains", NULL);

        return open_directory(AT_FDCWD, path);
}

/* A file system of its own; where we may not mount, as when we are not root, a directory. */
static int make_sockets(int dir, const VbIdentity *identity)
{
        int fd = make_directory(dir, SOCKETS, 0700), mounted;

        mounted = fd < 0 || geteuid() != 0 ? -EPERM : vb_room_mount(dir, SOCKETS, identity);
        if (fd < 0 || mounted == -EPERM) {
                if (fd >= 0 && identity && fchown(fd, identity->uid, identity->gid) < 0) {
                        mounted = -errno;
                        close(fd);
                        return mounted;
                }
                return fd;
        }
        close(fd);
        return mounted;
}

VbRoom *vb_room_create(const char *runtime_dir, uint32_t id, const VbIdentity *identity, GError **error)
{
        g_autoptr(VbRoom) room = room_new(runtime_dir, id);

        room->parent = open_parent(runtime_dir);
        room->dir = room->parent < 0 ? room->parent : make_directory(room->parent, room->name, 0711);
        if (room->dir < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, -room->dir,
                                   "the runtime directory %s cannot be made", room->path);
                return NULL;
        }
        room->monitor = make_directory(room->dir, "monitor", 0700);
        if (room->monitor >= 0)
                room->sockets = make_sockets(room->dir, identity);
        if (room->sockets < 0) {
                int errnum = room->monitor < 0 ? -room->monitor : -room->sockets;

                vb_error_set_errno(error, VB_ERROR_STORAGE, errnum,
                                   "the runtime directory %s cannot be filled", room->path);
                vb_room_remove(g_steal_pointer(&room));
                return NULL;
        }
        return g_steal_pointer(&room);
}

VbRoom *vb_room_open(const char *runtime_dir, uint32_t id, GError **error)
{
        g_autoptr(VbRoom) room = room_new(runtime_dir, id);
        struct stat st;

        room->parent = open_parent(runtime_dir);
        room->dir = room->parent < 0 ? room->parent : open_directory(room->parent, room->name);
        if (room->dir < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, -room->dir, "%s cannot be opened", room->path);
                return NULL;
        }
        if (fstat(room->dir, &st) < 0 || st.st_uid != geteuid()) {
                vb_error_set(error, VB_ERROR_STORAGE, "%s belongs to somebody else", room->path);
                return NULL;
        }
        room->monitor = open_directory(room->dir, "monitor");
        room->sockets = open_directory(room->dir, SOCKETS);
        return g_steal_pointer(&room);
}

void vb_room_remove(VbRoom *room)
{
        if (!room)
                return;
        /* Removing needs as many descriptors, and there may be no others. */
        vb_clear_fd(&room->sockets);
        vb_clear_fd(&room->monitor);
        vb_room_unmount(room->dir, SOCKETS);
        vb_remove_below(room->dir);
        if (unlinkat(room->parent, room->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                vb_log_warning("the runtime directory %s cannot be removed: %s", room->path,
                               g_strerror(errno));
        vb_room_free(room);
}

const char *vb_room_path(const VbRoom *room)
{
        return room->path;
}

const char *vb_room_sockets_path(const VbRoom *room)
{
        return room->sockets_path;
}

int vb_room_sockets_fd(const VbRoom *room)
{
        return room->sockets;
}

uid_t vb_room_uid(const VbRoom *room)
{
        struct stat st;

        return room->sockets >= 0 && fstat(room->sockets, &st) == 0 ? st.st_uid : geteuid();
}

int vb_room_monitor_fd(const VbRoom *room)
{
        return room->monitor;
}

int vb_room_fd(const VbRoom *room)
{
        return room->dir;
}

/* An address below a held directory: short whatever the real path is, and free of races. */
static void address_below(int dir, const char *name, struct sockaddr_un *ret)
{
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", dir, name);
}

static int listen_below(VbRoom *room, const char *name, int backlog, GError **error)
{
        vb_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address;

        address_below(room->monitor, name, &address);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || listen(fd, backlog) < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/monitor/%s cannot be made", room->path,
                                   name);
                return -1;
        }
        return vb_steal_fd(&fd);
}

int vb_room_listen_monitor(VbRoom *room, GError **error)
{
        return listen_below(room, MONITOR_SOCKET, 1, error);
}

int vb_room_listen_log(VbRoom *room, GError **error)
{
        (void) unlinkat(room->monitor, LOG_SOCKET, 0);
        return listen_below(room, LOG_SOCKET, LOG_BACKLOG, error);
}

/* No link is followed: the node is looked at first, and connected to itself. */
static int open_socket_node(int dir, const char *name)
{
        vb_autoclose int node = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (node < 0 || fstat(node, &st) < 0)
                return -errno;
        return S_ISSOCK(st.st_mode) ? vb_steal_fd(&node) : -ENOTSOCK;
}

static int connect_below(VbRoom *room, int dir, const char *directory, const char *name, GError **error)
{
        vb_autoclose int node = open_socket_node(dir, name);
        vb_autoclose int fd = -1;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r = node;

        if (r >= 0) {
                snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", node);
                fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                r = fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address) < 0 ? -errno : 0;
        }
        if (r >= 0)
                return vb_steal_fd(&fd);
        vb_error_set_errno(error, VB_ERROR_MONITOR, -r, "%s/%s/%s cannot be connected to", room->path,
                           directory, name);
        return r;
}

int vb_room_connect_monitor(VbRoom *room, GError **error)
{
        return connect_below(room, room->monitor, "monitor", MONITOR_SOCKET, error);
}

int vb_room_connect_log(VbRoom *room, GError **error)
{
        return connect_below(room, room->monitor, "monitor", LOG_SOCKET, error);
}

bool vb_room_connect_pair(VbRoom *room, int *ret_listening, int *ret_connected, GError **error)
{
        vb_autoclose int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        vb_autoclose int connected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address;
        bool ok;

        address_below(room->monitor, PAIR_SOCKET, &address);
        ok = listening >= 0 && connected >= 0 &&
             bind(listening, (struct sockaddr *) &address, sizeof address) == 0 &&
             listen(listening, 1) == 0 &&
             connect(connected, (struct sockaddr *) &address, sizeof address) == 0;
        if (!ok)
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno,
                                   "%s/monitor/" PAIR_SOCKET " cannot be made", room->path);
        (void) unlinkat(room->monitor, PAIR_SOCKET, 0);
        if (!ok)
                return false;
        *ret_listening = vb_steal_fd(&listening);
        *ret_connected = vb_steal_fd(&connected);
        return true;
}

pid_t vb_room_peer_pid(int fd)
{
        struct ucred peer;
        socklen_t length = sizeof peer;

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? 0 : peer.pid;
}

int vb_room_connect_socket(VbRoom *room, const char *name, pid_t leader, GError **error)
{
        vb_autoclose int fd = connect_below(room, room->sockets, "sockets", name, error);

        if (fd < 0)
                return -1;
        if (!vb_process_is_of(vb_room_peer_pid(fd), leader)) {
                vb_error_set(error, VB_ERROR_MONITOR, "%s/sockets/%s is not the emulator's", room->path,
                             name);
                return -1;
        }
        (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        return vb_steal_fd(&fd);
}

bool vb_room_write(VbRoom *room, const char *name, const char *text, GError **error)
{
        g_autofree char *temporary = g_strconcat(".new-", name, NULL);
        gsize length = strlen(text);
        vb_autoclose int fd =
                openat(room->dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0 || write(fd, text, length) != (ssize_t) length ||
            renameat(room->dir, temporary, room->dir, name) < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be written", room->path,
                                   name);
                (void) unlinkat(room->dir, temporary, 0);
                return false;
        }
        return true;
}

bool vb_room_replace(VbRoom *room, const char *name, const char *to)
{
        return (to ? renameat(room->dir, name, room->dir, to) : unlinkat(room->dir, name, 0)) == 0;
}

char *vb_room_read(VbRoom *room, const char *name, gsize limit, GError **error)
{
        vb_autoclose int fd = openat(room->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        g_autofree char *text = NULL;
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0) {
                vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "%s/%s cannot be read", room->path, name);
                return NULL;
        }
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (gsize) st.st_size > limit) {
                vb_error_set(error, VB_ERROR_STORAGE, "%s/%s is not a file of the service's", room->path,
                             name);
                return NULL;
        }
        text = g_malloc((gsize) st.st_size + 1);
        n = read(fd, text, (gsize) st.st_size);
        if (n != st.st_size || !g_utf8_validate(text, n, NULL)) {
                vb_error_set(error, VB_ERROR_STORAGE, "%s/%s is damaged", room->path, name);
                return NULL;
        }
        text[n] = '\0';
        return g_steal_pointer(&text);
}

GArray *vb_room_list_ids(const char *path)
{
        g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
        GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        const char *name;

        while (entries && (name = g_dir_read_name(entries))) {
                uint64_t value;

                if (g_ascii_string_to_unsigned(name, 10, 1, UINT32_MAX, &value, NULL)) {
                        uint32_t id = (uint32_t) value;

                        g_array_append_val(ids, id);
                }
        }
        return ids;
}

GArray *vb_room_list(const char *runtime_dir)
{
        g_autofree char *path = g_build_filename(runtime_dir, "domains", NULL);

        return vb_room_list_ids(path);
}
