/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What asking an emulator costs, against starting it: bench-probe EMULATOR ARCH MACHINE TIMES DIRECTORY.
 * Prints, in microseconds: start (the floor: the machine, stopped, to its greeting and its end), first (all
 * there is to know of it and of the emulator, nothing being known), first-machine (without the emulator's
 * detail), next (another machine type of an emulator that is known), read (from the file), warm (from
 * memory), catalogue (every machine type at once; the emulator known) and, in bytes, size (of the file with
 * all that in it). */
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/spawn.h"
#include "measure.h"
#include "qemu/probe.h"
#include "util/log.h"

typedef struct {
        const char *emulator, *arch, *machine;
        char *directory;
        sd_event *event;
        guint answers, failures;
        VbEmulatorFacts *facts;
} Bench;

static void write_all(int fd, const char *text)
{
        if (write(fd, text, strlen(text)) != (ssize_t) strlen(text))
                die("QEMU does not listen");
}

/* As little as anybody can do who wants the machine to be there once. */
static double start_bare(const Bench *bench)
{
        double start = now_usec();
        g_autofree char *chardev = NULL;
        g_autoptr(GError) error = NULL;
        char buffer[4096];
        int sockets[2];
        VbChild child;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                die("no sockets");
        chardev = g_strdup_printf("socket,id=m,fd=%d", sockets[1]);
        const char *const argv[] = {
                bench->emulator, "-S",       "-machine", bench->machine,           "-accel",
                "tcg",           "-display", "none",     "-no-user-config",        "-nodefaults",
                "-chardev",      chardev,    "-mon",     "chardev=m,mode=control", NULL
        };
        const int keep_fds[] = { sockets[1], -1 };

        if (!vb_spawn(&(VbSpawn){ .argv = argv, .keep_fds = keep_fds, .stderr_fd = -1 }, &child, &error))
                die("%s", error->message);
        close(sockets[1]);
        if (read(sockets[0], buffer, sizeof(buffer)) <= 0)
                die("no greeting");
        write_all(sockets[0], "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}");
        while (read(sockets[0], buffer, sizeof(buffer)) > 0)
                ;
        (void) waitpid(child.pid, NULL, 0);
        close(child.pidfd);
        close(sockets[0]);
        return now_usec() - start;
}

static void on_answer(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        Bench *bench = userdata;

        bench->answers++;
        if (error)
                bench->failures++;
        if (!emulator)
                return;
        vb_emulator_facts_unref(bench->facts);
        bench->facts = vb_emulator_facts_ref(emulator);
}

static double ask(Bench *bench, VbProber *prober, const char *machine, VbProbeScope scope)
{
        double start = now_usec();

        bench->answers = bench->failures = 0;
        vb_prober_ask(prober,
                      &(VbProbeQuestion){ .arch = bench->arch,
                                          .path = bench->emulator,
                                          .machine = machine,
                                          .owner = geteuid(),
                                          .scope = scope },
                      on_answer, bench);
        while (bench->answers == 0)
                if (sd_event_run(bench->event, UINT64_MAX) < 0)
                        die("the loop ends");
        if (bench->failures > 0)
                die("%s cannot be asked about %s", bench->emulator, machine);
        return now_usec() - start;
}

/* The only file in the cache; 0 if there is none. Removes it if wanted. */
static double cache_size(const Bench *bench, bool forget)
{
        g_autoptr(GDir) dir = g_dir_open(bench->directory, 0, NULL);
        const char *name = NULL;
        double size = 0;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(bench->directory, name, NULL);
                struct stat st;

                if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
                        size = MAX(size, (double) st.st_size);
                if (forget)
                        (void) g_unlink(path);
        }
        return size;
}

static double first(Bench *bench, VbProbeScope scope)
{
        VbProber *prober = vb_prober_new(bench->event, bench->directory);
        double time = ask(bench, prober, bench->machine, scope);

        vb_prober_free(prober);
        (void) cache_size(bench, true);
        return time;
}

