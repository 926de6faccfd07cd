/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting programs: the test runs itself as the child, which says what it finds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/spawn.h"
#include "util/error.h"

extern char **environ;

static int compare(const void *a, const void *b)
{
        return *(const int *) a - *(const int *) b;
}

/* The child: everything that it inherited, on stdout. */
static int describe(void)
{
        struct sigaction action;
        struct rlimit core, nofile;
        g_autofree char *cwd = g_get_current_dir();
        sigset_t mask;
        int fds[64], n = 0, ignored = 0, blocked = 0;
        DIR *directory = opendir("/proc/self/fd");

        for (struct dirent *entry; (entry = readdir(directory)) && n < 64;)
                if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory))
                        fds[n++] = atoi(entry->d_name);
        closedir(directory);
        qsort(fds, (size_t) n, sizeof(int), compare);
        sigprocmask(SIG_BLOCK, NULL, &mask);
        for (int signo = 1; signo < NSIG; signo++) {
                blocked += sigismember(&mask, signo) > 0;
                if (sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
                        ignored++;
        }
        getrlimit(RLIMIT_CORE, &core);
        getrlimit(RLIMIT_NOFILE, &nofile);

        printf("fds");
        for (int i = 0; i < n; i++)
                printf(" %d", fds[i]);
        for (char **variable = environ; *variable; variable++)
                if (!g_str_has_prefix(*variable, "GCOV") && !g_str_has_prefix(*variable, "LLVM_PROFILE"))
                        printf("\n%s", *variable);
        printf("\ncwd %s umask %o leader %d privileges %d core %d blocked %d ignored %d\n", cwd,
               (unsigned) umask(0), getsid(0) == getpid(), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0,
               core.rlim_max != 0, blocked, ignored);
        if (nofile.rlim_cur != MIN(nofile.rlim_max, 1024 * 1024))
                printf("few descriptors\n");
        fprintf(stderr, "input %d\n", getchar());
        fflush(stdout);
        return 7;
}

static char *read_all(int fd)
{
        GString *text = g_string_new(NULL);
        char buffer[1024];
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                g_string_append_len(text, buffer, n);
        return g_string_free(text, FALSE);
}

static char *reap(const VbChild *child)
{
        struct pollfd dead = { .fd = child->pidfd, .events = POLLIN };
        char *words = NULL;

        g_assert_cmpint(poll(&dead, 1, 60000), ==, 1);
        g_assert_true(vb_pidfd_reap(child->pidfd, &words));
        return words;
}

static void spawn(const char *const *argv, const int *keep_fds, int stderr_fd, VbChild *ret)
{
        g_autoptr(GError) error = NULL;
        bool started = vb_spawn(&(VbSpawn){ .argv = argv, .keep_fds = keep_fds, .stderr_fd = stderr_fd }, ret,
                                &error);

        g_assert_no_error(error);
        g_assert_true(started);
}

/* With a program that waits, whose limits and standing can be read while it does. */
static void test_limits(void)
{
        const char *argv[] = { "/bin/sleep", "60", NULL };
        g_autofree char *words = NULL, *score_path = NULL, *score = NULL;
        g_autoptr(GError) error = NULL;
        struct rlimit locked;
        VbChild child;
        int own = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        /* Given a service that is spared less than others when memory runs out (more takes a privilege), */
        g_assert_cmpint(write(own, "300", 3), ==, 3);
        close(own);
        /* when it starts a child that may lock a megabyte, */
        g_assert_true(
                vb_spawn(&(VbSpawn){ .argv = argv, .stderr_fd = -1, .locked_max = 1 << 20 }, &child, &error));
        /* then that may, and is as others. */
        g_assert_cmpint(prlimit(child.pid, RLIMIT_MEMLOCK, NULL, &locked), ==, 0);
        g_assert_cmpuint(locked.rlim_cur, ==, 1 << 20);
        g_assert_cmpuint(locked.rlim_max, ==, 1 << 20);
        score_path = g_strdup_printf("/proc/%d/oom_score_adj", (int) child.pid);
        g_assert_true(g_file_get_contents(score_path, &score, NULL, NULL));
        g_assert_cmpstr(score, ==, "0\n");
        g_assert_cmpint(vb_pidfd_send_signal(child.pidfd, SIGKILL), ==, 0);
        words = reap(&child);
        close(child.pidfd);
}

