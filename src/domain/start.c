/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a guest, phase by phase:
 *   probe      the emulator's facts (in memory as a rule)
 *   check      it makes sense, and what it names of the host was granted
 *   wait       until the last run has given back what it had (at once as a rule)
 *   provide    what it has from the host (domain/provision.h)
 *   spawn      monitor bound, command line built, the process made and held
 *   scope      it is in a scope of systemd's, with the definition's limits; then it is executed
 *   handshake  the monitor answers: the machine has been built
 *   verify     QEMU put every device where the definition has it
 *   settle     what a command line cannot say
 *   restore    the state of a guest that was saved, if one was (domain/restore.h)
 *   run        unless it is to stay paused
 * A failure in any phase takes back what was made: before there is a process here, after that by ending it.
 */
#include "domain/start-private.h"

#include <string.h>
#include <sys/un.h>

#include "conf/graphics.h"
#include "conf/vsock.h"
#include "domain/companion-ends.h"
#include "domain/grants.h"
#include "domain/guest.h"
#include "domain/limits.h"
#include "domain/links.h"
#include "domain/resources.h"
#include "domain/restore.h"
#include "domain/saved.h"
#include "domain/settle.h"
#include "domain/status.h"
#include "domain/unmet.h"
#include "qemu/verify.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define CONT_USEC (30 * G_USEC_PER_SEC)

/* The one place where a start ends. */
static void finish(VbStart *start, const GError *error)
{
        g_autoptr(VbDomain) domain = start->domain;
        g_autoptr(GError) own_error = start->error, told = error ? vb_restore_explain(start, error) : NULL;
        VbDone done = start->done;
        void *userdata = start->userdata;

        domain->start = NULL;
        domain->busy = NULL;
        g_clear_pointer(&start->links, g_ptr_array_unref);
        g_clear_pointer(&start->companion_ends, g_ptr_array_unref);
        vb_clear_fd(&start->private_dir);
        vb_clear_fd(&start->image);
        sd_event_source_disable_unref(start->restore_timer);
        vb_clear_fd(&start->log);
        vb_secrets_unref(start->options.secrets);
        vb_emulator_facts_unref(start->emulator);
        vb_machine_facts_unref(start->machine);
        g_strfreev(start->argv);
        vb_clear_fd(&start->monitor);
        g_free(start);
        if (done)
                done(domain, told, userdata);
        else if (told)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "it could not be started: %s",
                              told->message);
}

/* A failure before there was a process. */
static void fail_early(VbStart *start, const GError *error)
{
        vb_scope_start_cancel(g_steal_pointer(&start->scope));
        vb_release_cancel(g_steal_pointer(&start->release));
        vb_spawn_abandon(&start->held);
        vb_provided_withdraw(g_steal_pointer(&start->domain->provided));
        vb_domain_end(start->domain, start->cancelled ? VB_DETAIL_POWERED_OFF : VB_DETAIL_FAILED);
        finish(start, error);
}

void vb_start_guest_gone(VbStart *start, const GError *error)
{
        g_autoptr(GError) cancelled = NULL;

        if (start->cancelled)
                vb_error_set(&cancelled, VB_ERROR_INVALID_STATE,
                             "domain '%s' was powered off while it was starting", start->domain->name);
        finish(start, cancelled ? cancelled : start->error ? start->error : error);
}

static void tell_unmet(const VbDomain *domain)
{
        g_auto(GStrv) lines = vb_unmet_list(domain->live, domain->service->networks);

        for (char **line = lines; *line; line++)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "it runs without %s", *line);
}

/* A server that asks for a password which nobody has given lets nobody in. */
static void tell_passwords(const VbDomain *domain, VbSecretSession *secrets)
{
        for (guint i = 0; i < domain->live->devices->len; i++) {
                const VbGraphics *graphics = domain->live->devices->pdata[i];
                const char *alias = graphics->base.alias;

                if (graphics->base.kind == VB_DEVICE_GRAPHICS && graphics->password &&
                    !vb_secret_session_has(alias, secrets))
                        vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                                      "%s asks for a password, and none came with the start as the secret "
                                      "'%s'",
                                      alias, alias);
        }
}

