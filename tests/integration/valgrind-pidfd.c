/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded under a valgrind that knows neither pidfds nor close_range(): somebody outside of it opens them and signals through
 * them. VIRTBUS_PIDFD_HELPER names the abstract socket where a request is { pid or signal } with, for a signal, the
 * pidfd sent along; the answer is an errno, with the new pidfd sent along. See PidfdHelper in virtbus.py. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

typedef union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
} Control;

static int ask(int number, int pidfd, int *ret_fd)
{
        const char *name = getenv("VIRTBUS_PIDFD_HELPER");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct iovec iov = { .iov_base = &number, .iov_len = sizeof number };
        Control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS } };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), answer = EIO;

        if (!name || strlen(name) > sizeof address.sun_path - 2)
                abort();
        strcpy(address.sun_path + 1, name);
        if (pidfd >= 0) {
                memcpy(CMSG_DATA(&control.header), &pidfd, sizeof pidfd);
                message.msg_control = &control;
                message.msg_controllen = sizeof control;
        }
        if (connect(fd, (struct sockaddr *) &address, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 +
                                                                     strlen(name))) < 0 ||
            sendmsg(fd, &message, 0) < 0)
                abort();
        iov.iov_base = &answer;
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != sizeof answer)
                abort();
        if (ret_fd && answer == 0)
                memcpy(ret_fd, CMSG_DATA(&control.header), sizeof *ret_fd);
        close(fd);
        errno = answer;
        return answer ? -1 : 0;
}

int pidfd_open(pid_t pid, unsigned flags)
{
        int fd = -1;

        (void) flags;
        return ask(pid, -1, &fd) < 0 ? -1 : fd;
}

int pidfd_send_signal(int pidfd, int signo, siginfo_t *info, unsigned flags)
{
        (void) info, (void) flags;
        return ask(signo, pidfd, NULL);
}

int close_range(unsigned first, unsigned last, int flags)
{
        for (unsigned fd = first; fd <= last && fd < 1024; fd++)
                if (flags)
                        (void) fcntl((int) fd, F_SETFD, FD_CLOEXEC);
                else
                        (void) close((int) fd);
        return 0;
}

/* The program that runs is valgrind: only its readlink() knows which one is meant. */
int execve(const char *path, char *const argv[], char *const envp[])
{
        char real[4096];
        ssize_t n = strcmp(path, "/proc/self/exe") == 0 ? readlink(path, real, sizeof real - 1) : -1;

        if (n > 0) {
                real[n] = '\0';
                path = real;
        }
        return (int) syscall(SYS_execve, path, argv, envp);
}
