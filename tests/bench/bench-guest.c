/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures of guests: start and end against the bare process, suspend against the bare QMP command, and how soon an
 * event of QEMU's is at a client. Prints as bench-bus.c does. */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A QMP session of the simplest kind: one command at a time. */
typedef struct {
        int fd;
        char *line; /* the last one that came */
        char buffer[65536];
        size_t n;
} Qmp;

static void qmp_connect(Qmp *qmp, const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof address.sun_path)
                die("%s is too long for a socket", path);
        strcpy(address.sun_path, path);
        *qmp = (Qmp){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
        if (qmp->fd < 0 || connect(qmp->fd, (struct sockaddr *) &address, sizeof address) < 0)
                die("cannot connect to %s: %s", path, strerror(errno));
}

static char *qmp_read(Qmp *qmp)
{
        free(qmp->line);
        qmp->line = NULL;
        for (;;) {
                char *end = memchr(qmp->buffer, '\n', qmp->n);
                ssize_t n;

                if (end) {
                        size_t length = (size_t) (end - qmp->buffer) + 1;

                        qmp->line = strndup(qmp->buffer, length);
                        qmp->n -= length;
                        memmove(qmp->buffer, qmp->buffer + length, qmp->n);
                        return qmp->line;
                }
                n = read(qmp->fd, qmp->buffer + qmp->n, sizeof qmp->buffer - qmp->n);
                if (n <= 0)
                        die("the monitor is gone: %s", n < 0 ? strerror(errno) : "end of file");
                qmp->n += (size_t) n;
        }
}

static void qmp_send(Qmp *qmp, const char *command)
{
        char text[128];
        int n = snprintf(text, sizeof text, "{\"execute\": \"%s\"}\r\n", command);

        if (write(qmp->fd, text, (size_t) n) != n)
                die("cannot write to the monitor: %s", strerror(errno));
}

static void qmp_execute(Qmp *qmp, const char *command)
{
        qmp_send(qmp, command);
        while (!strstr(qmp_read(qmp), "\"return\""))
                if (strstr(qmp->line, "\"error\""))
                        die("%s: %s", command, qmp->line);
}

static void qmp_close(Qmp *qmp)
{
        close(qmp->fd);
        free(qmp->line);
}

/* A bare emulator: the same command line, nobody else around it. */
typedef struct {
        pid_t pid;
        Qmp qmp;
} Bare;

static int listen_at(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        strncpy(address.sun_path, path, sizeof address.sun_path - 1);
        unlink(path);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || listen(fd, 1) < 0)
                die("cannot listen at %s: %s", path, strerror(errno));
        return fd;
}

/* Up to the answer to the greeting. */
static void bare_start(Bare *bare, const char *socket_path, char **argv)
{
        int fd = listen_at(socket_path);

        bare->pid = vfork();
        if (bare->pid < 0)
                die("cannot fork");
        if (bare->pid == 0) {
                int null = open("/dev/null", O_RDWR);

                dup2(null, 0);
                dup2(null, 1);
                dup2(null, 2);
                if (fd == 3)
                        fcntl(fd, F_SETFD, 0);
                else
                        dup2(fd, 3);
                execv(argv[0], argv);
                _exit(127);
        }
        close(fd);
        qmp_connect(&bare->qmp, socket_path);
        if (!strstr(qmp_read(&bare->qmp), "\"QMP\""))
                die("no greeting: %s", bare->qmp.line);
        qmp_execute(&bare->qmp, "qmp_capabilities");
}

/* Ends it by @signo, or by QMP's quit where that is 0. */
static double bare_end(Bare *bare, int signo)
{
        double begin = now_usec();

        if (signo)
                kill(bare->pid, signo);
        else
                qmp_send(&bare->qmp, "quit");
        waitpid(bare->pid, NULL, 0);
        begin = now_usec() - begin;
        qmp_close(&bare->qmp);
        return begin;
}

/* start ADDRESS DOMAIN TIMES SOCKET ARGV... */
static void bench_start(char **args)
{
        Series start = { .name = "start" }, floor = { .name = "start-floor" }, off = { .name = "poweroff" };
        Series quit = { .name = "end-quit" }, term = { .name = "end-term" }, killed = { .name = "end-kill" };
        sd_bus *bus = bus_open(args[0]);
        int times = atoi(args[2]);
        Bare bare;

        for (int i = 0; i < times; i++) {
                double begin;

                series_add(&start, bus_time(bus, args[1], DOMAIN, "Start", "a{sv}", 1, "paused", "b", true));
                series_add(&off, bus_time(bus, args[1], DOMAIN, "PowerOff", "a{sv}", 0));
                for (int way = 0; way < 3; way++) {
                        begin = now_usec();
                        bare_start(&bare, args[3], args + 4);
                        series_add(&floor, now_usec() - begin);
                        series_add(way == 0 ? &quit : way == 1 ? &term : &killed,
                                   bare_end(&bare, way == 0 ? 0 : way == 1 ? SIGTERM : SIGKILL));
                }
        }
        series_print(&start);
        series_print(&floor);
        series_print(&off);
        series_print(&quit);
        series_print(&term);
        series_print(&killed);
        unlink(args[3]);
        sd_bus_unref(bus);
}

