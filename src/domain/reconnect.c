/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After a restart of the service: what is in the runtime directory is held against what runs. A guest is ours
 * if the recorded process is there, began when it did (pids come round again), and it, or one that it has
 * started, is the one that listens on the monitor socket; anything else is a lost guest. */
#include "domain/reconnect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conf/domain-def.h"
#include "domain/emulator-log.h"
#include "domain/grants.h"
#include "domain/guest.h"
#include "domain/lent.h"
#include "domain/provision.h"
#include "domain/record.h"
#include "domain/start.h"
#include "domain/status.h"
#include "host/marked.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

/* Guests that take longer are shown as they were last seen, and corrected when they answer. */
#define PATIENCE_USEC (3 * G_USEC_PER_SEC)
/* For the end of all processes that are killed, and at least for that of each; nobody is served yet. */
#define END_USEC (10 * G_USEC_PER_SEC)
#define END_MIN_USEC (G_USEC_PER_SEC / 5)
#define AUTOSTART_MARK "autostarted"

typedef struct {
        VbService *service;
        unsigned n_waiting;
        sd_event_source *timer;
        gint64 end_usec; /* that may still be spent on waiting for the end of processes */
        void (*done)(VbService *service, void *userdata);
        void *userdata;
} Reconnection;

static void drop(Reconnection *reconnection)
{
        if (--reconnection->n_waiting > 0)
                return;
        sd_event_source_disable_unref(reconnection->timer);
        if (reconnection->done)
                reconnection->done(reconnection->service, reconnection->userdata);
        g_free(reconnection);
}

static int on_patience_over(sd_event_source *source, uint64_t usec, void *userdata)
{
        Reconnection *reconnection = userdata;
        void (*done)(VbService *, void *) = reconnection->done;

        reconnection->done = NULL;
        if (done)
                done(reconnection->service, reconnection->userdata);
        return 0;
}

static void on_resynced(VbDomain *domain, const GError *error, void *userdata)
{
        drop(userdata);
}

static void on_ready(VbGuest *guest, const GError *error, void *userdata)
{
        if (!error) {
                vb_guest_resync(guest, on_resynced, userdata);
                return;
        }
        if (guest->domain->guest == guest) {
                vb_log_domain(G_LOG_LEVEL_WARNING, guest->domain->name, guest->domain->uuid,
                              "its monitor cannot be reached, and is tried again: %s", error->message);
                vb_guest_reopen_monitor(guest);
        }
        drop(userdata);
}

/* The process that was recorded, held by pidfd, if it is still the same one. */
static bool find_process(const VbStatus *status, VbChild *ret)
{
        unsigned long long start_ticks;
        vb_autoclose int pidfd = status->pid > 1 ? vb_pidfd_open(status->pid) : -1;

        if (pidfd < 0 || !vb_process_start_time(status->pid, &start_ticks) ||
            start_ticks != status->start_ticks)
                return false;
        *ret = (VbChild){ .pid = status->pid, .pidfd = vb_steal_fd(&pidfd) };
        return true;
}

/* Ends what is there of a guest that is not found again: what was started with the mark of its room, also if that was
 * never written down, and the process that was recorded, @child, whatever that has made of its environment. Without a
 * mark only one that is the guest's by its user counts. False if something of it is still there. */
static bool end_processes(Reconnection *reconnection, const VbProvided *provided, const VbChild *child)
{
        gint64 begin = g_get_monotonic_time();
        uid_t uid = vb_provided_uid(provided), own;
        bool gone = true;

        if (child->pidfd >= 0 && uid != geteuid() && vb_process_uid(child->pid, &own) && own == uid) {
                (void) vb_pidfd_send_signal(child->pidfd, SIGKILL);
                gone = vb_pidfd_wait(child->pidfd, begin + reconnection->end_usec);
        }
        gone &= vb_marked_kill(vb_room_path(provided->room), uid, (unsigned) (reconnection->end_usec / 1000), NULL);
        reconnection->end_usec = MAX(END_MIN_USEC, begin + reconnection->end_usec - g_get_monotonic_time());
        return gone;
}

