/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process behind a running domain: watching it, holding its monitor, ending it, and clearing up after it.
 * What its events mean is in guest-events.c. */
#include "domain/guest.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "domain/emulator-log.h"
#include "domain/provision.h"
#include "domain/restore.h"
#include "domain/save.h"
#include "domain/start.h"
#include "domain/status.h"
#include "host/marked.h"
#include "host/room-log.h"
#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

/* Reading the firmware and the images of a large guest can take a while; a hung emulator shall not hold a
 * start for ever. */
#define HANDSHAKE_USEC (60 * G_USEC_PER_SEC)
/* An emulator that is asked to end writes its images back first. */
#define END_GRACE_USEC (10 * G_USEC_PER_SEC)
/* Between the end of a monitor session and that of its process. */
#define EXIT_GRACE_USEC (1 * G_USEC_PER_SEC)
/* What an emulator leaves behind and is killed has this long to end. */
#define REST_MSEC 500
/* A monitor that closed, or does not answer, is tried again: a few times soon, then now and then. The guest
 * is not to blame, so it is left alone. */
#define REOPEN_USEC (G_USEC_PER_SEC / 4)
#define REOPEN_SLOW_USEC (5 * G_USEC_PER_SEC)
#define REOPEN_SOON_MAX 3
/* After its end, for what it printed. */
#define LOG_USEC (5 * G_USEC_PER_SEC)
/* Where nothing tells of its end. */
#define EXIT_POLL_MSEC 250
#define STATUS_USEC (10 * G_USEC_PER_SEC)
#define RESET_USEC (30 * G_USEC_PER_SEC)
/* After the signals and the answer that wait to be sent. */
#define STATUS_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 30)

pid_t vb_guest_pid(const VbGuest *guest)
{
        return guest->child.pid;
}

bool vb_guest_check_there(const VbDomain *domain, GError **error)
{
        return (domain->guest && !domain->guest->ending) ||
               vb_error_set(error, VB_ERROR_INVALID_STATE, "domain '%s' has been shut off", domain->name);
}

bool vb_guest_check_reachable(const VbDomain *domain, GError **error)
{
        if (!vb_guest_check_there(domain, error))
                return false;
        if (domain->guest->transfer != VB_TRANSFER_NONE)
                return vb_error_set(error, VB_ERROR_BUSY, "domain '%s' is being saved, or restored; try again when that is done",
                                    domain->name);
        return (vb_monitor_is_ready(domain->guest->monitor) ||
                vb_error_set(error, VB_ERROR_MONITOR, "the monitor of domain '%s' is not connected; try again",
                             domain->name));
}

void vb_guest_free(VbGuest *guest)
{
        if (!guest)
                return;
        if (guest->status_source)
                vb_guest_save_status(guest);
        sd_event_source_disable_unref(guest->exit_source);
        g_clear_handle_id(&guest->exit_poll, g_source_remove);
        sd_event_source_disable_unref(guest->log_timer);
        sd_event_source_disable_unref(guest->kill_timer);
        sd_event_source_disable_unref(guest->monitor_timer);
        sd_event_source_disable_unref(guest->reset_timer);
        vb_monitor_free(g_steal_pointer(&guest->monitor));
        if (guest->child.pidfd >= 0)
                close(guest->child.pidfd);
        g_clear_error(&guest->closed_error);
        g_array_unref(guest->end_waiters);
        g_array_unref(guest->reset_waiters);
        g_free(guest);
}

static void wait_for(GArray *waiters, VbDone done, void *userdata)
{
        VbGuestWaiter waiter = { .done = done, .userdata = userdata };

        g_array_append_val(waiters, waiter);
}

void vb_guest_wait_end(VbGuest *guest, VbDone done, void *userdata)
{
        wait_for(guest->end_waiters, done, userdata);
}

static void tell_waiters(VbDomain *domain, GArray *waiters, const GError *error)
{
        g_autoptr(GArray) told = g_array_copy(waiters);

        g_array_set_size(waiters, 0);
        for (guint i = 0; i < told->len; i++) {
                VbGuestWaiter *waiter = &g_array_index(told, VbGuestWaiter, i);

                waiter->done(domain, error, waiter->userdata);
        }
}

static void arm_timer(VbGuest *guest, sd_event_source **timer, uint64_t usec, sd_event_time_handler_t handler)
{
        *timer = sd_event_source_disable_unref(*timer);
        (void) sd_event_add_time_relative(guest->domain->service->event, timer, CLOCK_MONOTONIC, usec, 0,
                                          handler, guest);
}

void vb_guest_tell_reset(VbGuest *guest, const GError *error)
{
        guest->reset_timer = sd_event_source_disable_unref(guest->reset_timer);
        tell_waiters(guest->domain, guest->reset_waiters, error);
}