/* A failure while there is a process: the start ends when that has gone. */
static void fail_late(VbStart *start, const GError *error)
{
        start->error = g_error_copy(error);
        vb_guest_kill(start->domain->guest, VB_DETAIL_FAILED);
}

static void succeed(VbStart *start)
{
        VbDomain *domain = start->domain;
        VbState state = start->options.paused ? VB_STATE_PAUSED : VB_STATE_RUNNING;
        VbDetail started = start->restoring ? VB_DETAIL_RESTORED : VB_DETAIL_BOOTED;
        VbDetail paused = start->restoring ? VB_DETAIL_RESTORED : VB_DETAIL_START_PAUSED;
        VbDetail reason = start->options.paused ? paused : started;
        g_autoptr(GError) error = NULL;

        /* One that the next service would take for half started shall not be told of. What was restored is not given up:
         * its file may have run out of date. */
        if (!start->restoring && !vb_status_write_as(domain->guest, state, reason, &error)) {
                fail_late(start, error);
                return;
        }
        vb_domain_set_state(domain, state, reason);
        if (start->restoring)
                vb_guest_mark_transfer(domain->guest, VB_TRANSFER_NONE, false);
        vb_domain_event(domain, VB_EVENT_STARTED, started);
        tell_unmet(domain);
        if (start->options.paused)
                vb_domain_event(domain, VB_EVENT_SUSPENDED, paused);
        finish(start, NULL);
}

void vb_start_monitor_lost(VbStart *start, const GError *error)
{
        fail_late(start, error);
}

static void on_running(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;

        /* The guest's end, and a cancellation, end the start elsewhere. */
        if (!domain->start || !domain->guest || domain->guest->ending || domain->guest->monitor != monitor)
                return;
        /* A monitor that has closed is news of the end, which has more to say. */
        if (error && vb_monitor_is_ready(monitor))
                fail_late(domain->start, error);
        else if (!error)
                succeed(domain->start);
}

void vb_start_restored(VbStart *start, const GError *error)
{
        VbDomain *domain = start->domain;

        if (error)
                fail_late(start, error);
        else if (start->options.paused)
                succeed(start);
        else
                vb_monitor_execute(domain->guest->monitor, "cont", NULL, CONT_USEC, on_running,
                                   vb_domain_ref(domain));
}

static void on_settled(VbDomain *domain, const GError *error, void *userdata)
{
        /* As in on_running(). */
        if (!domain->start || domain->start->error || !domain->guest || domain->guest->ending)
                return;
        if (error && vb_monitor_is_ready(domain->guest->monitor))
                fail_late(domain->start, error);
        else if (!error)
                vb_restore(domain->start);
}

static void on_verified(const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;

        /* As in on_running(). */
        if (!domain->start || domain->start->error || !domain->guest || domain->guest->ending)
                return;
        if (!error)
                vb_settle(domain, on_settled, NULL);
        else if (vb_monitor_is_ready(domain->guest->monitor))
                fail_late(domain->start, error);
}

static void on_handshake(VbGuest *guest, const GError *error, void *userdata)
{
        VbDomain *domain = guest->domain;
        VbStart *start = domain->start;

        if (!start || start->error || !domain->guest || guest->ending)
                return;
        if (error)
                fail_late(start, error);
        else
                vb_verify(guest->monitor, start->argv, on_verified, vb_domain_ref(domain));
}

static bool check_sockets(const VbDomainDef *def, VbRoom *room, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];
                g_autofree char *path = vb_argv_socket_path(device, vb_room_sockets_path(room));

                if (path && strlen(path) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                        return vb_error_set(
                                error, VB_ERROR_UNSUPPORTED,
                                "%s: the path of its socket, %s, is longer than a socket's can be; use a "
                                "shorter runtime directory",
                                device->alias, path);
        }
        return true;
}

