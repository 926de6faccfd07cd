/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modes of a terminal, and the way back on every way out. The handlers do nothing but tcsetattr, sigaction and raise,
 * which are safe in them; the signal then does what it would have done, so that whoever waits for us sees its
 * number. */
#include "ctl/terminal.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static const int deadly_signals[] = {
        SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2,
        SIGABRT, SIGBUS, SIGFPE,  SIGILL,  SIGSEGV, SIGXCPU,
};

static struct termios saved_modes, our_modes;
static int terminal; /* while it is changed */
static volatile sig_atomic_t is_changed;

void vb_ctl_terminal_restore(void)
{
        if (is_changed)
                tcsetattr(terminal, TCSANOW, &saved_modes);
        is_changed = 0;
}

/* SA_RESETHAND: the second time it is deadly. */
static void on_deadly_signal(int number)
{
        vb_ctl_terminal_restore();
        raise(number);
}

static void on_stop(int number)
{
        int errnum = errno;

        if (is_changed)
                tcsetattr(terminal, TCSANOW, &saved_modes);
        raise(SIGSTOP);
        errno = errnum;
}

static void on_continue(int number)
{
        int errnum = errno;

        if (is_changed)
                tcsetattr(terminal, TCSANOW, &our_modes);
        errno = errnum;
}

static void handle(int number, void (*handler)(int), int flags)
{
        struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
        struct sigaction old;

        sigemptyset(&action.sa_mask);
        if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
                return; /* nohup(1) */
        sigaction(number, &action, NULL);
}

/* To our_modes. */
static int change(int fd, int when)
{
        for (size_t i = 0; i < G_N_ELEMENTS(deadly_signals); i++)
                handle(deadly_signals[i], on_deadly_signal, (int) SA_RESETHAND);
        handle(SIGTSTP, on_stop, SA_RESTART);
        handle(SIGCONT, on_continue, SA_RESTART);
        terminal = fd;
        is_changed = 1;
        if (tcsetattr(fd, when, &our_modes) < 0) {
                is_changed = 0;
                return -errno;
        }
        return 0;
}

int vb_ctl_terminal_make_raw(void)
{
        if (!isatty(STDIN_FILENO))
                return 0;
        if (tcgetattr(STDIN_FILENO, &saved_modes) < 0)
                return -errno;
        our_modes = saved_modes;
        cfmakeraw(&our_modes);
        return change(STDIN_FILENO, TCSANOW);
}

int vb_ctl_terminal_hide(int fd)
{
        if (tcgetattr(fd, &saved_modes) < 0)
                return -errno;
        our_modes = saved_modes;
        our_modes.c_lflag = (our_modes.c_lflag & ~(tcflag_t) ECHO) | ECHONL;
        return change(fd, TCSAFLUSH);
}
