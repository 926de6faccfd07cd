/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An administrator's shell, or a setting of our unit's, is no reason for a guest to run otherwise. Rules: the
 * section "Effect on process attributes" of execve(2) and fork(2), and what each lists as preserved. */
#include "host/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own for the first process. */
#define TIMER_SLACK_NSEC 50000
#define COREDUMP_FILTER "0x33"
#define STACK_BYTES (8UL * 1024 * 1024)
/* sched_setaffinity() takes no more from us than the kernel knows of; this is the most that any is built for.
 */
#define CPUS_MAX 8192

/* What a guest could fall over, and what would let it raise itself above others. Those that count what a user
 * has, such as processes, are the administrator's. */
static const struct {
        __rlimit_resource_t resource;
        struct rlimit limit;
} limits[] = {
        /* A core file would hold the guest's memory. */
        { RLIMIT_CORE, { 0, 0 } },
        { RLIMIT_NICE, { 0, 0 } },
        { RLIMIT_RTPRIO, { 0, 0 } },
        { RLIMIT_AS, { RLIM_INFINITY, RLIM_INFINITY } },
        { RLIMIT_DATA, { RLIM_INFINITY, RLIM_INFINITY } },
        { RLIMIT_FSIZE, { RLIM_INFINITY, RLIM_INFINITY } },
        { RLIMIT_CPU, { RLIM_INFINITY, RLIM_INFINITY } },
        { RLIMIT_RTTIME, { RLIM_INFINITY, RLIM_INFINITY } },
        { RLIMIT_STACK, { STACK_BYTES, RLIM_INFINITY } },
};

static void reset_limits(void)
{
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
                struct rlimit limit = limits[i].limit, old;

                if (setrlimit(limits[i].resource, &limit) == 0 || getrlimit(limits[i].resource, &old) < 0)
                        continue;
                /* As far as we may. */
                limit.rlim_max = old.rlim_max;
                limit.rlim_cur = limit.rlim_cur < old.rlim_max ? limit.rlim_cur : old.rlim_max;
                (void) setrlimit(limits[i].resource, &limit);
        }
}

static void reset_scheduling(void)
{
        static const struct sched_param none;
        unsigned char cpus[CPUS_MAX / 8];

        memset(cpus, 0xff, sizeof cpus);
        (void) sched_setscheduler(0, SCHED_OTHER, &none);
        (void) setpriority(PRIO_PROCESS, 0, 0);
        (void) sched_setaffinity(0, sizeof cpus, (const cpu_set_t *) (const void *) cpus);
        (void) syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0));
        (void) syscall(SYS_set_mempolicy, 0, NULL, 0);
        (void) prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NSEC, 0, 0, 0);
}

static void write_own(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return;
        (void) !write(fd, text, strlen(text));
        (void) close(fd);
}

void vb_inherited_reset(void)
{
        reset_limits();
        reset_scheduling();
        /* We may be spared when memory runs out, but a guest is not for that. */
        write_own("/proc/self/oom_score_adj", "0");
        (void) personality(PER_LINUX);
        /* Who has our session's keyring may read what is in it; a user's own session is the user's. */
        if (geteuid() == 0)
                (void) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
        errno = 0;
}

void vb_inherited_reset_memory(void)
{
        write_own("/proc/self/coredump_filter", COREDUMP_FILTER);
        (void) prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
        errno = 0;
}

void vb_inherited_reset_signals(void)
{
        struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int signo = 1; signo < NSIG; signo++)
                (void) sigaction(signo, &action, NULL); /* refused for SIGKILL, SIGSTOP and libc's own */
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}