static void test_inherits(void)
{
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
        g_autofree char *text = NULL;
        g_autofree char *words = NULL;
        const char *argv[] = { self, "--describe", NULL };
        sigset_t usr1, before, after;
        VbChild child;
        int out[2], leaked[2];

        /* Given a process with descriptors, a handler, an ignored and a blocked signal, an environment, */
        g_assert_cmpint(pipe2(out, O_CLOEXEC), ==, 0);
        g_assert_cmpint(pipe(leaked), ==, 0);
        g_assert_cmpint(dup3(leaked[1], 40, O_CLOEXEC), ==, 40);
        g_assert_cmpint(dup2(leaked[1], 50), ==, 50);
        g_assert_cmpint(dup2(leaked[1], 51), ==, 51);
        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        sigprocmask(SIG_BLOCK, &usr1, NULL);
        g_setenv("LD_DEBUG", "help", TRUE);
        sigprocmask(SIG_BLOCK, NULL, &before);

        /* when it starts a child that is to have two of the descriptors, */
        spawn(argv, (const int[]){ 51, 40, -1 }, out[1], &child);
        close(out[1]);

        /* then the child has these, and a clean slate else, */
        text = read_all(out[0]);
        g_assert_cmpstr(text, ==,
                        "input -1\n"
                        "fds 0 1 2 40 51\n"
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                        "LC_ALL=C\n"
                        "cwd / umask 77 leader 1 privileges 0 core 0 blocked 0 ignored 0\n");
        words = reap(&child);
        g_assert_cmpstr(words, ==, "exited with status 7");

        /* and the process itself is as it was. */
        sigprocmask(SIG_BLOCK, NULL, &after);
        for (int signo = 1; signo < NSIG; signo++)
                g_assert_cmpint(sigismember(&before, signo), ==, sigismember(&after, signo));
        g_assert_cmpint(fcntl(40, F_GETFD), ==, FD_CLOEXEC);
        sigprocmask(SIG_UNBLOCK, &usr1, NULL);
        g_unsetenv("LD_DEBUG");
        close(40);
        close(50);
        close(51);
        close(leaked[0]);
        close(leaked[1]);
        close(out[0]);
        close(child.pidfd);
}

/* The descriptor for stderr may be one of the standard ones, and there may be none of these at all. */
static void test_standard_descriptors(void)
{
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
        const char *argv[] = { self, "--describe", NULL };
        int saved[3], out[2];

        for (int target = 0; target < 3; target++) {
                g_autofree char *text = NULL;
                g_autofree char *words = NULL;
                VbChild child;

                g_assert_cmpint(pipe2(out, O_CLOEXEC), ==, 0);
                for (int fd = 0; fd < 3; fd++) {
                        saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
                        close(fd);
                }
                dup3(out[1], target, O_CLOEXEC);
                spawn(argv, NULL, target, &child);
                child.pidfd = fcntl(child.pidfd, F_DUPFD_CLOEXEC, 3); /* it has the number of one of them */
                for (int fd = 0; fd < 3; fd++) {
                        dup2(saved[fd], fd);
                        close(saved[fd]);
                }
                close(out[1]);
                text = read_all(out[0]);
                g_assert_true(g_str_has_prefix(text, "input -1\nfds 0 1 2\n"));
                words = reap(&child);
                g_assert_cmpstr(words, ==, "exited with status 7");
                close(child.pidfd);
                close(out[0]);
        }
}

static void assert_fails(const char *program, const int *keep_fds, int code, const char *message)
{
        g_autoptr(GError) error = NULL;
        const char *argv[] = { program, NULL };
        VbChild child = { .pid = 1, .pidfd = 2 };

        g_assert_false(
                vb_spawn(&(VbSpawn){ .argv = argv, .keep_fds = keep_fds, .stderr_fd = -1 }, &child, &error));
        g_assert_error(error, VB_ERROR, code);
        g_assert_cmpstr(error->message, ==, message);
        g_assert_cmpint(child.pid, ==, 1);
        g_assert_cmpint(child.pidfd, ==, 2);
        /* No zombie is left. */
        g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
        g_assert_cmpint(errno, ==, ECHILD);
}