static double next(Bench *bench)
{
        VbProber *prober = vb_prober_new(bench->event, bench->directory);
        double time = 0;

        (void) ask(bench, prober, NULL, VB_PROBE_SCOPE_EMULATOR);
        time = ask(bench, prober, bench->machine, VB_PROBE_SCOPE_MACHINE);
        vb_prober_free(prober);
        (void) cache_size(bench, true);
        return time;
}

static double read_cache(Bench *bench)
{
        VbProber *prober = vb_prober_new(bench->event, bench->directory);
        double time = ask(bench, prober, bench->machine, VB_PROBE_SCOPE_ALL);

        vb_prober_free(prober);
        return time;
}

static void warm(Bench *bench, Series *series)
{
        VbProber *prober = vb_prober_new(bench->event, bench->directory);

        (void) ask(bench, prober, bench->machine, VB_PROBE_SCOPE_ALL);
        for (int i = 0; i < 2000; i++)
                series_add(series, ask(bench, prober, bench->machine, VB_PROBE_SCOPE_ALL));
        vb_prober_free(prober);
}

static double catalogue(Bench *bench)
{
        VbProber *prober = vb_prober_new(bench->event, bench->directory);
        g_autoptr(VbEmulatorFacts) facts = NULL;
        double start = 0, time = 0;

        (void) ask(bench, prober, NULL, VB_PROBE_SCOPE_EMULATOR);
        facts = vb_emulator_facts_ref(bench->facts);
        start = now_usec();
        bench->answers = bench->failures = 0;
        for (guint i = 0; i < facts->machines->len; i++) {
                const VbMachineInfo *info = g_ptr_array_index(facts->machines, i);

                vb_prober_ask(prober,
                              &(VbProbeQuestion){ .arch = bench->arch,
                                                  .path = bench->emulator,
                                                  .machine = info->name,
                                                  .owner = geteuid(),
                                                  .scope = VB_PROBE_SCOPE_ALL },
                              on_answer, bench);
        }
        while (bench->answers < facts->machines->len)
                if (sd_event_run(bench->event, UINT64_MAX) < 0)
                        die("the loop ends");
        time = now_usec() - start;
        fprintf(stderr, "%u machine types, %u cannot be started\n", facts->machines->len, bench->failures);
        vb_prober_free(prober);
        return time;
}

int main(int argc, char **argv)
{
        Series start = { .name = "start" }, whole = { .name = "first" }, part = { .name = "first-machine" };
        Series another = { .name = "next" }, from_file = { .name = "read" }, memory = { .name = "warm" };
        Series all = { .name = "catalogue" }, size = { .name = "size" };
        Bench bench = { 0 };
        int times = 0;

        if (argc != 6)
                die("usage: bench-probe EMULATOR ARCH MACHINE TIMES DIRECTORY");
        bench.emulator = argv[1];
        bench.arch = argv[2];
        bench.machine = argv[3];
        times = atoi(argv[4]);
        bench.directory = argv[5];
        if (sd_event_new(&bench.event) < 0)
                die("no loop");
        (void) start_bare(&bench);
        for (int i = 0; i < times; i++) {
                series_add(&start, start_bare(&bench));
                series_add(&whole, first(&bench, VB_PROBE_SCOPE_ALL));
                series_add(&part, first(&bench, VB_PROBE_SCOPE_MACHINE));
                series_add(&another, next(&bench));
        }
        series_add(&all, catalogue(&bench));
        series_add(&size, cache_size(&bench, false));
        for (int i = 0; i < times; i++)
                series_add(&from_file, read_cache(&bench));
        warm(&bench, &memory);
        series_print(&start);
        series_print(&whole);
        series_print(&part);
        series_print(&another);
        series_print(&from_file);
        series_print(&memory);
        series_print(&all);
        series_print(&size);
        vb_emulator_facts_unref(bench.facts);
        sd_event_unref(bench.event);
        return 0;
}
