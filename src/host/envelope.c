/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each end of a socket pair holds a message to the other: a byte that says what it is, and the descriptor. */
#include "host/envelope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "host/foreign-fd.h"
#include "util/fd.h"

#define SOURCE 's'
#define OTHER 'o'

static bool is_source(int fd)
{
        int flags = fcntl(fd, F_GETFL);
        struct statx it;

        if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY)
                return false;
        return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &it) < 0 ||
               S_ISREG(it.stx_mode) || S_ISFIFO(it.stx_mode);
}

static int put(int end, int fd, char what)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec data = { &what, 1 };
        struct msghdr message = {
                .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };

        control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                           .cmsg_type = SCM_RIGHTS,
                                           .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        return sendmsg(end, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int vb_envelope_new(int fd, int *keeper)
{
        vb_autoclose int kept = -1, envelope = -1;
        char what = is_source(fd) ? SOURCE : OTHER;
        int ends[2], r;

        r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0 ? -errno : 0;
        if (r >= 0) {
                kept = ends[0];
                envelope = ends[1];
                r = put(kept, fd, what);
        }
        if (r >= 0)
                r = put(envelope, fd, what);
        vb_foreign_fd_drop(fd);
        if (r < 0)
                return r;
        *keeper = vb_steal_fd(&kept);
        return vb_steal_fd(&envelope);
}

bool vb_envelope_is_source(int envelope)
{
        char what;

        /* Without room for it the descriptor stays where it is. */
        return recv(envelope, &what, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && what == SOURCE;
}

int vb_envelope_open(int envelope)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        char what;
        struct iovec data = { &what, 1 };
        struct msghdr message = {
                .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        int fd;

        if (recvmsg(envelope, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
                return -errno;
        if (message.msg_controllen < sizeof(control.header) || control.header.cmsg_type != SCM_RIGHTS)
                return -EBADMSG;
        memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
        return fd;
}