/* What is left of a guest that is not there any more, or not ours to find. */
static void lose(Reconnection *reconnection, VbProvided *provided, const VbChild *child, const char *why)
{
        VbDomain *domain = vb_service_find(provided->service, provided->id);
        bool gone = end_processes(reconnection, provided, child);

        if (domain)
                vb_domain_set_state(domain, VB_STATE_SHUTOFF, domain->saved ? VB_DETAIL_SAVED : VB_DETAIL_LOST);
        vb_log_domain(G_LOG_LEVEL_WARNING, domain ? domain->name : NULL, domain ? domain->uuid : NULL,
                      "the guest of domain %u is lost: %s", provided->id, why);
        if (gone) {
                vb_provided_withdraw(provided);
                return;
        }
        vb_log_domain(G_LOG_LEVEL_WARNING, domain ? domain->name : NULL, domain ? domain->uuid : NULL,
                      "a process of domain %u was killed, and does not end: it keeps what it has, and the domain cannot "
                      "be started until the service has been, with that process gone",
                      provided->id);
        vb_provided_free(provided);
}

static VbDomainDef *read_live_def(VbRoom *room, const VbStatus *status, GError **error)
{
        g_autofree char *xml = vb_room_read(room, VB_ROOM_LIVE_XML, 2 * VB_XML_SIZE_MAX, error);
        g_autoptr(VbDomainDef) def = NULL;

        if (!xml)
                return NULL;
        def = vb_domain_def_parse(xml, strlen(xml), error);
        if (!def || !vb_record_check_def(def, error))
                return NULL;
        vb_record_apply_marks(status->marks, def);
        return g_steal_pointer(&def);
}

/* The domain that the guest belongs to: a defined one, or a transient one that is made known again. */
static VbDomain *find_domain(VbService *service, uint32_t id, const VbStatus *status, VbDomainDef *live,
                             GError **error)
{
        g_autoptr(VbDomainDef) owned = live;
        g_autoptr(VbDomain) domain = NULL;
        VbDomain *known = vb_service_find(service, id);

        if (known) {
                vb_domain_set_live(known, g_steal_pointer(&owned));
                return known;
        }
        domain = vb_domain_new(service, id, status->owner, g_steal_pointer(&owned));
        domain->live = g_steal_pointer(&domain->def);
        g_ptr_array_unref(domain->grants);
        domain->grants = vb_grants_from_json(status->grants);
        if (!vb_service_link(service, domain, error))
                return NULL;
        vb_domain_announce(domain);
        return domain;
}

/* A start is undone, unless its guest has been restored and goes on in its place. */
static bool is_cut_off(const VbStatus *status)
{
        return status->state == VB_STATE_STARTING && status->transfer != VB_TRANSFER_RESTORED;
}

/* @fd: a connection to its monitor, -1 if it was too busy to give one; taken over. */
static void attach(Reconnection *reconnection, VbDomain *domain, VbProvided *provided, VbChild *child,
                   const VbStatus *status, int fd)
{
        VbGuest *guest;
        vb_autoclose int connection = fd;

        domain->provided = provided;
        guest = vb_guest_new(domain, child, status->started_usec);
        guest->balloon_bytes = status->balloon_bytes;
        guest->shutdown_requested = status->shutdown_requested;
        guest->reboot_requested = status->reboot_requested;
        guest->transfer = status->transfer;
        guest->transfer_runs = status->transfer_runs;
        if (status->state == VB_STATE_STARTING && !is_cut_off(status))
                vb_domain_set_state(domain, VB_STATE_PAUSED, VB_DETAIL_RESTORED);
        else
                vb_domain_set_state(domain, status->state, status->reason);
        if (is_cut_off(status)) {
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                              "its start was cut off and is undone");
                vb_guest_kill(guest, VB_DETAIL_FAILED);
        } else if (status->ending) {
                vb_guest_end(guest, status->end_reason);
        } else if (connection < 0) {
                vb_guest_reopen_monitor(guest);
        } else {
                reconnection->n_waiting++;
                vb_guest_open_monitor(guest, vb_steal_fd(&connection), on_ready, reconnection);
        }
}

