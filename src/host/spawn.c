/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a program in a clean process of its own, and holding processes by pidfd.
 *
 * The child of vfork() runs in our memory while this thread waits for its exec: that makes starting
 * independent of our own size, and lets the child write what failed where we read it. It therefore only makes
 * system calls, with every signal blocked, and none whose libc wrapper talks to other threads (setuid() and
 * friends: take syscall() for these). One that is held back before its exec is a child of fork(), since
 * nothing here may wait for it; the same rules hold for it, because threads of libraries run beside us. */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/inherited.h"
#include "util/error.h"
#include "util/fd.h"

/* Some programs close everything up to the limit one by one, and limits of 2^30 are seen in containers. */
#define NOFILE_MAX (1024 * 1024)
/* One that waits at its gate ends at once, unless it has been frozen. */
#define END_USEC (1 * G_USEC_PER_SEC)

/* Where a child failed: a literal, at the same place in parent and child. NULL: it did not. */
typedef struct {
        const char *step;
        int errnum;
} Failure;

typedef struct {
        const VbSpawn *spawn;
        char **environment;
        pid_t parent;
        struct rlimit nofile;
        int gate,
                report;  /* of a child of fork(): what it waits at, and where it tells what failed; else -1 */
        Failure failure; /* written by the child */
} Launch;

static const char *set_stdio(int stderr_fd)
{
        int null_fd, error_fd;

        /* Ours may be among 0 to 2 themselves: first out of the way. */
        null_fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (null_fd < 0)
                return "open /dev/null";
        null_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        error_fd = stderr_fd < 0 ? null_fd : fcntl(stderr_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (null_fd < 0 || error_fd < 0)
                return "duplicate descriptors";
        if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(error_fd, STDOUT_FILENO) < 0 ||
            dup2(error_fd, STDERR_FILENO) < 0)
                return "set standard descriptors";
        return NULL;
}

static const char *set_descriptors(const VbSpawn *spawn)
{
        const char *failed = set_stdio(spawn->stderr_fd);

        if (failed)
                return failed;
        if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return "close descriptors";
        for (const int *fd = spawn->keep_fds; fd && *fd >= 0; fd++)
                if (fcntl(*fd, F_SETFD, 0) < 0)
                        return "inherit descriptors";
        return NULL;
}

static const char *set_limits(const struct rlimit *nofile, rlim_t file_size, rlim_t locked)
{
        if (setrlimit(RLIMIT_NOFILE, nofile) < 0 ||
            (file_size > 0 &&
             setrlimit(RLIMIT_FSIZE, &(struct rlimit){ .rlim_cur = file_size, .rlim_max = file_size }) < 0))
                return "set resource limits";
        if (locked > 0 &&
            setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ .rlim_cur = locked, .rlim_max = locked }) < 0)
                return "be allowed to lock its memory";
        return NULL;
}

/* Who becomes somebody else is forgotten by its parent's death. */
static const char *set_identity(const Launch *launch)
{
        int r = launch->spawn->identity ? vb_identity_assume(launch->spawn->identity) : 0;

        if (r < 0) {
                errno = -r;
                return "change to another user";
        }
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != launch->parent)
                return "be a child";
        return NULL;
}

/* They take effect when the program is executed; somebody else might not be let set them. */
static const char *set_labels(const VbSpawn *spawn)
{
        for (guint i = 0; i < spawn->n_labels; i++) {
                const VbSpawnLabel *label = &spawn->labels[i];
                size_t length = strlen(label->text);
                int fd = open(label->path, O_WRONLY | O_CLOEXEC);

                if (fd < 0 || write(fd, label->text, length) != (ssize_t) length)
                        return "set its security label";
                close(fd);
        }
        return NULL;
}

