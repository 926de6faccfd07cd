/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's console on our stdin and stdout. Ends when the guest's side is closed, or with Ctrl+] where stdin
 * is a terminal; from a pipe every byte goes to the guest, and the end of input ends nothing, so that the
 * answer can be seen. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/terminal.h"
#include "ctl/text.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE_KEY 0x1d /* Ctrl+], as in telnet and machinectl */

typedef enum {
        CONSOLE_OPEN,
        CONSOLE_LEFT,   /* the user has had enough */
        CONSOLE_CLOSED, /* the guest's side ended */
        CONSOLE_FAILED, /* errno tells why we cannot go on */
} ConsoleState;

typedef struct {
        int fd; /* borrowed: the guest's side, not blocking */
        bool interactive;
        bool input_ended;
        size_t n_pending;
        char pending[16384]; /* typed, and not yet taken by the guest */
} Console;

static bool is_transient(int errnum)
{
        return errnum == EAGAIN || errnum == EINTR;
}

static ConsoleState write_output(const char *data, size_t length)
{
        while (length > 0) {
                ssize_t n = write(STDOUT_FILENO, data, length);

                if (n < 0 && errno == EAGAIN)
                        poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
                else if (n < 0 && errno != EINTR)
                        return CONSOLE_FAILED;
                if (n > 0) {
                        data += n;
                        length -= (size_t) n;
                }
        }
        return CONSOLE_OPEN;
}

static ConsoleState copy_output(Console *console)
{
        char buffer[4096];
        ssize_t n = read(console->fd, buffer, sizeof buffer);

        if (n > 0)
                return write_output(buffer, (size_t) n);
        if (n < 0 && is_transient(errno))
                return CONSOLE_OPEN;
        return CONSOLE_CLOSED; /* a pty whose other side is gone says EIO, a socket may say ECONNRESET */
}

/* What a guest that does not listen has no room for is lost when it is typed, so that Ctrl+] is always seen,
 * and waits when it is piped. */
static ConsoleState read_input(Console *console)
{
        size_t room = sizeof console->pending - console->n_pending;
        char buffer[sizeof console->pending];
        const char *leave;
        ssize_t n = read(STDIN_FILENO, buffer, console->interactive ? sizeof buffer : room);

        if (n < 0 && is_transient(errno))
                return CONSOLE_OPEN;
        if (n <= 0) {
                console->input_ended = true;
                return console->interactive ? CONSOLE_LEFT : CONSOLE_OPEN;
        }
        leave = console->interactive ? memchr(buffer, LEAVE_KEY, (size_t) n) : NULL;
        if (leave)
                n = leave - buffer;
        memcpy(console->pending + console->n_pending, buffer, MIN((size_t) n, room));
        console->n_pending += MIN((size_t) n, room);
        return leave ? CONSOLE_LEFT : CONSOLE_OPEN;
}

static ConsoleState write_input(Console *console)
{
        ssize_t n = write(console->fd, console->pending, console->n_pending);

        if (n < 0 && is_transient(errno))
                return CONSOLE_OPEN;
        if (n < 0) {
                console->n_pending = 0;
                return CONSOLE_CLOSED;
        }
        console->n_pending -= (size_t) n;
        memmove(console->pending, console->pending + n, console->n_pending);
        return CONSOLE_OPEN;
}

static ConsoleState run_console(Console *console)
{
        ConsoleState state = CONSOLE_OPEN;

        while (state == CONSOLE_OPEN) {
                bool full = console->n_pending == sizeof console->pending;
                bool want_input = !console->input_ended && (console->interactive || !full);
                short guest_events = (short) (console->n_pending > 0 ? POLLIN | POLLOUT : POLLIN);
                /* clang-format off */
                struct pollfd fds[] = {
                        { .fd = console->fd, .events = guest_events },
                        { .fd = want_input ? STDIN_FILENO : -1, .events = POLLIN },
                        { .fd = STDOUT_FILENO, .events = 0 }, /* whether anybody reads on */
                };
                /* clang-format on */

                if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
                        if (errno != EINTR)
                                return CONSOLE_FAILED;
                        continue;
                }
                if (fds[2].revents & POLLERR) {
                        errno = EPIPE;
                        return CONSOLE_FAILED;
                }
                if (fds[1].revents)
                        state = read_input(console);
                if (console->n_pending > 0 && state != CONSOLE_FAILED &&
                    write_input(console) == CONSOLE_CLOSED)
                        fds[0].revents |= POLLIN; /* what it said before it ended is still to be read */
                if (state == CONSOLE_OPEN && fds[0].revents & ~POLLOUT)
                        state = copy_output(console);
        }
        return state;
}

static bool open_console(VbCtl *ctl, char **args, int *ret, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autofree char *path = NULL;
        int fd = -1;
        int r;

        if (!vb_ctl_find_domain(ctl, args[0], &path, error) ||
            !vb_ctl_act(ctl, path, VB_CTL_DOMAIN, &reply, error, "s", args[1] ? args[1] : ""))
                return false;
        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return vb_ctl_fail_reply(error, r);
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* it is closed with the reply */
        if (fd < 0)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot keep the console: %s",
                                   g_strerror(errno));
        *ret = fd;
        return true;
}

/* A pty whose modes nobody has set echoes the guest's output back to the guest. */
static void prepare_guest_side(int fd)
{
        struct termios modes;

        if (tcgetattr(fd, &modes) == 0) {
                cfmakeraw(&modes);
                tcsetattr(fd, TCSANOW, &modes);
        }
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool copy_console(const char *domain, int fd, GError **error)
{
        g_autofree Console *console = g_new0(Console, 1);
        g_autofree char *name = vb_ctl_escape(domain, false);
        ConsoleState state;
        int errnum;
        int r;

        console->fd = fd;
        console->interactive = isatty(STDIN_FILENO);
        prepare_guest_side(fd);
        signal(SIGPIPE, SIG_IGN); /* either side may go away; write() tells which */
        if (console->interactive)
                fprintf(stderr, "Connected to %s. Ctrl+] leaves.\n", name);
        r = vb_ctl_terminal_make_raw();
        if (r < 0)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot set up the terminal: %s",
                                   g_strerror(-r));
        state = run_console(console);
        errnum = errno;
        vb_ctl_terminal_restore();
        if (state == CONSOLE_FAILED)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot write to stdout: %s",
                                   g_strerror(errnum));
        if (console->interactive)
                fprintf(stderr, "\n%s %s.\n", state == CONSOLE_LEFT ? "Left" : "Console closed by", name);
        return true;
}

bool vb_ctl_console(VbCtl *ctl, char **args, GError **error)
{
        vb_autoclose int fd = -1;

        if (!open_console(ctl, args, &fd, error))
                return false;
        vb_ctl_disconnect(ctl);
        return copy_console(args[0], fd, error);
}