static int on_reset_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbGuest *guest = userdata;
        g_autoptr(GError) error = NULL;

        vb_error_set(&error, VB_ERROR_TIMEOUT, "the emulator of domain '%s' did not reset it in time",
                     guest->domain->name);
        vb_guest_tell_reset(guest, error);
        return 0;
}

void vb_guest_wait_reset(VbGuest *guest, VbDone done, void *userdata)
{
        wait_for(guest->reset_waiters, done, userdata);
        arm_timer(guest, &guest->reset_timer, RESET_USEC, on_reset_time);
}

static void tell_ready(VbGuest *guest, const GError *error)
{
        void (*on_ready)(VbGuest *, const GError *, void *) = guest->on_ready;

        guest->on_ready = NULL;
        if (on_ready)
                on_ready(guest, error, guest->ready_data);
}

static int on_kill_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbGuest *guest = userdata;

        vb_log_domain(G_LOG_LEVEL_WARNING, guest->domain->name, guest->domain->uuid,
                      "the emulator did not end when asked and is killed");
        (void) vb_pidfd_send_signal(guest->child.pidfd, SIGKILL);
        return 0;
}

static void begin_end(VbGuest *guest, VbDetail reason)
{
        if (guest->ending)
                return;
        guest->ending = true;
        guest->end_reason = reason;
        if (guest->domain->state != VB_STATE_STARTING)
                vb_domain_set_state(guest->domain, VB_STATE_STOPPING, reason);
        vb_guest_save_status(guest);
}

void vb_guest_end(VbGuest *guest, VbDetail reason)
{
        bool asked = guest->ending;

        begin_end(guest, reason);
        if (asked)
                return;
        (void) vb_pidfd_send_signal(guest->child.pidfd, SIGTERM);
        /* One that is stopped would not hear it. */
        (void) vb_pidfd_send_signal(guest->child.pidfd, SIGCONT);
        arm_timer(guest, &guest->kill_timer, END_GRACE_USEC, on_kill_time);
}

void vb_guest_kill(VbGuest *guest, VbDetail reason)
{
        begin_end(guest, reason);
        (void) vb_pidfd_send_signal(guest->child.pidfd, SIGKILL);
}

static void set_exit_error(VbGuest *guest, const char *how, GError **error)
{
        g_autofree char *log = vb_room_log_tail(guest->room);

        if (log[0])
                vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "the emulator of domain '%s' %s; it said:\n%s",
                             guest->domain->name, how, log);
        else
                vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                             "the emulator of domain '%s' %s and said nothing", guest->domain->name, how);
}

/* An emulator may be a script, and what that has started goes on without it: in its process group, whose
 * number nobody else has while it is there, and with its mark. */
static void end_rest(VbGuest *guest)
{
        VbProvided *provided = guest->domain->provided;

        if (kill(-guest->child.pid, 0) < 0 && errno == ESRCH)
                return;
        if (vb_marked_kill(vb_room_path(guest->room), vb_provided_uid(provided), REST_MSEC, NULL))
                return;
        provided->lingering = true;
        vb_log_domain(G_LOG_LEVEL_WARNING, guest->domain->name, guest->domain->uuid,
                      "a process of its emulator's was killed, and does not end");
}

/* The process has gone: the domain is shut off, and nothing of the guest is left. */
static void finish(VbGuest *guest, const char *how)
{
        g_autoptr(VbDomain) domain = vb_domain_ref(guest->domain);
        g_autoptr(GError) error = NULL, gone = NULL;
        VbDetail reason = guest->ending ? guest->end_reason : VB_DETAIL_FAILED;
        VbStart *start = domain->start;

        set_exit_error(guest, how, &error);
        if (!guest->ending)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s", error->message);
        vb_error_set(&gone, VB_ERROR_INVALID_STATE, "the guest of domain '%s' has ended", domain->name);
        vb_monitor_free(g_steal_pointer(&guest->monitor));
        guest->status_source = sd_event_source_disable_unref(guest->status_source);
        end_rest(guest);
        guest->room = NULL;
        vb_provided_withdraw(g_steal_pointer(&domain->provided));
        domain->guest = NULL;
        if (guest->balloon_bytes > 0 && guest->balloon_bytes != vb_domain_shown(domain)->current_memory)
                vb_domain_notify(domain, VB_FIELD_MEMORY_ACTUAL);
        vb_domain_end(domain, reason);
        tell_ready(guest, error);
        if (start)
                vb_start_guest_gone(start, error);
        vb_guest_tell_reset(guest, gone);
        tell_waiters(domain, guest->end_waiters, NULL);
        vb_guest_free(guest);
}

static void on_log_finished(void *userdata)
{
        VbGuest *guest = userdata;
        g_autofree char *how = NULL;

        if (!vb_pidfd_reap(guest->child.pidfd, &how))
                how = g_strdup("ended");
        finish(guest, how);
}

