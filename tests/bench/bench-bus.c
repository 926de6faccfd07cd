/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures of the bus alone: reading, listing, defining. Every measure is interleaved with its floor, so that what
 * else the machine does meets both. Prints lines "NAME median p99 max" in microseconds; bench.py makes ratios. */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEER "org.freedesktop.DBus.Peer"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* read ADDRESS DOMAIN TIMES */
static void bench_read(char **args)
{
        Series ping = { .name = "ping" }, get = { .name = "get" }, all = { .name = "get-all" };
        sd_bus *bus = bus_open(args[0]);
        int times = atoi(args[2]);

        for (int i = 0; i < times; i++) {
                series_add(&ping, bus_time(bus, ROOT, PEER, "Ping", NULL));
                series_add(&get, bus_time(bus, args[1], PROPERTIES, "Get", "ss", DOMAIN, "State"));
                series_add(&all, bus_time(bus, args[1], PROPERTIES, "GetAll", "s", DOMAIN));
        }
        series_print(&ping);
        series_print(&get);
        series_print(&all);
        sd_bus_unref(bus);
}

/* list ADDRESS TIMES NAME */
static void bench_list(char **args)
{
        Series ping = { .name = "ping" }, list = { .name = "list" }, objects = { .name = "objects" };
        Series find = { .name = "find" };
        sd_bus *bus = bus_open(args[0]);
        int times = atoi(args[1]);

        for (int i = 0; i < times; i++) {
                series_add(&ping, bus_time(bus, ROOT, PEER, "Ping", NULL));
                series_add(&list, bus_time(bus, ROOT, MANAGER, "ListDomains", NULL));
                series_add(&objects, bus_time(bus, ROOT, OBJECT_MANAGER, "GetManagedObjects", NULL));
                series_add(&find, bus_time(bus, ROOT, MANAGER, "GetDomain", "sa{sv}", args[2], 0));
        }
        series_print(&ping);
        series_print(&list);
        series_print(&objects);
        series_print(&find);
        sd_bus_unref(bus);
}

/* The text of a definition with @number for each "@N@". */
static char *fill(const char *template, int number)
{
        char *text = NULL, digits[16];
        size_t size;
        FILE *out = open_memstream(&text, &size);

        snprintf(digits, sizeof digits, "%08d", number);
        for (const char *mark; (mark = strstr(template, "@N@")); template = mark + 3) {
                fwrite(template, 1, (size_t) (mark - template), out);
                fputs(digits, out);
        }
        fputs(template, out);
        fclose(out);
        return text;
}

