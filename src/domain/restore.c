/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Restoring a guest, phase by phase:
 *   pass    the image to the emulator, as a descriptor
 *   read    it does
 *   note    in the status file that the guest is whole: from here on a start that is cut off goes on
 *   remove  the save: only then may the guest run, or a second one would begin where it began
 * A failure before the last leaves the save as it was, and the emulator is ended. */
#include "domain/restore.h"

#include "domain/guest.h"
#include "domain/saved.h"
#include "domain/start-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"
#include "util/log.h"

#define COMMAND_USEC (60 * G_USEC_PER_SEC)
#define LOOK_USEC (50 * 1000)
#define FD_NAME "virtbus-restore"
/* An emulator may say nothing while it reads. A disk that is slower than this, in bytes a second, has hung.
 */
#define SPEED_MIN (1 << 20)

/* As long as the start goes on: its end, and a cancellation, are told elsewhere. */
static VbStart *find_start(const VbDomain *domain, const VbMonitor *monitor)
{
        const VbGuest *guest = domain->guest;

        return domain->start && !domain->start->error && guest && !guest->ending && guest->monitor == monitor
                       ? domain->start
                       : NULL;
}

/* Whether it goes on with an answer. A monitor that has closed is news of the end, which has more to say. */
static bool take_answer(VbStart *start, VbMonitor *monitor, const GError *error)
{
        if (!error)
                return true;
        if (vb_monitor_is_ready(monitor))
                vb_start_restored(start, error);
        return false;
}

static void ask(VbStart *start, const char *command, json_object *arguments, uint64_t usec,
                VbMonitorReply reply)
{
        vb_monitor_execute(start->domain->guest->monitor, command, arguments, usec, reply,
                           vb_domain_ref(start->domain));
}

static json_object *named(const char *key, const char *value)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, key, json_object_new_string(value));
        return object;
}

static void on_removed(VbDomain *domain, const GError *error, void *userdata)
{
        if (domain->start && !domain->start->error && domain->guest && !domain->guest->ending)
                vb_start_restored(domain->start, error);
}

static void remove_save(VbStart *start)
{
        VbDomain *domain = start->domain;

        if (start->restoring)
                vb_guest_mark_transfer(domain->guest, VB_TRANSFER_RESTORED, !start->options.paused);
        vb_saved_remove(domain, on_removed, NULL);
}

static void look(VbStart *start);

/* The emulator may have gone, and the start not have been told yet. */
static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbStart *start = userdata;
        const VbGuest *guest = start->domain->guest;

        if (guest && guest->monitor && find_start(start->domain, guest->monitor))
                look(start);
        return 0;
}

static void look_later(VbStart *start)
{
        start->restore_timer = sd_event_source_disable_unref(start->restore_timer);
        (void) sd_event_add_time_relative(start->domain->service->event, &start->restore_timer,
                                          CLOCK_MONOTONIC, LOOK_USEC, 0, on_look, start);
}

static void on_progress(VbMonitor *monitor, json_object *result, const GError *reply_error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbStart *start = find_start(domain, monitor);
        const char *status = "none", *why = "the emulator gives no reason";
        g_autoptr(GError) error = NULL;

        if (!start || !take_answer(start, monitor, reply_error))
                return;
        (void) vb_json_get_string(result, "status", &status);
        (void) vb_json_get_string(result, "error-desc", &why);
        if (g_str_equal(status, "completed")) {
                domain->guest->balloon_bytes = MIN(domain->saved->balloon_bytes, domain->live->memory);
                remove_save(start);
        } else if (g_str_equal(status, "failed") || g_str_equal(status, "cancelled")) {
                vb_error_set(&error, VB_ERROR_EMULATOR_FAILED, "%s", why);
                vb_start_restored(start, error);
        } else if (g_get_monotonic_time() > start->restore_end) {
                vb_error_set(&error, VB_ERROR_TIMEOUT, "the emulator did not read the image in time");
                vb_start_restored(start, error);
        } else {
                look_later(start);
        }
}

static void look(VbStart *start)
{
        ask(start, "query-migrate", NULL,
            (uint64_t) MAX(start->restore_end - g_get_monotonic_time(), (gint64) COMMAND_USEC), on_progress);
}

static void on_reading(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbStart *start = find_start(domain, monitor);

        if (start && take_answer(start, monitor, error))
                look(start);
}

static void on_passed(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbStart *start = find_start(domain, monitor);
        uint64_t usec;

        if (!start || !take_answer(start, monitor, error))
                return;
        vb_clear_fd(&start->image);
        usec = COMMAND_USEC + domain->saved->size / SPEED_MIN * G_USEC_PER_SEC;
        start->restore_end = g_get_monotonic_time() + (gint64) usec;
        ask(start, "migrate-incoming", named("uri", "fd:" FD_NAME), usec, on_reading);
}

void vb_restore(VbStart *start)
{
        VbDomain *domain = start->domain;

        if (!domain->saved)
                vb_start_restored(start, NULL);
        else if (!start->restoring)
                remove_save(start);
        else
                vb_monitor_execute_fd(domain->guest->monitor, "getfd", named("fdname", FD_NAME), start->image,
                                      COMMAND_USEC, on_passed, vb_domain_ref(domain));
}

GError *vb_restore_explain(const VbStart *start, const GError *error)
{
        const VbDomain *domain = start->domain;

        if (!start->restoring || start->cancelled || !domain->saved || error->code == VB_ERROR_BUSY)
                return g_error_copy(error);
        return g_error_new(
                error->domain, error->code,
                "domain '%s' was saved by QEMU %u.%u.%u and could not go on from there; its saved state "
                "stays as it "
                "is (RemoveManagedSave, or a start with the option 'discard-save', gives it up): %s",
                domain->name, domain->saved->version / 1000000, domain->saved->version / 1000 % 1000,
                domain->saved->version % 1000, error->message);
}

static void on_going_on(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;

        if (error && domain->guest && vb_monitor_is_ready(domain->guest->monitor))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "it stays paused: %s",
                              error->message);
        if (domain->guest && (!error || vb_monitor_is_ready(domain->guest->monitor)))
                vb_guest_mark_transfer(domain->guest, VB_TRANSFER_NONE, false);
}

static void on_recovered(VbDomain *domain, const GError *error, void *userdata)
{
        VbGuest *guest = domain->guest;

        domain->busy = NULL;
        /* Without a monitor it is tried again with the next one. */
        if (!guest || guest->ending || !vb_monitor_is_ready(guest->monitor))
                return;
        if (error)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                              "it stays paused, as the save that it was restored from cannot be removed: %s",
                              error->message);
        if (!error && guest->transfer_runs)
                vb_monitor_execute(guest->monitor, "cont", NULL, COMMAND_USEC, on_going_on,
                                   vb_domain_ref(domain));
        else
                vb_guest_mark_transfer(guest, VB_TRANSFER_NONE, false);
}

void vb_restore_recover(VbDomain *domain)
{
        const VbGuest *guest = domain->guest;

        if (!guest || guest->transfer != VB_TRANSFER_RESTORED || guest->ending || domain->busy)
                return;
        domain->busy = "being restored";
        vb_saved_remove(domain, on_recovered, NULL);
}
