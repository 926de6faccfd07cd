/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs for units: one that is there while a domain runs, and one that ends all domains with the host. Both
 * press the power button, wait for as long as VIRTBUS_SHUTDOWN_SECONDS says, and then pull the plug. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "util/unit-name.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define SHUTDOWN_SECONDS 120
#define SHUTDOWN_SECONDS_MAX 86400
/* Between two looks at a service that is away, or at guests that shut down. */
#define LOOK_USEC (500 * 1000)
/* What a guest takes to be gone when its plug is pulled. */
#define PLUG_USEC (20 * G_USEC_PER_SEC)

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
        sd_event_source *look_timer, *plug_timer;
        bool stopping;
        uint64_t patience_usec;
        GError *error; /* why it failed */
} Run;

static bool read_patience(uint64_t *ret_usec, GError **error)
{
        const char *text = g_getenv("VIRTBUS_SHUTDOWN_SECONDS");
        uint64_t seconds = SHUTDOWN_SECONDS;

        if (text && !g_ascii_string_to_unsigned(text, 10, 0, SHUTDOWN_SECONDS_MAX, &seconds, NULL))
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE,
                                   "VIRTBUS_SHUTDOWN_SECONDS is a number up to %d, not '%s'",
                                   SHUTDOWN_SECONDS_MAX, text);
        *ret_usec = seconds * G_USEC_PER_SEC;
        return true;
}

static bool call_domain(VbCtl *ctl, const char *path, const char *method, GError **error)
{
        return vb_ctl_call(ctl, VB_CTL_ACTS, path, VB_CTL_DOMAIN, method, NULL, error, "a{sv}", 0);
}

/* Some guests have no power button, or none that they listen to. */
static void press_button(VbCtl *ctl, const char *path)
{
        g_autoptr(GError) error = NULL;

        if (call_domain(ctl, path, "Shutdown", &error))
                return;
        fprintf(stderr, "virtbusctl: %s; its plug is pulled\n", error->message);
        (void) call_domain(ctl, path, "PowerOff", NULL);
}

/* By path, each domain's state; NULL with an error while the service is away. */
static GHashTable *read_states(VbCtl *ctl, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GHashTable) states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        const char *state, *path;
        int r;

        if (!vb_ctl_call(ctl, VB_CTL_READS, VB_CTL_ROOT, VB_CTL_MANAGER, "ListDomains", &reply, error, ""))
                return NULL;
        r = sd_bus_message_enter_container(reply, 'a', "(ssuso)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssuso)", NULL, NULL, NULL, &state, &path)) > 0)
                g_hash_table_insert(states, g_strdup(path), g_strdup(state));
        if (r < 0) {
                vb_ctl_fail_reply(error, r);
                return NULL;
        }
        return g_steal_pointer(&states);
}

static bool is_off(const char *state)
{
        return !state || g_str_equal(state, "shutoff");
}

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

static int on_look_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        return look(userdata);
}

static int arm(Run *run, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler)
{
        *timer = sd_event_source_disable_unref(*timer);
        return sd_event_add_time_relative(run->event, timer, CLOCK_MONOTONIC, usec, 0, handler, run);
}

/* Ends when the domain has. A service that is away is coming back, or is started by the next look. */
static int look(Run *run)
{
        g_autoptr(GError) away = NULL;
        g_autoptr(GHashTable) states = read_states(run->ctl, &away);
        g_autofree char *reason = NULL;

        if (!states)
                return arm(run, &run->look_timer, LOOK_USEC, on_look_timer);
        if (!is_off(g_hash_table_lookup(states, run->path)))
                return 0;
        reason = g_hash_table_contains(states, run->path) ? read_reason(run) : NULL;
        if (!run->stopping && (g_strcmp0(reason, "crashed") == 0 || g_strcmp0(reason, "failed") == 0))
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
        Run *run = userdata;

        return arm(run, &run->look_timer, LOOK_USEC, on_look_timer);
}