static void sync_path(int dir, const char *name, int flags)
{
        int fd = openat(dir, name, flags | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                die("cannot sync %s: %s", name, strerror(errno));
        close(fd);
}

/* The floor of a definition: the same files with the same content, so that they survive a power cut. */
static double write_floor(int floor, int number, char **names, char **contents, int n)
{
        double begin = now_usec();
        char name[32], temporary[256];
        int dir;

        snprintf(name, sizeof name, "%d", number);
        if (mkdirat(floor, name, 0700) < 0 || (dir = openat(floor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                die("cannot make %s: %s", name, strerror(errno));
        for (int i = 0; i < n; i++) {
                size_t length = strlen(contents[i]);
                int fd;

                snprintf(temporary, sizeof temporary, ".new-%s", names[i]);
                fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                if (fd < 0 || write(fd, contents[i], length) != (ssize_t) length || fsync(fd) < 0 ||
                    renameat(dir, temporary, dir, names[i]) < 0)
                        die("cannot write %s: %s", names[i], strerror(errno));
                close(fd);
        }
        if (fsync(dir) < 0)
                die("cannot sync %s: %s", name, strerror(errno));
        close(dir);
        sync_path(floor, ".", O_RDONLY | O_DIRECTORY);
        return now_usec() - begin;
}

/* define ADDRESS TEMPLATE FIRST TIMES FLOOR-DIRECTORY [FILE...]: one after the other; FILEs are those that the
 * service writes for one definition. Without any there is no floor. */
static void bench_define(char **args)
{
        Series define = { .name = "define" }, floor = { .name = "floor" };
        sd_bus *bus = bus_open(args[0]);
        char *template = read_file(args[1]);
        int first = atoi(args[2]), times = atoi(args[3]), n_files = 0;
        int dir = open(args[4], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char *names[16], *contents[16];

        if (dir < 0)
                die("cannot open %s", args[4]);
        for (char **file = args + 5; *file && n_files < 16; file++, n_files++) {
                names[n_files] = strrchr(*file, '/') + 1;
                contents[n_files] = read_file(*file);
        }
        for (int i = first; i < first + times; i++) {
                char *xml = fill(template, i);

                series_add(&define, bus_time(bus, ROOT, MANAGER, "DefineDomain", "sa{sv}", xml, 0));
                free(xml);
                if (n_files)
                        series_add(&floor, write_floor(dir, i, names, contents, n_files));
        }
        series_print(&define);
        if (n_files)
                series_print(&floor);
        while (n_files)
                free(contents[--n_files]);
        free(template);
        close(dir);
        sd_bus_unref(bus);
}

typedef struct {
        int waiting;
} Pipeline;

static int on_defined(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        Pipeline *pipeline = userdata;

        if (sd_bus_message_is_method_error(reply, NULL))
                die("DefineDomain failed: %s", sd_bus_message_get_error(reply)->message);
        pipeline->waiting--;
        return 0;
}

/* pipeline ADDRESS TEMPLATE FIRST TIMES DEPTH: DEPTH definitions are always under way, while somebody else pings.
 * "define" is the time for all, divided by their number. */
static void bench_pipeline(char **args)
{
        Series define = { .name = "define" }, ping = { .name = "ping" };
        sd_bus *bus = bus_open(args[0]), *other = bus_open(args[0]);
        char *template = read_file(args[1]);
        int first = atoi(args[2]), times = atoi(args[3]), depth = atoi(args[4]), next = first;
        Pipeline pipeline = { 0 };
        double begin;

        bus_do(other, ROOT, PEER, "Ping", NULL);
        begin = now_usec();
        while (next < first + times || pipeline.waiting > 0) {
                int r;

                while (next < first + times && pipeline.waiting < depth) {
                        char *xml = fill(template, next++);

                        r = sd_bus_call_method_async(bus, NULL, SERVICE, ROOT, MANAGER, "DefineDomain", on_defined,
                                                     &pipeline, "sa{sv}", xml, 0);
                        if (r < 0)
                                die("cannot call DefineDomain: %s", strerror(-r));
                        pipeline.waiting++;
                        free(xml);
                }
                while ((r = sd_bus_process(bus, NULL)) > 0)
                        ;
                if (r < 0)
                        die("the bus failed: %s", strerror(-r));
                series_add(&ping, bus_time(other, ROOT, PEER, "Ping", NULL));
        }
        series_add(&define, (now_usec() - begin) / times);
        series_print(&define);
        series_print(&ping);
        free(template);
        sd_bus_unref(other);
        sd_bus_unref(bus);
}

/* What polkit alone takes to say yes to us about ourselves. */
static double time_polkit(sd_bus *bus, const char *action)
{
        const char *name;
        double begin = now_usec();
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        int granted = 0;

        if (sd_bus_get_unique_name(bus, &name) < 0 ||
            sd_bus_call_method(bus, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                               "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization", &error, &reply,
                               "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", name, action, 0, 0, "") < 0)
                die("polkit: %s", error.message);
        if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 || sd_bus_message_read(reply, "b", &granted) < 0 ||
            !granted)
                die("polkit does not grant %s", action);
        sd_bus_message_unref(reply);
        return now_usec() - begin;
}

/* authorised ADDRESS DOMAIN TIMES UID: a call that polkit is asked about, by the domain's owner */
static void bench_authorised(char **args)
{
        Series ping = { .name = "ping" }, polkit = { .name = "polkit" }, call = { .name = "call" };
        uid_t uid = (uid_t) atoi(args[3]);
        int times = atoi(args[2]);
        sd_bus *bus;

        if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
                die("cannot become user %u: %s", (unsigned) uid, strerror(errno));
        bus = bus_open(args[0]);
        for (int i = 0; i < times; i++) {
                series_add(&ping, bus_time(bus, ROOT, PEER, "Ping", NULL));
                series_add(&polkit, time_polkit(bus, SERVICE ".own.inspect"));
                series_add(&call, bus_time(bus, args[1], DOMAIN, "GetXML", "a{sv}", 0));
        }
        series_print(&ping);
        series_print(&polkit);
        series_print(&call);
        sd_bus_unref(bus);
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                int n_args;
                void (*run)(char **args);
        } benches[] = {
                { "read", 3, bench_read },
                { "list", 3, bench_list },
                { "define", 5, bench_define },
                { "pipeline", 5, bench_pipeline },
                { "authorised", 4, bench_authorised },
        };

        for (size_t i = 0; argc >= 2 && i < sizeof benches / sizeof *benches; i++)
                if (strcmp(argv[1], benches[i].name) == 0 && argc - 2 >= benches[i].n_args) {
                        benches[i].run(argv + 2);
                        return 0;
                }
        die("bench-bus is run by bench.py");
}