static const char *prepare(const Launch *launch)
{
        const char *failed;

        /* Until it is the program that it shall be, nobody would know it if we were gone. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != launch->parent)
                return "be a child";
        if (setsid() < 0)
                return "start a session";
        vb_inherited_reset();
        if (launch->gate >= 0)
                vb_inherited_reset_memory();
        failed = set_descriptors(launch->spawn);
        if (!failed)
                failed = set_limits(&launch->nofile, launch->spawn->file_size_max, launch->spawn->locked_max);
        if (failed)
                return failed;
        if (chdir("/") < 0)
                return "change to the root directory";
        (void) umask(0077);
        if (!launch->spawn->may_gain && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return "give up new privileges";
        failed = set_labels(launch->spawn);
        return failed ? failed : set_identity(launch);
}

/* Until the other end of the gate says so. Its end without a word is ours. */
static const char *wait_at_gate(int gate)
{
        char word;
        ssize_t n;

        do
                n = read(gate, &word, sizeof(word));
        while (n < 0 && errno == EINTR);
        if (n == sizeof(word))
                return NULL;
        errno = n == 0 ? ECANCELED : errno;
        return "wait for its turn";
}

/* Runs in the child, and in our memory: never returns, so that it cannot disturb the frame of the caller. */
G_NORETURN static void run(Launch *launch)
{
        launch->failure.step = prepare(launch);
        if (!launch->failure.step && launch->gate >= 0)
                launch->failure.step = wait_at_gate(launch->gate);
        if (!launch->failure.step) {
                vb_inherited_reset_signals();
                if (!launch->spawn->dies_with_us)
                        (void) prctl(PR_SET_PDEATHSIG, 0);
                execve(launch->spawn->argv[0], (char *const *) launch->spawn->argv, launch->environment);
                launch->failure.step = "execute";
        }
        launch->failure.errnum = errno;
        if (launch->gate >= 0)
                (void) send(launch->gate, &launch->failure, sizeof(launch->failure), MSG_NOSIGNAL);
        _exit(127);
}

static bool fail_launch(const char *program, const Failure *failure, GError **error)
{
        if (!g_str_equal(failure->step, "execute"))
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, failure->errnum,
                                          "cannot start %s: failed to %s", program, failure->step);
        return vb_error_set_errno(error, VB_ERROR_NO_EMULATOR, failure->errnum, "cannot execute %s", program);
}

static bool get_nofile(struct rlimit *ret)
{
        if (getrlimit(RLIMIT_NOFILE, ret) < 0)
                return false;
        ret->rlim_cur = MIN(ret->rlim_max, NOFILE_MAX);
        return true;
}

static char **make_environment(const VbSpawn *spawn)
{
        static const char *const usual[] = {
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL
        };
        char **environment = g_strdupv((char **) usual);

        for (const char *const *entry = spawn->environment; entry && *entry; entry++) {
                g_auto(GStrv) pair = g_strsplit(*entry, "=", 2);

                environment = g_environ_setenv(environment, pair[0], pair[1] ? pair[1] : "", TRUE);
        }
        /* Last, so that nothing else can stand for it. */
        return spawn->mark ? g_environ_setenv(environment, VB_SPAWN_MARK, spawn->mark, TRUE) : environment;
}

/* The environment is the caller's to free. */
static bool make_launch(const VbSpawn *spawn, Launch *ret, char ***environment, GError **error)
{
        const char *program = spawn->argv[0];

        g_assert(program);
        for (const int *fd = spawn->keep_fds; fd && *fd >= 0; fd++)
                if (*fd <= STDERR_FILENO)
                        return vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                                            "cannot start %s: it cannot inherit descriptor %d", program, *fd);
        if (program[0] != '/')
                return vb_error_set(error, VB_ERROR_NO_EMULATOR, "cannot execute %s: not an absolute path",
                                    program);
        *environment = make_environment(spawn);
        *ret = (Launch){
                .spawn = spawn,
                .parent = getpid(),
                .environment = *environment,
                .gate = -1,
        };
        if (!get_nofile(&ret->nofile))
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, errno,
                                          "cannot start %s: failed to read resource limits", program);
        return true;
}