static void test_failures(void)
{
        assert_fails("/nonexistent/qemu", NULL, VB_ERROR_NO_EMULATOR,
                     "cannot execute /nonexistent/qemu: No such file or directory");
        assert_fails("/etc/passwd", NULL, VB_ERROR_NO_EMULATOR,
                     "cannot execute /etc/passwd: Permission denied");
        assert_fails("/etc", NULL, VB_ERROR_NO_EMULATOR, "cannot execute /etc: Permission denied");
        assert_fails("true", NULL, VB_ERROR_NO_EMULATOR, "cannot execute true: not an absolute path");
        assert_fails("/bin/true", (const int[]){ 900, -1 }, VB_ERROR_EMULATOR_FAILED,
                     "cannot start /bin/true: failed to inherit descriptors: Bad file descriptor");
        assert_fails("/bin/true", (const int[]){ 1, -1 }, VB_ERROR_EMULATOR_FAILED,
                     "cannot start /bin/true: it cannot inherit descriptor 1");
}

static void test_killed(void)
{
        g_autofree char *words = NULL;
        const char *argv[] = { "/bin/sleep", "1000", NULL };
        VbChild child;

        spawn(argv, NULL, -1, &child);
        g_assert_false(vb_pidfd_reap(child.pidfd, &words)); /* it lives */
        g_assert_cmpint(vb_pidfd_send_signal(child.pidfd, SIGKILL), ==, 0);
        words = reap(&child);
        g_assert_cmpstr(words, ==, "killed by signal 9 (Killed)");
        g_assert_false(vb_pidfd_reap(child.pidfd, &words)); /* once */
        g_assert_cmpint(vb_pidfd_send_signal(child.pidfd, SIGKILL), ==, -ESRCH);
        close(child.pidfd);
        g_assert_cmpint(vb_pidfd_open(child.pid), ==, -ESRCH);
}

/* Traces @pid until @let_go is closed; says on @attached that it does. */
G_NORETURN static void trace(pid_t pid, int attached, int let_go)
{
        char byte;

        if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 || write(attached, "", 1) != 1)
                _exit(1);
        (void) !read(let_go, &byte, 1);
        _exit(0);
}

/* A child that a tracer keeps from us when it ends is reaped once the tracer lets go of it. */
static void test_traced(void)
{
        const char *argv[] = { "/bin/sleep", "1000", NULL };
        g_autofree char *words = NULL;
        int attached[2], let_go[2];
        pid_t tracer;
        VbChild child;
        char byte;

        spawn(argv, NULL, -1, &child);
        g_assert_cmpint(pipe2(attached, O_CLOEXEC), ==, 0);
        g_assert_cmpint(pipe2(let_go, O_CLOEXEC), ==, 0);
        tracer = fork();
        if (tracer == 0) {
                close(let_go[1]);
                trace(child.pid, attached[1], let_go[0]);
        }
        close(attached[1]);
        close(let_go[0]);
        g_assert_cmpint(read(attached[0], &byte, 1), ==, 1);

        g_assert_cmpint(vb_pidfd_send_signal(child.pidfd, SIGKILL), ==, 0);
        g_assert_true(vb_pidfd_wait(child.pidfd, g_get_monotonic_time() + 60 * G_USEC_PER_SEC));
        g_assert_false(vb_pidfd_reap(child.pidfd, &words));
        close(child.pidfd);
        g_assert_cmpint(kill(child.pid, 0), ==, 0);

        close(let_go[1]);
        g_assert_cmpint(waitpid(tracer, NULL, 0), ==, tracer);
        while (kill(child.pid, 0) == 0)
                (void) g_main_context_iteration(NULL, TRUE);
        g_assert_cmpint(errno, ==, ESRCH);
        close(attached[0]);
}

static VbHeldChild hold(const char *const *argv, const int *keep_fds, int stderr_fd)
{
        g_autoptr(GError) error = NULL;
        VbHeldChild held;
        bool ok = vb_spawn_held(&(VbSpawn){ .argv = argv, .keep_fds = keep_fds, .stderr_fd = stderr_fd },
                                &held, &error);

        g_assert_no_error(error);
        g_assert_true(ok);
        return held;
}