static int on_log_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        on_log_finished(userdata);
        return 0;
}

/* Its end is told when all that it printed is known. Until then it stays unreaped: its number is nobody
 * else's. */
static int on_exit_event(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        VbGuest *guest = userdata;

        guest->exited = true;
        guest->exit_source = sd_event_source_disable_unref(guest->exit_source);
        guest->kill_timer = sd_event_source_disable_unref(guest->kill_timer);
        guest->monitor_timer = sd_event_source_disable_unref(guest->monitor_timer);
        if (vb_emulator_log_finish(guest->domain->provided, on_log_finished, guest))
                arm_timer(guest, &guest->log_timer, LOG_USEC, on_log_time);
        else
                on_log_finished(guest);
        return 0;
}

static gboolean on_exit_poll(gpointer userdata)
{
        VbGuest *guest = userdata;

        if (!vb_pidfd_wait(guest->child.pidfd, 0))
                return G_SOURCE_CONTINUE;
        guest->exit_poll = 0;
        (void) on_exit_event(NULL, guest->child.pidfd, 0, guest);
        return G_SOURCE_REMOVE;
}

VbGuest *vb_guest_new(VbDomain *domain, VbChild *child, uint64_t started_usec)
{
        VbGuest *guest = g_new0(VbGuest, 1);

        guest->domain = domain;
        guest->room = domain->provided->room;
        guest->child = *child;
        child->pidfd = -1;
        guest->started_usec = started_usec;
        guest->end_waiters = g_array_new(FALSE, FALSE, sizeof(VbGuestWaiter));
        guest->reset_waiters = g_array_new(FALSE, FALSE, sizeof(VbGuestWaiter));
        (void) vb_process_start_time(guest->child.pid, &guest->start_ticks);
        domain->guest = guest;
        /* After the monitor's own source, so that its last words are heard first. */
        if (sd_event_add_io(domain->service->event, &guest->exit_source, guest->child.pidfd, EPOLLIN,
                            on_exit_event, guest) >= 0)
                (void) sd_event_source_set_priority(guest->exit_source, SD_EVENT_PRIORITY_NORMAL + 10);
        else
                guest->exit_poll = g_timeout_add(EXIT_POLL_MSEC, on_exit_poll, guest);
        return guest;
}

static void set_reboot_action(VbGuest *guest, const char *action)
{
        json_object *arguments = json_object_new_object();

        json_object_object_add(arguments, "reboot", json_object_new_string(action));
        vb_monitor_execute(guest->monitor, "set-action", arguments, RESET_USEC, NULL, NULL);
}

void vb_guest_reset(VbGuest *guest, VbMonitorReply reply, void *userdata)
{
        bool reset_ends_it = guest->domain->live->on_reboot != VB_ACTION_RESTART &&
                             guest->domain->live->on_reboot != VB_ACTION_RENAME_RESTART;

        /* The emulator takes its own reset for the guest's; what to do is decided when it is asked for. */
        if (reset_ends_it)
                set_reboot_action(guest, "reset");
        vb_monitor_execute(guest->monitor, "system_reset", NULL, RESET_USEC, reply, userdata);
        if (reset_ends_it)
                set_reboot_action(guest, "shutdown");
}

void vb_guest_save_status(VbGuest *guest)
{
        g_autoptr(GError) error = NULL;

        guest->status_source = sd_event_source_disable_unref(guest->status_source);
        if (!vb_status_write(guest, &error))
                vb_log_domain(G_LOG_LEVEL_WARNING, guest->domain->name, guest->domain->uuid, "%s",
                              error->message);
}

void vb_guest_mark_transfer(VbGuest *guest, VbTransfer transfer, bool runs)
{
        guest->transfer = transfer;
        guest->transfer_runs = runs;
        vb_guest_save_status(guest);
}

void vb_guest_save_live(VbGuest *guest)
{
        g_autoptr(GError) error = NULL;

        if (!vb_status_write_live(guest->domain, guest->room, &error))
                vb_log_domain(G_LOG_LEVEL_WARNING, guest->domain->name, guest->domain->uuid,
                              "a restarted service will not know how it has changed: %s", error->message);
}

static int on_status_due(sd_event_source *source, void *userdata)
{
        vb_guest_save_status(userdata);
        return 0;
}

void vb_guest_save_status_soon(VbGuest *guest)
{
        if (guest->status_source)
                return;
        if (sd_event_add_defer(guest->domain->service->event, &guest->status_source, on_status_due, guest) <
            0) {
                vb_guest_save_status(guest);
                return;
        }
        (void) sd_event_source_set_priority(guest->status_source, STATUS_PRIORITY);
}

