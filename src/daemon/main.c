/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtbusd: puts the floors together and runs the loop. */
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "bus/bus.h"
#include "bus/inlet.h"
#include "bus/unit-files.h"
#include "config.h"
#include "daemon/idle.h"
#include "daemon/options.h"
#include "daemon/settings.h"
#include "domain/reconnect.h"
#include "domain/service.h"
#include "domain/store.h"
#include "host/copy.h"
#include "host/fd-read.h"
#include "host/file-check.h"
#include "host/log-copy.h"
#include "host/own-program.h"
#include "qemu/stamp-look.h"
#include "util/error.h"
#include "util/log.h"
#include "util/loop.h"
#include "util/task.h"

/* A disk that takes longer than this for what it was given has its callers wait in vain. */
#define TASKS_USEC (5 * G_TIME_SPAN_SECOND)

typedef struct {
        VbOptions options;
        uint64_t idle_usec; /* after how long with nothing to do it leaves */
        sd_event *event;
        sd_bus *sd_bus;
        VbInlet *inlet; /* of the bus */
        VbService *service;
        VbBus *bus;
        VbIdle *idle;
        bool failed;
} Daemon;

/* Where it is: the caller's to free; NULL if nobody knows. */
static char *find_bus(const VbOptions *options)
{
        const char *runtime = g_getenv("XDG_RUNTIME_DIR");
        const char *said = options->bus == VB_BUS_SYSTEM ? g_getenv("DBUS_SYSTEM_BUS_ADDRESS")
                           : options->bus == VB_BUS_USER ? g_getenv("DBUS_SESSION_BUS_ADDRESS")
                                                         : options->address;
        g_autofree char *path = runtime ? g_build_filename(runtime, "bus", NULL) : NULL;
        g_autofree char *escaped = path ? g_dbus_address_escape_value(path) : NULL;

        if (said)
                return g_strdup(said);
        if (options->bus == VB_BUS_SYSTEM)
                return g_strdup("unix:path=/run/dbus/system_bus_socket");
        return escaped ? g_strconcat("unix:path=", escaped, NULL) : NULL;
}

static int open_bus(Daemon *self)
{
        g_autofree char *address = find_bus(&self->options);

        return address ? vb_inlet_new(self->event, address, &self->sd_bus, &self->inlet) : -ENOMEDIUM;
}

static void leave(Daemon *self, const char *what, int r)
{
        vb_log_warning("%s: %s", what, g_strerror(-r));
        self->failed = true;
        (void) sd_event_exit(self->event, 1);
}

/* It starts the units of domains, and no domain twice. */
static void on_systemd(bool there, void *userdata)
{
        Daemon *self = userdata;

        if (!there && self->bus)
                vb_autostart(self->service);
}

static void on_named(int r, void *userdata)
{
        Daemon *self = userdata;
        VbService *service = self->service;

        if (r == -EEXIST)
                leave(self, "another service is org.virtbus1 on this bus", r);
        else if (r < 0)
                leave(self, "org.virtbus1 cannot be served", r);
        if (r < 0)
                return;
        self->idle = vb_idle_new(self->event, self->sd_bus, self->bus, service, self->idle_usec);
        vb_service_probe_host(service);
        if (self->options.bus == VB_BUS_SYSTEM)
                vb_unit_files_ask(self->sd_bus, on_systemd, self);
        else
                vb_autostart(service);
        (void) sd_notifyf(false, "READY=1\nSTATUS=%u domains", service->n_announced);
        vb_log_info("virtbusd " VB_VERSION " serves %u domains", service->n_announced);
}

/* What runs is known: now clients may come. */
static void on_reconnected(VbService *service, void *userdata)
{
        Daemon *self = userdata;
        int r = vb_bus_new(self->sd_bus, service, self->options.bus == VB_BUS_SYSTEM, &self->bus);

        if (r >= 0)
                r = vb_bus_request_name(self->bus, on_named, self);
        if (r < 0)
                on_named(r, self);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        leave(userdata, "the bus has gone; guests run on", -ECONNRESET);
        return 0;
}

/* Answers everybody who waits, while there is still a bus: its own end of the loop's is to close. */
static int on_exit_begins(sd_event_source *source, void *userdata)
{
        Daemon *self = userdata;

        (void) sd_notify(false, "STOPPING=1");
        vb_task_wait(TASKS_USEC);
        vb_service_stop(self->service);
        g_clear_pointer(&self->idle, vb_idle_free);
        g_clear_pointer(&self->bus, vb_bus_free);
        return 0;
}

static void take_settings(Daemon *self, VbSettings *settings)
{
        vb_networks_unref(self->service->networks);
        vb_limits_free(self->service->limits);
        self->service->networks = g_steal_pointer(&settings->networks);
        self->service->limits = g_steal_pointer(&settings->limits);
        /* The first knows which are in use; another range is for another run. */
        if (!self->service->uids)
                self->service->uids = g_steal_pointer(&settings->uids);
        else if (settings->uids && !vb_uid_pool_same(self->service->uids, settings->uids))
                vb_log_warning("%s: [identities]: another range is taken when the service is started again",
                               self->options.config);
        self->idle_usec = settings->idle_usec;
        vb_settings_clear(settings);
}

