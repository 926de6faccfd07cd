/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-verify COUNT ARGV...: how long it takes to find out whether the machine of a command line (as
 * DescribeCommandLine gives it, its monitor on descriptor 3) is the one that was asked for, and how long QEMU
 * alone takes to show its device tree. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "qemu/verify.h"

#define MONITOR_FD 3

static sd_event *event;
static Series verify = { .name = "verify" }, tree = { .name = "tree" };
static char **command_line;
static int left;
static double began;

static void ask_tree(VbMonitor *monitor);

static void on_verified(const GError *error, void *userdata)
{
        if (error)
                die("%s", error->message);
        series_add(&verify, now_usec() - began);
        if (--left > 0)
                ask_tree(userdata);
        else
                sd_event_exit(event, 0);
}

static void on_tree(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        if (error)
                die("%s", error->message);
        series_add(&tree, now_usec() - began);
        began = now_usec();
        vb_verify(monitor, command_line, on_verified, monitor);
}

static void ask_tree(VbMonitor *monitor)
{
        json_object *arguments = json_object_new_object();

        json_object_object_add(arguments, "command-line", json_object_new_string("info qtree"));
        began = now_usec();
        vb_monitor_execute(monitor, "human-monitor-command", arguments, 0, on_tree, NULL);
}

static void on_ready(VbMonitor *monitor, void *userdata)
{
        ask_tree(monitor);
}

static void on_event(VbMonitor *monitor, const char *name, json_object *data, uint64_t timestamp_usec,
                     void *userdata)
{
}

static void on_closed(VbMonitor *monitor, const GError *error, void *userdata)
{
        die("%s", error->message);
}

int main(int argc, char **argv)
{
        const VbMonitorHandler handler = { .ready = on_ready, .event = on_event, .closed = on_closed };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t length = sizeof(sa_family_t); /* the kernel finds a name */
        g_autoptr(GError) error = NULL;
        VbMonitor *monitor;
        int listening, connected;
        pid_t pid;

        if (argc < 3)
                die("bench-verify COUNT ARGV...");
        left = atoi(argv[1]);
        command_line = argv + 2;
        listening = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(listening, (struct sockaddr *) &address, length) < 0 || listen(listening, 1) < 0)
                die("there is no socket");
        length = sizeof(address);
        getsockname(listening, (struct sockaddr *) &address, &length);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(listening, MONITOR_FD);
                execv(command_line[0], command_line);
                _exit(127);
        }
        connected = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(connected, (struct sockaddr *) &address, length) < 0)
                die("QEMU cannot be reached");
        close(listening);
        sd_event_default(&event);
        monitor = vb_monitor_new(event, connected, 0, &handler, NULL, &error);
        if (!monitor)
                die("%s", error->message);
        sd_event_loop(event);
        vb_monitor_free(monitor);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        series_print(&verify);
        series_print(&tree);
        return 0;
}