/* suspend ADDRESS DOMAIN TIMES SOCKET ARGV...: DOMAIN is paused; so is the bare one, while the other is measured. */
static void bench_suspend(char **args)
{
        Series suspend = { .name = "suspend" }, stop = { .name = "stop" };
        Series resume = { .name = "resume" }, cont = { .name = "cont" };
        sd_bus *bus = bus_open(args[0]);
        int times = atoi(args[2]);
        Bare bare;

        bare_start(&bare, args[3], args + 4);
        for (int i = 0; i < times; i++) {
                double begin;

                series_add(&resume, bus_time(bus, args[1], DOMAIN, "Resume", "a{sv}", 0));
                series_add(&suspend, bus_time(bus, args[1], DOMAIN, "Suspend", "a{sv}", 0));
                begin = now_usec();
                qmp_execute(&bare.qmp, "cont");
                series_add(&cont, now_usec() - begin);
                begin = now_usec();
                qmp_execute(&bare.qmp, "stop");
                series_add(&stop, now_usec() - begin);
        }
        bare_end(&bare, SIGKILL);
        series_print(&suspend);
        series_print(&stop);
        series_print(&resume);
        series_print(&cont);
        unlink(args[3]);
        sd_bus_unref(bus);
}

typedef struct {
        double at; /* when the Lifecycle signal came, 0 until then */
} Arrival;

static int on_lifecycle(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Arrival *arrival = userdata;

        if (arrival->at == 0)
                arrival->at = realtime_usec();
        return 0;
}

/* QEMU's own word for when it happened. */
static double event_time(const char *line)
{
        const char *seconds = strstr(line, "\"seconds\": "), *micro = strstr(line, "\"microseconds\": ");

        if (!seconds || !micro)
                die("an event without a time: %s", line);
        return strtod(seconds + strlen("\"seconds\": "), NULL) * 1e6 + strtod(micro + strlen("\"microseconds\": "), NULL);
}

/* events ADDRESS DOMAIN TIMES SECOND-MONITOR: stops and continues the guest through a monitor of our own. "event" is
 * from QEMU's timestamp to the signal here, "monitor" from it to our own monitor. */
static void bench_events(char **args)
{
        Series event = { .name = "event" }, monitor = { .name = "monitor" };
        sd_bus *bus = bus_open(args[0]);
        int times = atoi(args[2]);
        Arrival arrival = { 0 };
        Qmp qmp;
        int r;

        r = sd_bus_match_signal(bus, NULL, SERVICE, args[1], DOMAIN, "Lifecycle", on_lifecycle, &arrival);
        if (r < 0)
                die("cannot listen: %s", strerror(-r));
        qmp_connect(&qmp, args[3]);
        qmp_read(&qmp);
        qmp_execute(&qmp, "qmp_capabilities");
        for (int i = 0; i < times; i++) {
                const char *name = i % 2 ? "\"RESUME\"" : "\"STOP\"";
                double happened = 0, seen = 0;

                arrival.at = 0;
                qmp_send(&qmp, i % 2 ? "cont" : "stop");
                for (bool answered = false; !answered || happened == 0 || arrival.at == 0;) {
                        struct pollfd fds[] = { { .fd = qmp.fd, .events = POLLIN },
                                                { .fd = sd_bus_get_fd(bus), .events = POLLIN } };

                        if (poll(fds, 2, 10000) <= 0)
                                die("nothing came");
                        if (fds[1].revents)
                                while (sd_bus_process(bus, NULL) > 0)
                                        ;
                        if (fds[0].revents)
                                do {
                                        qmp_read(&qmp);
                                        answered = answered || strstr(qmp.line, "\"return\"");
                                        if (strstr(qmp.line, name)) {
                                                happened = event_time(qmp.line);
                                                seen = realtime_usec();
                                        }
                                } while (memchr(qmp.buffer, '\n', qmp.n));
                }
                series_add(&event, arrival.at - happened);
                series_add(&monitor, seen - happened);
        }
        series_print(&event);
        series_print(&monitor);
        qmp_close(&qmp);
        sd_bus_unref(bus);
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                int n_args;
                void (*run)(char **args);
        } benches[] = {
                { "start", 5, bench_start },
                { "suspend", 5, bench_suspend },
                { "events", 4, bench_events },
        };

        signal(SIGPIPE, SIG_IGN);
        for (size_t i = 0; argc >= 2 && i < sizeof benches / sizeof *benches; i++)
                if (strcmp(argv[1], benches[i].name) == 0 && argc - 2 >= benches[i].n_args) {
                        benches[i].run(argv + 2);
                        return 0;
                }
        die("bench-guest is run by bench.py");
}