static int pull_plug(sd_event_source *source, uint64_t usec, void *userdata)
{
        Run *run = userdata;

        (void) call_domain(run->ctl, run->path, "PowerOff", NULL);
        return look(run);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        Run *run = userdata;

        if (run->stopping)
                return pull_plug(NULL, 0, run);
        run->stopping = true;
        (void) sd_notify(false, "STOPPING=1\nSTATUS=Shutting down");
        press_button(run->ctl, run->path);
        (void) arm(run, &run->plug_timer, run->patience_usec, pull_plug);
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
        if (r >= 0)
                r = sd_bus_attach_event(bus, run->event, SD_EVENT_PRIORITY_NORMAL);
        return r;
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
        return r < 0 ? r : subscribe(run);
}

/* One that runs already is taken as it is. */
static bool start(Run *run, GError **error)
{
        g_autoptr(GHashTable) states = read_states(run->ctl, error);

        if (!states)
                return false;
        return !is_off(g_hash_table_lookup(states, run->path)) ||
               call_domain(run->ctl, run->path, "Start", error);
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

/* Who writes virtbus-domain@web-1 rarely means the domain 1 of the user web. */
static bool find(VbCtl *ctl, const char *name, char **ret, GError **error)
{
        g_autofree char *plain = vb_unit_unescape(name);

        if (!(ctl->options & VB_CTL_OPTION_UNIT))
                return vb_ctl_find_domain(ctl, name, ret, error);
        return vb_ctl_find_domain(ctl, plain, ret, NULL) || vb_ctl_find_domain(ctl, name, ret, error);
}

bool vb_ctl_run(VbCtl *ctl, char **args, GError **error)
{
        Run run = { .ctl = ctl };
        bool ok = read_patience(&run.patience_usec, error) && vb_ctl_connect(ctl, error) &&
                  find(ctl, args[0], &run.path, error);
        int r = ok ? prepare(&run) : 0;

        if (r < 0)
                ok = vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot listen on the bus: %s", g_strerror(-r));
        ok = ok && start(&run, error) && stay(&run, error);
        sd_event_source_disable_unref(run.look_timer);
        sd_event_source_disable_unref(run.plug_timer);
        vb_ctl_disconnect(ctl);
        sd_event_unref(run.event);
        g_free(run.path);
        return ok;
}

/* How many still run; @act on each of them. */
static unsigned each_running(VbCtl *ctl, void (*act)(VbCtl *ctl, const char *path))
{
        g_autoptr(GHashTable) states = read_states(ctl, NULL);
        GHashTableIter iter;
        gpointer path, state;
        unsigned n = 0;

        if (!states)
                return 0;
        g_hash_table_iter_init(&iter, states);
        while (g_hash_table_iter_next(&iter, &path, &state)) {
                if (is_off(state))
                        continue;
                n++;
                if (act)
                        act(ctl, path);
        }
        return n;
}

static void pull(VbCtl *ctl, const char *path)
{
        (void) call_domain(ctl, path, "PowerOff", NULL);
}

static bool wait_off(VbCtl *ctl, uint64_t usec)
{
        int64_t deadline = g_get_monotonic_time() + (int64_t) usec;

        while (each_running(ctl, NULL) > 0) {
                if (g_get_monotonic_time() >= deadline)
                        return false;
                g_usleep(LOOK_USEC);
        }
        return true;
}

bool vb_ctl_shutdown_all(VbCtl *ctl, char **args, GError **error)
{
        uint64_t patience_usec;
        unsigned n;

        if (!read_patience(&patience_usec, error) || !vb_ctl_connect(ctl, error))
                return false;
        /* Without a service there is nothing that it could be asked to end, and a host that shuts down starts
         * none. */
        if (sd_bus_get_name_creds(ctl->bus, VB_CTL_SERVICE, 0, NULL) < 0)
                return true;
        if (each_running(ctl, press_button) == 0 || wait_off(ctl, patience_usec))
                return true;
        n = each_running(ctl, pull);
        fprintf(stderr, "virtbusctl: %u had their plug pulled\n", n);
        return wait_off(ctl, PLUG_USEC) || vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "some domains still run");
}