static int on_exit_grace_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbGuest *guest = userdata;
        g_autoptr(GError) error = g_steal_pointer(&guest->closed_error);

        if (guest->on_ready)
                tell_ready(guest, error);
        else if (guest->domain->start)
                vb_start_monitor_lost(guest->domain->start, error);
        return 0;
}

static void on_reopened(VbGuest *guest, const GError *error, void *userdata)
{
        if (!error)
                vb_guest_resync(guest, NULL, NULL);
        else if (guest->domain->guest == guest && !guest->ending)
                vb_guest_reopen_monitor(guest);
}

static int on_reopen_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        vb_guest_open_monitor(userdata, -1, on_reopened, NULL);
        return 0;
}

void vb_guest_reopen_monitor(VbGuest *guest)
{
        if (!guest->ending)
                arm_timer(guest, &guest->monitor_timer,
                          guest->n_reopened++ < REOPEN_SOON_MAX ? REOPEN_USEC : REOPEN_SLOW_USEC,
                          on_reopen_time);
}

static void on_monitor_ready(VbMonitor *monitor, void *userdata)
{
        tell_ready(userdata, NULL);
}

static void on_monitor_event(VbMonitor *monitor, const char *name, json_object *data, uint64_t usec,
                             void *userdata)
{
        VbGuest *guest = userdata;

        if (!guest->ending)
                vb_guest_event(guest, name, data);
}

static void on_monitor_closed(VbMonitor *monitor, const GError *error, void *userdata)
{
        VbGuest *guest = userdata;

        vb_monitor_free(g_steal_pointer(&guest->monitor));
        vb_guest_tell_reset(guest, error);
        if (guest->ending || guest->exited)
                return;
        if (guest->on_ready || guest->domain->start) {
                /* If the process has ended, what it printed says more than this. */
                g_clear_error(&guest->closed_error);
                guest->closed_error = g_error_copy(error);
                arm_timer(guest, &guest->monitor_timer, EXIT_GRACE_USEC, on_exit_grace_time);
                return;
        }
        vb_log_domain(G_LOG_LEVEL_INFO, guest->domain->name, guest->domain->uuid,
                      "the monitor has closed: %s", error->message);
        vb_guest_reopen_monitor(guest);
}

static const VbMonitorHandler monitor_handler = {
        .ready = on_monitor_ready,
        .event = on_monitor_event,
        .closed = on_monitor_closed,
};

void vb_guest_open_monitor(VbGuest *guest, int fd, void (*on_ready)(VbGuest *, const GError *, void *),
                           void *userdata)
{
        g_autoptr(GError) error = NULL;
        bool anew = fd < 0;
        pid_t peer = 0;

        guest->on_ready = on_ready;
        guest->ready_data = userdata;
        if (anew)
                fd = vb_room_connect_monitor(guest->room, &error);
        if (fd >= 0)
                guest->monitor = vb_monitor_new(guest->domain->service->event, fd, HANDSHAKE_USEC,
                                                &monitor_handler, guest, &error);
        /* Who listens there is known by the kernel's word, not by the peer's. */
        if (guest->monitor && anew &&
            (vb_monitor_peer_pid(guest->monitor, &peer) < 0 || !vb_process_is_of(peer, guest->child.pid))) {
                vb_error_set(&error, VB_ERROR_MONITOR,
                             "the monitor of domain '%s' belongs to process %d, not to %d",
                             guest->domain->name, (int) peer, (int) guest->child.pid);
                vb_monitor_free(g_steal_pointer(&guest->monitor));
        }
        if (guest->monitor)
                return;
        g_clear_error(&guest->closed_error);
        guest->closed_error = g_steal_pointer(&error);
        arm_timer(guest, &guest->monitor_timer, anew ? EXIT_GRACE_USEC : 0, on_exit_grace_time);
}

typedef struct {
        VbDomain *domain;
        VbDone done;
        void *userdata;
} Resync;

static void on_status(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autofree Resync *resync = userdata;
        g_autoptr(VbDomain) domain = resync->domain;
        const char *status;

        if (!error && domain->guest)
                domain->guest->n_reopened = 0;

        if (!error && domain->guest && !domain->guest->ending &&
            vb_json_get_string(result, "status", &status))
                vb_guest_apply_status(domain->guest, status);
        if (!error && domain->guest) {
                vb_save_recover(domain);
                vb_restore_recover(domain);
        }
        if (resync->done)
                resync->done(domain, error, resync->userdata);
}

void vb_guest_resync(VbGuest *guest, VbDone done, void *userdata)
{
        Resync *resync = g_new(Resync, 1);

        *resync = (Resync){ .domain = vb_domain_ref(guest->domain), .done = done, .userdata = userdata };
        vb_monitor_execute(guest->monitor, "query-status", NULL, STATUS_USEC, on_status, resync);
}