static void test_held(void)
{
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
        const char *argv[] = { self, "--describe", NULL };
        g_autofree char *words = NULL, *text = NULL;
        g_autoptr(GError) error = NULL;
        VbHeldChild held;
        VbChild child;
        pid_t pid;
        int out[2];

        /* Given a child that is held back, it has executed nothing, */
        g_assert_cmpint(pipe2(out, O_CLOEXEC), ==, 0);
        held = hold(argv, NULL, out[1]);
        close(out[1]);
        pid = held.child.pid;
        g_assert_cmpint(poll(&(struct pollfd){ .fd = held.child.pidfd, .events = POLLIN }, 1, 100), ==, 0);

        /* when it is let go, it is the program, under the same number, with nothing of ours. */
        g_assert_true(vb_spawn_release(&held, &child, &error));
        g_assert_no_error(error);
        g_assert_cmpint(child.pid, ==, pid);
        text = read_all(out[0]);
        close(out[0]);
        g_assert_true(g_str_has_prefix(text, "input -1\nfds 0 1 2\n"));
        words = reap(&child);
        g_assert_cmpstr(words, ==, "exited with status 7");
        close(child.pidfd);
        vb_spawn_abandon(&held);
}

static void test_held_fails(void)
{
        g_autoptr(GError) missing = NULL, inherit = NULL;
        VbHeldChild held = hold((const char *[]){ "/nonexistent/qemu", NULL }, NULL, -1);
        VbChild child;

        g_assert_false(vb_spawn_release(&held, &child, &missing));
        g_assert_cmpstr(missing->message, ==, "cannot execute /nonexistent/qemu: No such file or directory");
        held = hold((const char *[]){ "/bin/true", NULL }, (const int[]){ 900, -1 }, -1);
        g_assert_false(vb_spawn_release(&held, &child, &inherit));
        g_assert_cmpstr(inherit->message, ==,
                        "cannot start /bin/true: failed to inherit descriptors: Bad file descriptor");
        g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

static void test_held_is_abandoned(void)
{
        VbHeldChild held = hold((const char *[]){ "/bin/true", NULL }, NULL, -1);

        vb_spawn_abandon(&held);
        g_assert_cmpint(held.child.pidfd, ==, -1);
        g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
        g_assert_cmpint(errno, ==, ECHILD);
}

static void test_start_time(void)
{
        g_autofree char *directory = g_dir_make_tmp("virtbus-XXXXXX", NULL);
        g_autofree char *program = g_build_filename(directory, "a) R (b", NULL);
        g_autofree char *words = NULL;
        const char *argv[] = { program, "1000", NULL };
        unsigned long long own, again, start = 0;
        VbChild child;
        int pidfd;

        g_assert_true(vb_process_start_time(getpid(), &own));
        g_assert_true(vb_process_start_time(getpid(), &again));
        g_assert_cmpuint(own, ==, again);

        /* A program may call itself what it likes. */
        g_assert_cmpint(symlink("/bin/sleep", program), ==, 0);
        spawn(argv, NULL, -1, &child);
        g_assert_true(vb_process_start_time(child.pid, &start));
        g_assert_cmpuint(start, >=, own);
        g_assert_cmpuint(start, <, own + 100 * (unsigned) sysconf(_SC_CLK_TCK));
        pidfd = vb_pidfd_open(child.pid);
        g_assert_cmpint(pidfd, >=, 0);
        g_assert_cmpint(vb_pidfd_send_signal(pidfd, SIGTERM), ==, 0);
        /* One that has ended and is not reaped yet is no process any more. */
        g_assert_cmpint(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, -1), ==, 1);
        g_assert_false(vb_process_start_time(child.pid, &start));
        words = reap(&child);
        g_assert_cmpstr(words, ==, "killed by signal 15 (Terminated)");
        g_assert_false(vb_process_start_time(child.pid, &start));
        close(pidfd);
        close(child.pidfd);
        unlink(program);
        rmdir(directory);
}

int main(int argc, char **argv)
{
        if (argc == 2 && g_str_equal(argv[1], "--describe"))
                return describe();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/spawn/limits", test_limits);
        g_test_add_func("/spawn/inherits", test_inherits);
        g_test_add_func("/spawn/standard-descriptors", test_standard_descriptors);
        g_test_add_func("/spawn/failures", test_failures);
        g_test_add_func("/spawn/killed", test_killed);
        g_test_add_func("/spawn/traced", test_traced);
        g_test_add_func("/spawn/held", test_held);
        g_test_add_func("/spawn/held-fails", test_held_fails);
        g_test_add_func("/spawn/held-is-abandoned", test_held_is_abandoned);
        g_test_add_func("/spawn/start-time", test_start_time);
        return g_test_run();
}