/* Not reaped by anybody yet: the number is still our child's. */
static bool hold(pid_t pid, const char *program, VbChild *ret, GError **error)
{
        int pidfd = vb_pidfd_open(pid);

        if (pidfd < 0) {
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, -pidfd,
                                          "cannot start %s: failed to open its pidfd", program);
        }
        *ret = (VbChild){ .pid = pid, .pidfd = pidfd };
        return true;
}

bool vb_spawn(const VbSpawn *spawn, VbChild *ret, GError **error)
{
        g_auto(GStrv) environment = NULL;
        sigset_t all, old;
        Launch launch;
        pid_t pid;
        int r;

        if (!make_launch(spawn, &launch, &environment, error))
                return false;
        sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &old);
        pid = vfork();
        if (pid == 0)
                run(&launch);
        r = errno;
        (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (pid < 0)
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, r, "cannot start %s",
                                          spawn->argv[0]);
        if (launch.failure.step) {
                (void) waitpid(pid, NULL, 0);
                return fail_launch(spawn->argv[0], &launch.failure, error);
        }
        return hold(pid, spawn->argv[0], ret, error);
}

bool vb_spawn_held(const VbSpawn *spawn, VbHeldChild *ret, GError **error)
{
        vb_autoclose int ours = -1, childs = -1;
        g_auto(GStrv) environment = NULL;
        int ends[2], r;
        sigset_t all, old;
        VbChild child;
        Launch launch;
        pid_t pid;

        if (!make_launch(spawn, &launch, &environment, error))
                return false;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, errno, "cannot start %s",
                                          spawn->argv[0]);
        ours = ends[0];
        childs = launch.gate = ends[1];
        sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &old);
        pid = fork();
        if (pid == 0) {
                /* Its own copy would keep the gate from ever closing. */
                (void) close(ours);
                run(&launch);
        }
        r = errno;
        (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (pid < 0)
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, r, "cannot start %s",
                                          spawn->argv[0]);
        if (!hold(pid, spawn->argv[0], &child, error))
                return false;
        *ret = (VbHeldChild){ .child = child,
                              .program = g_strdup(spawn->argv[0]),
                              .gate = vb_steal_fd(&ours) };
        return true;
}

/* A child that failed before has gone, and its report is there. */
void vb_spawn_let_go(VbHeldChild *held)
{
        (void) send(held->gate, "", 1, MSG_NOSIGNAL);
}

/* One that was let go before does not mind another word. */
bool vb_spawn_release(VbHeldChild *held, VbChild *ret, GError **error)
{
        Failure failure = { 0 };
        ssize_t n;

        vb_spawn_let_go(held);
        do
                n = read(held->gate, &failure, sizeof(failure));
        while (n < 0 && errno == EINTR);
        if (n == sizeof(failure))
                fail_launch(held->program, &failure, error);
        else if (n != 0)
                vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "cannot start %s: its child did not say why",
                             held->program);
        if (n != 0) {
                vb_spawn_abandon(held);
                return false;
        }
        *ret = held->child;
        held->child = (VbChild){ .pidfd = -1 };
        vb_spawn_abandon(held);
        return true;
}

void vb_spawn_abandon(VbHeldChild *held)
{
        g_autofree char *how = NULL;

        vb_clear_fd(&held->gate);
        if (held->child.pidfd >= 0) {
                (void) vb_pidfd_send_signal(held->child.pidfd, SIGKILL);
                if (vb_pidfd_wait(held->child.pidfd, g_get_monotonic_time() + END_USEC))
                        (void) vb_pidfd_reap(held->child.pidfd, &how);
                else
                        vb_child_leave(&held->child, NULL, NULL);
                vb_clear_fd(&held->child.pidfd);
        }
        held->child = (VbChild){ .pidfd = -1 };
        g_clear_pointer(&held->program, g_free);
}

void vb_spawn_leave(VbHeldChild *held)
{
        vb_child_leave(&held->child, NULL, NULL);
        vb_spawn_abandon(held);
}