char *vb_start_private_dir(const VbStart *start)
{
        return g_strdup_printf("%s/domains/%u/private", start->domain->service->state_dir, start->domain->id);
}

const VbIdentity *vb_start_identity(const VbStart *start)
{
        return start->domain->provided->identity;
}

/* The process and what it inherits. */
static bool spawn(VbStart *start, GError **error)
{
        VbDomain *domain = start->domain;
        VbRoom *room = domain->provided->room;
        vb_autoclose int listening = -1, connected = -1;
        g_autoptr(GArray) keep_fds = g_array_new(TRUE, FALSE, sizeof(int));
        g_autofree char *private_dir = vb_start_private_dir(start);
        g_autoptr(VbSecretSession) secrets = NULL;
        VbSpawn process;
        g_auto(GStrv) environment = vb_argv_environment(domain->live);

        if (!check_sockets(domain->live, room, error) || !vb_start_note(start, error) ||
            !vb_labels_begin_sockets(domain->provided->labels, error))
                return false;
        listening = vb_room_listen_monitor(room, error);
        vb_labels_end_sockets(domain->provided->labels);
        if (listening < 0)
                return false;
        connected = vb_room_connect_monitor(room, error);
        if (connected < 0)
                return false;
        secrets = vb_secrets_open(start->options.secrets, domain->owner);
        g_array_append_val(keep_fds, listening);
        vb_links_append_fds(start->links, keep_fds);
        vb_companion_ends_append_fds(start->companion_ends, keep_fds);
        start->argv = vb_argv_build(domain->live,
                                    &(VbArgvContext){ .monitor_fd = listening,
                                                      .sockets_dir = vb_room_sockets_path(room),
                                                      .private_dir = private_dir,
                                                      .emulator = start->emulator,
                                                      .machine = start->machine,
                                                      .incoming = start->restoring,
                                                      .vsock_cid = VB_VSOCK_CID_MIN + domain->id - 1,
                                                      .links = start->links,
                                                      .ends = start->companion_ends,
                                                      .secret_path = vb_secret_session_path,
                                                      .has_secret = vb_secret_session_has,
                                                      .secret_userdata = secrets },
                                    error);
        if (!start->argv || !vb_secret_session_finish(secrets, keep_fds, error))
                return false;
        tell_passwords(domain, secrets);
        g_array_append_val(keep_fds, (int){ -1 });
        process = (VbSpawn){ .argv = (const char *const *) start->argv,
                             .keep_fds = (const int *) (void *) keep_fds->data,
                             .stderr_fd = start->log,
                             .locked_max = vb_resources_locked(domain->live),
                             .environment = (const char *const *) environment,
                             .identity = vb_start_identity(start),
                             .mark = vb_room_path(room) };
        vb_labels_enter(domain->provided->labels, &process);
        if (!vb_spawn_held(&process, &start->held, error))
                return false;
        start->monitor = vb_steal_fd(&connected);
        vb_clear_fd(&start->log);
        return true;
}

/* From here on it is the emulator. */
static void on_executed(VbChild *child, const GError *error, void *userdata)
{
        VbStart *start = userdata;
        VbDomain *domain = start->domain;
        g_autoptr(GError) unwritten = NULL;

        start->release = NULL;
        if (error) {
                fail_early(start, error);
                return;
        }
        vb_guest_new(domain, child, (uint64_t) g_get_real_time());
        vb_domain_notify(domain, VB_FIELD_PROCESS);
        if (!vb_status_write(domain->guest, &unwritten)) {
                fail_late(start, unwritten);
                return;
        }
        vb_guest_open_monitor(domain->guest, vb_steal_fd(&start->monitor), on_handshake, NULL);
}

static void release(VbStart *start);