/* A file that cannot be understood changes nothing. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Daemon *self = userdata;
        g_autoptr(GError) error = NULL;
        VbSettings settings;

        (void) sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, g_get_monotonic_time());
        if (vb_settings_read(self->options.config, self->options.config_required, &settings, &error)) {
                take_settings(self, &settings);
                if (self->idle)
                        vb_idle_set_time(self->idle, self->idle_usec);
                vb_log_info("%s has been read again", self->options.config);
                (void) sd_notifyf(false, "READY=1\nSTATUS=%u domains", self->service->n_announced);
        } else {
                vb_log_warning("%s", error->message);
                (void) sd_notifyf(false, "READY=1\nSTATUS=Not read again: %s", error->message);
        }
        return 0;
}

/* More than guests for a host. */
#define DESCRIPTORS_MAX (1024 * 1024)

/* A guest takes some ten descriptors. The usual limit is there for select(), which nothing here uses. */
static void raise_descriptors(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = MIN(limit.rlim_max, DESCRIPTORS_MAX);
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static int set_up_loop(Daemon *self)
{
        static const struct {
                int signo;
                sd_event_signal_handler_t
                        handler; /* NULL: the loop ends, and what would be the handler's is its code */
        } signals[] = { { SIGTERM, NULL }, { SIGINT, NULL }, { SIGHUP, on_reload } };
        sd_event_source *exit_source = NULL;
        sigset_t mask;
        int r;

        sigemptyset(&mask);
        for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
                sigaddset(&mask, signals[i].signo);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        /* Where it is ignored, children are gone before we know how they ended, and their numbers are
         * others'. */
        (void) signal(SIGCHLD, SIG_DFL);
        r = sd_event_default(&self->event);
        for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS(signals); i++)
                r = sd_event_add_signal(self->event, NULL, signals[i].signo, signals[i].handler,
                                        signals[i].handler ? self : NULL);
        if (r >= 0)
                r = sd_event_add_exit(self->event, &exit_source, on_exit_begins, self);
        if (r >= 0)
                r = sd_event_source_set_priority(exit_source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = sd_event_source_set_floating(exit_source, true);
        sd_event_source_unref(exit_source);
        return r;
}

static bool set_up(Daemon *self, GError **error)
{
        VbSettings settings;
        int r = set_up_loop(self);

        if (r < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "the event loop cannot be made");
        self->service = vb_service_new(self->event, self->options.state_dir, self->options.runtime_dir,
                                       self->options.cache_dir, error);
        if (!self->service)
                return false;
        if (!vb_settings_read(self->options.config, self->options.config_required, &settings, error))
                return false;
        take_settings(self, &settings);
        if (!vb_store_load(self->service, error))
                return false;
        r = open_bus(self);
        if (r >= 0)
                r = sd_bus_match_signal_async(self->sd_bus, NULL, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                              "Disconnected", on_disconnected, NULL, self);
        if (r < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, -r, "the bus cannot be connected to");
        self->service->scopes = vb_scopes_new(self->sd_bus, self->options.bus == VB_BUS_USER,
                                              self->options.bus == VB_BUS_SYSTEM && sd_booted() > 0);
        vb_reconnect(self->service, on_reconnected, self);
        return true;
}

/* Guests run on: nothing here touches them. */
static void tear_down(Daemon *self)
{
        vb_idle_free(self->idle);
        vb_bus_free(self->bus);
        if (self->service)
                vb_store_close(self->service);
        vb_service_free(self->service);
        /* Before it is ready, a flush would wait for what nobody brings it any more. */
        if (self->sd_bus && sd_bus_is_ready(self->sd_bus) > 0)
                (void) sd_bus_flush(self->sd_bus);
        sd_bus_close_unref(self->sd_bus);
        vb_inlet_free(self->inlet);
        sd_event_unref(self->event);
        vb_options_clear(&self->options);
}

/* What is done as a process of another user's that the service has started: see host/own-program.h. */
static const struct {
        const char *argument;
        int (*main)(int argc, char **argv);
} helpers[] = {
        { VB_FILE_CHECK_ARGUMENT, vb_file_check_main },
        { VB_STAMP_LOOK_ARGUMENT, vb_stamp_look_main },
        { VB_COPY_ARGUMENT, vb_copy_main },
        { VB_FD_READ_ARGUMENT, vb_fd_read_main },
        { VB_EXECUTE_ARGUMENT, vb_own_program_execute_main },
        { VB_LOG_COPY_ARGUMENT, vb_log_copy_main },
};

int main(int argc, char **argv)
{
        g_autoptr(GError) error = NULL;
        int code = 0;
        Daemon self = { 0 };

        for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(helpers); i++)
                if (g_str_equal(argv[1], helpers[i].argument))
                        return helpers[i].main(argc, argv);
        if (!vb_options_parse(&argc, &argv, &self.options, &error)) {
                fprintf(stderr, "virtbusd: %s\n", error->message);
                return 2;
        }
        if (self.options.version) {
                printf("virtbusd " VB_VERSION "\n");
                vb_options_clear(&self.options);
                return EXIT_SUCCESS;
        }
        vb_log_init(self.options.debug);
        raise_descriptors();
        if (set_up(&self, &error)) {
                code = vb_loop_run(self.event);
        } else {
                vb_log_warning("%s", error->message);
                self.failed = true;
        }
        tear_down(&self);
        return self.failed || code < 0 ? EXIT_FAILURE : code;
}
