/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkttyagent as a child of ours: it is the agent of its parent, and with --fallback only where there is no
 * other. */
#include "ctl/agent.h"

#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fd.h"

/* A polkit that does not answer is no reason to wait for ever: the call says what it lacks. */
#define REGISTER_MSEC 10000

static bool is_wanted(const VbCtl *ctl)
{
        return !ctl->agent && !ctl->no_ask_password && ctl->scope == VB_CTL_SCOPE_SYSTEM && geteuid() != 0 &&
               isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

G_NORETURN static void run(pid_t parent, int notify)
{
        char number[16];
        sigset_t none;

        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent || fcntl(notify, F_SETFD, 0) < 0)
                _exit(127);
        (void) snprintf(number, sizeof(number), "%d", notify);
        execl(VB_PKTTYAGENT, "pkttyagent", "--notify-fd", number, "--fallback", (char *) NULL);
        _exit(127);
}

void vb_ctl_agent_open(VbCtl *ctl)
{
        vb_autoclose int registered = -1, notify = -1;
        pid_t parent = getpid(), pid;
        struct pollfd wait;
        int ends[2];

        if (!is_wanted(ctl) || pipe2(ends, O_CLOEXEC) < 0)
                return;
        registered = ends[0];
        notify = ends[1];
        pid = fork();
        if (pid == 0)
                run(parent, notify);
        if (pid < 0)
                return;
        ctl->agent = pid;
        vb_clear_fd(&notify);
        /* It closes its end when it is known, or ends. */
        wait = (struct pollfd){ .fd = registered, .events = POLLIN };
        (void) poll(&wait, 1, REGISTER_MSEC);
}

void vb_ctl_agent_close(VbCtl *ctl)
{
        if (!ctl->agent)
                return;
        (void) kill(ctl->agent, SIGTERM);
        (void) kill(ctl->agent, SIGCONT);
        (void) waitpid(ctl->agent, NULL, 0);
        ctl->agent = 0;
}
