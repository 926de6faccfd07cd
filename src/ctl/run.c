/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verb for the units of domains: it is there while a domain runs, and ends it when it is told to end. */
#include "ctl/commands.h"
#include "ctl/ending.h"
#include "util/unit-name.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

/* Between two looks at a service that is away, or at a guest that shuts down. */
#define LOOK_USEC (500 * 1000)

#define MATCH_DOMAIN                                                                                         \
        "type='signal',sender='" VB_CTL_SERVICE "',interface='" VB_CTL_PROPERTIES                            \
        "',member='PropertiesChanged',path='%s'"
#define MATCH_GONE                                                                                           \
        "type='signal',sender='" VB_CTL_SERVICE "',interface='" VB_CTL_OBJECT_MANAGER                        \
        "',member='InterfacesRemoved',path='" VB_CTL_ROOT "'"
#define MATCH_OWNER                                                                                          \
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"                      \
        "member='NameOwnerChanged',arg0='" VB_CTL_SERVICE "'"

typedef struct {
        VbCtl *ctl;
        char *path;
        sd_event *event;
        sd_event_source *timer;
        VbCtlEndingWish wish;
        VbCtlEnding *ending; /* NULL until it is to end */
        GError *error; /* why it failed */
} Run;

static char *read_reason(Run *run)
{
        g_autoptr(sd_bus_message) reply = NULL;
        const char *reason = NULL;

        if (!vb_ctl_call(run->ctl, VB_CTL_READS, run->path, VB_CTL_PROPERTIES, "Get", &reply, NULL, "ss",
                         VB_CTL_DOMAIN, "StateReason") ||
            sd_bus_message_read(reply, "v", "s", &reason) < 0)
                return NULL;
        return g_strdup(reason);
}

static int look(Run *run);
static int subscribe(Run *run);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        return look(userdata);
}

static int look_later(Run *run)
{
        run->timer = sd_event_source_disable_unref(run->timer);
        return sd_event_add_time_relative(run->event, &run->timer, CLOCK_MONOTONIC, LOOK_USEC, 0, on_timer, run);
}

/* A guest outlasts a bus, and so does this. */
static bool is_on_bus(Run *run)
{
        int r = vb_ctl_reconnect(run->ctl, run->event);

        if (r > 0)
                r = subscribe(run);
        if (r < 0)
                vb_ctl_disconnect(run->ctl);
        return r >= 0;
}

/* Ends when the domain has. A service that is away is coming back, or is started by the next look. */
static int look(Run *run)
{
        g_autoptr(GError) away = NULL;
        g_autoptr(GHashTable) states = is_on_bus(run) ? vb_ctl_read_states(run->ctl, &away) : NULL;
        g_autofree char *reason = NULL;

        if (!states)
                return look_later(run);
        if (!vb_ctl_is_off(g_hash_table_lookup(states, run->path))) {
                if (!run->ending)
                        return 0;
                vb_ctl_ending_act(run->ending, run->path);
                return look_later(run);
        }
        reason = g_hash_table_contains(states, run->path) ? read_reason(run) : NULL;
        if (!run->ending && (g_strcmp0(reason, "crashed") == 0 || g_strcmp0(reason, "failed") == 0))
                vb_ctl_fail(&run->error, VB_CTL_ERROR_FAILED, "the domain has ended: %s", reason);
        return sd_event_exit(run->event, 0);
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return look(userdata);
}

/* Not at once: it may be on its way back. */
static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return look_later(userdata);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Run *run = userdata;

        if (run->ending) {
                vb_ctl_ending_hurry(run->ending);
                return look(run);
        }
        (void) sd_notify(false, "STOPPING=1\nSTATUS=Shutting down");
        run->ending = vb_ctl_ending_new(run->ctl, &run->wish);
        return look(run);
}

static int subscribe(Run *run)
{
        g_autofree char *domain = g_strdup_printf(MATCH_DOMAIN, run->path);
        sd_bus *bus = run->ctl->bus;
        int r = sd_bus_add_match(bus, NULL, domain, on_signal, run);

        if (r >= 0)
                r = sd_bus_add_match(bus, NULL, MATCH_GONE, on_signal, run);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL, MATCH_OWNER, on_owner_changed, run);
        return r < 0 ? r : vb_ctl_on_lost(run->ctl, on_owner_changed, run);
}

static int prepare(Run *run)
{
        sigset_t mask;
        int r;

        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGINT);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        r = sd_event_default(&run->event);
        if (r >= 0)
                r = sd_event_add_signal(run->event, NULL, SIGTERM, on_stop, run);
        if (r >= 0)
                r = sd_event_add_signal(run->event, NULL, SIGINT, on_stop, run);
        if (r >= 0)
                r = sd_bus_attach_event(run->ctl->bus, run->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? r : subscribe(run);
}

/* One that runs already is taken as it is. */
static bool start(Run *run, GError **error)
{
        g_autoptr(GHashTable) states = vb_ctl_read_states(run->ctl, error);

        if (!states)
                return false;
        return !vb_ctl_is_off(g_hash_table_lookup(states, run->path)) ||
               vb_ctl_call(run->ctl, VB_CTL_ACTS, run->path, VB_CTL_DOMAIN, "Start", NULL, error, "a{sv}", 0);
}

static bool stay(Run *run, GError **error)
{
        int r;

        (void) sd_notify(false, "READY=1\nSTATUS=Running");
        r = look(run);
        if (r >= 0)
                r = sd_event_loop(run->event);
        if (r < 0)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot wait for the domain: %s",
                                   g_strerror(-r));
        if (run->error)
                g_propagate_error(error, g_steal_pointer(&run->error));
        return error ? !*error : true;
}

/* A name without a slash, as one's own. */
static char *own(const char *name)
{
        return strchr(name, '/') ? g_strdup(name) : g_strdup_printf("%u/%s", (unsigned) geteuid(), name);
}

/* Whose domain a unit starts is for the unit to say: nobody else's takes the place of one that is gone. What was not escaped
 * comes first: virtbus-domain@web-1 is root's web-1, and only where there is none the domain 1 of the user web. */
static bool find(VbCtl *ctl, const char *name, char **ret, GError **error)
{
        g_autofree char *unescaped = vb_unit_unescape(name), *raw = own(name), *plain = own(unescaped);
        g_autoptr(GError) problem = NULL;

        if (!(ctl->options & VB_CTL_OPTION_UNIT))
                return vb_ctl_find_domain(ctl, name, ret, error);
        if (vb_ctl_find_domain(ctl, raw, ret, &problem))
                return true;
        if (g_error_matches(problem, VB_CTL_ERROR, VB_CTL_ERROR_NO_SUCH_DOMAIN))
                return vb_ctl_find_domain(ctl, plain, ret, error);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
}

bool vb_ctl_run(VbCtl *ctl, char **args, GError **error)
{
        Run run = { .ctl = ctl };
        bool ok = vb_ctl_ending_read(&run.wish, error) && vb_ctl_connect(ctl, error) &&
                  find(ctl, args[0], &run.path, error);
        int r = ok ? prepare(&run) : 0;

        if (r < 0)
                ok = vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot listen on the bus: %s", g_strerror(-r));
        ok = ok && start(&run, error) && stay(&run, error);
        sd_event_source_disable_unref(run.timer);
        vb_ctl_ending_free(run.ending);
        vb_ctl_disconnect(ctl);
        sd_event_unref(run.event);
        g_free(run.path);
        return ok;
}