/* The process is the recorded one. It is our guest if it also listens on the monitor socket; if not, it must
 * not go on with disks that the next start will use. */
static void reconnect_process(Reconnection *reconnection, VbProvided *provided, const VbStatus *status,
                              VbChild *child)
{
        VbService *service = reconnection->service;
        VbRoom *room = provided->room;
        g_autoptr(GError) error = NULL;
        VbDomainDef *live = read_live_def(room, status, &error);
        VbDomain *domain;
        int fd = live && !is_cut_off(status) ? vb_room_connect_monitor(room, &error) : -EAGAIN;

        if (!live) {
                lose(reconnection, provided, child, error->message);
        } else if ((fd < 0 && fd != -EAGAIN) ||
                   (fd >= 0 && !vb_process_is_of(vb_room_peer_pid(fd), child->pid))) {
                vb_domain_def_free(live);
                lose(reconnection, provided, child,
                     error ? error->message : "another process listens on its monitor socket");
        } else if ((domain = find_domain(service, provided->id, status, live, &error))) {
                attach(reconnection, domain, provided, child, status, fd);
                return;
        } else {
                vb_log_warning("the guest of domain %u is left alone, as it has no place: %s", provided->id,
                               error->message);
                vb_provided_free(provided);
        }
        if (fd >= 0)
                close(fd);
}

static void reconnect_one(Reconnection *reconnection, uint32_t id)
{
        g_autoptr(GError) error = NULL;
        VbRoom *room = vb_room_open(reconnection->service->runtime_dir, id, &error);
        VbProvided *provided;
        VbStatus status = { 0 };
        VbChild child = { .pidfd = -1 };
        bool readable;

        if (!room) {
                vb_log_warning("%s", error->message);
                return;
        }
        readable = vb_status_read(room, &status, &error);
        provided = vb_provided_new(reconnection->service, id, status.owner);
        provided->room = room;
        vb_provided_load(provided, status.provided);
        if (readable && find_process(&status, &child))
                reconnect_process(reconnection, provided, &status, &child);
        else
                lose(reconnection, provided, &child, error ? error->message : "it ended while the service was away");
        vb_clear_fd(&child.pidfd);
        vb_status_clear(&status);
}

static void on_taken_back(void *userdata)
{
        drop(userdata);
}

void vb_reconnect(VbService *service, void (*done)(VbService *, void *), void *userdata)
{
        g_autoptr(GArray) ids = vb_room_list(service->runtime_dir);
        Reconnection *reconnection = g_new0(Reconnection, 1);

        vb_emulator_log_forget_strangers(service);
        *reconnection = (Reconnection){ .service = service,
                                        .n_waiting = 1,
                                        .end_usec = END_USEC,
                                        .done = done,
                                        .userdata = userdata };
        (void) sd_event_add_time_relative(service->event, &reconnection->timer, CLOCK_MONOTONIC,
                                          PATIENCE_USEC, 0, on_patience_over, reconnection);
        for (guint i = 0; i < ids->len; i++)
                reconnect_one(reconnection, g_array_index(ids, uint32_t, i));
        reconnection->n_waiting++;
        vb_lent_take_back(service, on_taken_back, reconnection);
        drop(reconnection);
}

void vb_autostart(VbService *service)
{
        g_autofree char *path = g_build_filename(service->runtime_dir, AUTOSTART_MARK, NULL);
        vb_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0) {
                if (errno != EEXIST)
                        vb_log_warning("no domain is started, as %s cannot be made: %s", path,
                                       g_strerror(errno));
                return;
        }
        for (guint i = 0; i < service->domains->len; i++) {
                VbDomain *domain = service->domains->pdata[i];

                if (domain->autostart && domain->state == VB_STATE_SHUTOFF)
                        (void) vb_start(domain, NULL, NULL, NULL, NULL);
        }
}