static void on_companion_executed(const GError *error, void *userdata)
{
        VbStart *start = userdata;

        if (error) {
                fail_early(start, error);
                return;
        }
        start->n_released++;
        release(start);
}

/* One after the other. They are in the guest's scope with all that they will start. */
static void release(VbStart *start)
{
        const GPtrArray *companions = start->domain->provided->companions;

        if (companions && start->n_released < companions->len)
                vb_companion_release(companions->pdata[start->n_released], on_companion_executed, start);
        else
                start->release = vb_release_start(&start->held, on_executed, start);
}

static void on_scope(bool made, const GError *error, void *userdata)
{
        VbStart *start = userdata;
        VbDomain *domain = start->domain;
        g_autoptr(GPtrArray) limits = vb_resources_properties(domain->live);

        start->scope = NULL;
        if (error) {
                fail_early(start, error);
                return;
        }
        if (!made) {
                g_clear_pointer(&domain->provided->unit, g_free);
                vb_log_domain(limits->len > 0 ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG, domain->name,
                              domain->uuid,
                              "it runs in no scope of its own, and without limits: there is no systemd");
        }
        release(start);
}

/* The emulator's, which is not executed yet, and of what stands beside it. */
static GArray *processes_of(const VbStart *start)
{
        const GPtrArray *companions = start->domain->provided->companions;
        GArray *pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
        const VbCompanion *copier = start->domain->provided->log;
        pid_t log = copier ? vb_companion_pid(copier) : 0;

        g_array_append_val(pids, start->held.child.pid);
        if (log > 0)
                g_array_append_val(pids, log);
        for (guint i = 0; companions && i < companions->len; i++) {
                pid_t pid = vb_companion_pid(companions->pdata[i]);

                if (pid > 0)
                        g_array_append_val(pids, pid);
        }
        return pids;
}

/* What is made of it once it is executed is in the scope, too. */
static void enter_scope(VbStart *start)
{
        VbDomain *domain = start->domain;
        g_autofree char *slice = vb_resources_slice(domain->live, domain->owner);
        g_autoptr(GPtrArray) limits = vb_resources_properties(domain->live);
        g_autoptr(GArray) pids = processes_of(start);

        start->scope = vb_scope_start(domain->service->scopes,
                                      &(VbScope){ .unit = domain->provided->unit,
                                                  .description = domain->name,
                                                  .slice = slice,
                                                  .pids = pids,
                                                  .properties = limits },
                                      on_scope, start);
}

static void make_process(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        if (!spawn(start, &error))
                fail_early(start, error);
        else if (start->domain->provided->unit)
                enter_scope(start);
        else
                release(start);
}

bool vb_start_note(VbStart *start, GError **error)
{
        VbRoom *room = start->domain->provided->room;

        return !room || vb_status_write_starting(start->domain, room, error);
}

static void provide(VbStart *start)
{
        if (vb_provisions[start->at])
                vb_provisions[start->at]->provide(start);
        else
                make_process(start);
}

void vb_start_provided(VbStart *start, const GError *error)
{
        g_autoptr(GError) unwritten = NULL;

        if (!error && vb_provisions[start->at]->save && !vb_start_note(start, &unwritten))
                error = unwritten;
        if (error) {
                fail_early(start, error);
                return;
        }
        start->at++;
        provide(start);
}

/* What can be known to be in vain before anything is made. */
static bool check(const VbDomain *domain, GError **error)
{
        return vb_argv_check_start(domain->live, error) &&
               vb_unmet_check(domain->live, domain->service->networks, error);
}

static void on_free(void *userdata)
{
        VbStart *start = userdata;

        start->waiting = false;
        start->domain->provided =
                vb_provided_new(start->domain->service, start->domain->id, start->domain->owner);
        provide(start);
}

static void on_probed(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error, void *userdata)
{
        VbStart *start = userdata;
        g_autoptr(GError) unable = NULL;

        if (error) {
                fail_early(start, error);
                return;
        }
        start->emulator = vb_emulator_facts_ref(emulator);
        start->machine = vb_machine_facts_ref(machine);
        if (!check(start->domain, &unable) ||
            !vb_grants_check(start->domain, start->domain->live, emulator, &unable)) {
                fail_early(start, unable);
                return;
        }
        start->waiting = vb_provided_wait(start->domain->service, start->domain->id, on_free, start);
        if (!start->waiting)
                on_free(start);
}

bool vb_start(VbDomain *domain, const VbStartOptions *options, VbDone done, void *userdata, GError **error)
{
        bool restoring = domain->saved && !(options && options->discard_save);
        const VbDomainDef *def = vb_domain_is_persistent(domain) ? domain->def : domain->live;
        VbStart *start;

        if (!vb_domain_check_state(domain, 1U << VB_STATE_SHUTOFF, "started", error) ||
            !vb_domain_check_busy(domain, error) || !vb_limits_check_descriptors(domain->service, error) ||
            (restoring && !vb_saved_check(domain, error)))
                return false;
        if (restoring)
                def = domain->saved->def;
        if (!vb_limits_check_start(domain, def->memory, error) || !vb_grants_check_emulator(domain, def, error))
                return false;
        start = g_new0(VbStart, 1);
        start->domain = vb_domain_ref(domain);
        if (options)
                start->options = *options;
        start->options.secrets =
                start->options.secrets ? vb_secrets_ref(start->options.secrets) : vb_secrets_new();
        start->restoring = restoring;
        if (restoring && domain->saved->paused)
                start->options.paused = true;
        start->private_dir = -1;
        start->image = -1;
        start->log = -1;
        start->done = done;
        start->userdata = userdata;
        start->held = (VbHeldChild){ .child = { .pidfd = -1 }, .gate = -1 };
        start->monitor = -1;
        domain->start = start;
        domain->busy = "being started";
        if (vb_domain_is_persistent(domain))
                vb_domain_set_live(domain, vb_domain_def_copy(def));
        vb_domain_set_state(domain, VB_STATE_STARTING, VB_DETAIL_REQUESTED);
        vb_prober_ask(domain->service->prober,
                      &(VbProbeQuestion){ .arch = domain->live->os.arch,
                                          .path = domain->live->emulator,
                                          .machine = domain->live->os.machine,
                                          .owner = domain->owner },
                      on_probed, start);
        return true;
}

/* Nothing that it waits for comes any more. */
static void give_up(VbStart *start)
{
        VbDomain *domain = start->domain;

        if (start->waiting)
                (void) vb_provided_wait(domain->service, domain->id, NULL, NULL);
        else if (!domain->provided)
                vb_prober_cancel(domain->service->prober, start);
        else if (vb_provisions[start->at] && vb_provisions[start->at]->cancel)
                vb_provisions[start->at]->cancel(start);
}

void vb_start_abandon(VbDomain *domain)
{
        g_autoptr(GError) error = NULL;

        if (!domain->start || domain->guest)
                return;
        give_up(domain->start);
        vb_error_set(&error, VB_ERROR_BUSY, "domain '%s' was not started yet when the service ended",
                     domain->name);
        fail_early(domain->start, error);
}

void vb_start_cancel(VbDomain *domain, VbDone done, void *userdata)
{
        g_autoptr(VbDomain) reference = vb_domain_ref(domain);
        g_autoptr(GError) error = NULL;
        VbStart *start = domain->start;

        start->cancelled = true;
        if (domain->guest) {
                vb_guest_wait_end(domain->guest, done, userdata);
                vb_guest_kill(domain->guest, VB_DETAIL_POWERED_OFF);
                return;
        }
        give_up(start);
        vb_error_set(&error, VB_ERROR_INVALID_STATE, "domain '%s' was powered off while it was starting",
                     domain->name);
        fail_early(start, error);
        done(domain, NULL, userdata);
}
