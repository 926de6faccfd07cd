/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/* Saving a guest, phase by phase:
 *   ask      the emulator what it could not save
 *   prepare  a file for the image, which the emulator gets as a descriptor; that it is being saved is written down
 *   stop     its processors
 *   write    the emulator does; how large the file becomes is watched
 *   sync     the file, on a thread
 *   record   from here on there is a save, and the guest does not run again
 *   end      the emulator
 * A failure before there is a record is undone: the emulator is told to give it up, whatever was made is removed, and
 * then the guest goes on. A service that is killed before there is a record leaves that to the next one; one that is
 * killed after leaves it the end of the emulator.
 * https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html#migration */
/* clang-format on */
#include "domain/save.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>

#include "domain/guest.h"
#include "domain/provision.h"
#include "domain/saved.h"
#include "host/private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"
#include "util/log.h"
#include "util/task.h"

#define COMMAND_USEC (60 * G_USEC_PER_SEC)
/* Between two looks at how far it is. */
#define LOOK_USEC (50 * 1000)
#define FD_NAME "virtbus-save"
/* Bytes a second: as fast as the disk is. The largest that all emulators take, in whole MiB. */
#define BANDWIDTH ((uint64_t) INT64_MAX >> 20 << 20)
#define BUSY "being saved"

/* Everything asynchronous finds it by its domain: it is there, or has ended. */
struct VbSave {
        VbDomain *domain;   /* a reference */
        VbMonitor *monitor; /* borrowed: only compared, and used while it is the guest's */
        int image;          /* for writing; -1: none yet */
        int dir;            /* that it is in */
        bool run;           /* the guest ran, and is to */
        GError *error;      /* why it is undone; NULL: it goes on */
        sd_event_source *timer;
        VbDone done;
        void *userdata;
};

static void save_free(VbSave *self)
{
        sd_event_source_disable_unref(self->timer);
        vb_clear_fd(&self->image);
        vb_clear_fd(&self->dir);
        g_clear_error(&self->error);
        g_free(self);
}

/* The one place where it ends. */
static void end(VbSave *self, const GError *error)
{
        VbDomain *domain = self->domain;
        VbDone done = self->done;
        void *userdata = self->userdata;
        g_autoptr(GError) copy = error ? g_error_copy(error) : NULL;

        domain->save = NULL;
        domain->busy = NULL;
        save_free(self);
        if (done)
                done(domain, copy, userdata);
        else if (copy)
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "%s", copy->message);
        vb_domain_unref(domain);
}

static bool has_guest(const VbSave *self)
{
        const VbGuest *guest = self->domain->guest;

        return guest && !guest->ending && !guest->exited;
}

static bool is_connected(const VbSave *self)
{
        return has_guest(self) && self->domain->guest->monitor == self->monitor &&
               vb_monitor_is_ready(self->monitor);
}

static void fail(VbSave *self, const GError *error);

/* Whether it goes on with an answer: not without the guest, nor after an error. */
static bool take_answer(VbSave *self, const GError *error)
{
        g_autoptr(GError) lost = NULL;

        if (!error && is_connected(self))
                return true;
        if (!error)
                vb_error_set(&lost, VB_ERROR_MONITOR, "its monitor has closed");
        fail(self, error ? error : lost);
        return false;
}

static void ask(VbSave *self, const char *command, json_object *arguments, VbMonitorReply reply)
{
        vb_monitor_execute(self->monitor, command, arguments, COMMAND_USEC, reply,
                           vb_domain_ref(self->domain));
}

static json_object *named(const char *key, const char *value)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, key, json_object_new_string(value));
        return object;
}

/* ---- undoing ---- */

static void on_gone_discarded(VbDomain *domain, const GError *error, void *userdata)
{
        g_autoptr(GError) gone = NULL;

        if (!domain->save)
                return;
        vb_error_set(&gone, VB_ERROR_INVALID_STATE, "domain '%s' was not saved: its guest has ended",
                     domain->name);
        end(domain->save, gone);
}

static void undone(VbSave *self)
{
        if (has_guest(self))
                vb_guest_mark_transfer(self->domain->guest, VB_TRANSFER_NONE, false);
        end(self, self->error);
}

static void on_going_on(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbSave *self = domain->save;

        if (!self)
                return;
        if (error && has_guest(self))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                              "it stays paused after a save that failed: %s", error->message);
        undone(self);
}

static void on_discarded(VbDomain *domain, const GError *error, void *userdata)
{
        VbSave *self = domain->save;

        if (!self)
                return;
        if (!has_guest(self)) {
                fail(self, self->error);
        } else if (error) {
                /* A guest that runs while its state can be used again would be one too many. */
                vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid,
                              "it stays paused, as the rest of a save that failed cannot be removed: %s",
                              error->message);
                undone(self);
        } else if (!self->run) {
                undone(self);
        } else if (is_connected(self)) {
                ask(self, "cont", NULL, on_going_on);
        } else {
                end(self, self->error);
        }
}

static void look(VbSave *self);

static void undo(VbSave *self)
{
        vb_clear_fd(&self->image);
        vb_monitor_execute(self->monitor, "closefd", named("fdname", FD_NAME), COMMAND_USEC, NULL, NULL);
        vb_monitor_execute(self->monitor, "migrate_cancel", NULL, COMMAND_USEC, NULL, NULL);
        look(self);
}

/* Once per save what went wrong; then what is left to be done for the guest that it has. */
static void fail(VbSave *self, const GError *error)
{
        VbDomain *domain = self->domain;
        bool undoing = self->error;

        if (!undoing)
                g_set_error(&self->error, error->domain, error->code, "domain '%s' was not saved: %s",
                            domain->name, error->message);
        if (!has_guest(self))
                vb_saved_remove(domain, on_gone_discarded, NULL);
        else if (!is_connected(self))
                /* The guest goes on when its monitor can be reached: vb_save_recover(). */
                end(self, self->error);
        else if (!undoing)
                undo(self);
        else
                vb_saved_remove(domain, on_discarded, NULL);
}

/* ---- the emulator's part ---- */

static const char *const pending[] = { "setup",           "active",           "cancelling",
                                       "pre-switchover",  "device",           "postcopy-active",
                                       "postcopy-paused", "postcopy-recover", "wait-unplug" };

static bool is_pending(const char *status)
{
        for (gsize i = 0; i < G_N_ELEMENTS(pending); i++)
                if (g_str_equal(pending[i], status))
                        return true;
        return false;
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
        look(((VbDomain *) userdata)->save);
        return 0;
}

static void look_later(VbSave *self)
{
        self->timer = sd_event_source_disable_unref(self->timer);
        (void) sd_event_add_time_relative(self->domain->service->event, &self->timer, CLOCK_MONOTONIC,
                                          LOOK_USEC, 0, on_look, self->domain);
}

/* The kernel's word on what the emulator writes. */
static bool check_size(const VbSave *self, uint64_t *ret, GError **error)
{
        uint64_t max = vb_saved_size_max(self->domain->live);
        struct stat st;

        if (fstat(self->image, &st) < 0)
                return vb_error_set_errno(error, VB_ERROR_STORAGE, errno, "its image cannot be looked at");
        *ret = (uint64_t) st.st_size;
        return *ret <= max || vb_error_set(error, VB_ERROR_STORAGE,
                                           "its state takes more than the %" G_GUINT64_FORMAT
                                           " bytes that its memory and video memory could",
                                           max);
}

static void begin_sync(VbSave *self);

static void on_progress(VbMonitor *monitor, json_object *result, const GError *reply_error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbSave *self = domain->save;
        const char *status = "none", *why = "the emulator gives no reason";
        g_autoptr(GError) error = NULL;
        uint64_t size;

        if (!self || !take_answer(self, reply_error))
                return;
        (void) vb_json_get_string(result, "status", &status);
        if (self->error) {
                if (is_pending(status))
                        look_later(self);
                else
                        vb_saved_remove(domain, on_discarded, NULL);
                return;
        }
        (void) vb_json_get_string(result, "error-desc", &why);
        if (!is_pending(status) && !g_str_equal(status, "completed"))
                vb_error_set(&error, VB_ERROR_STORAGE,
                             "its image in domains/%u/private of %s could not be written: %s. Is there room "
                             "for it?",
                             domain->id, domain->service->state_dir, why);
        else
                (void) check_size(self, &size, &error);
        if (error)
                fail(self, error);
        else if (is_pending(status))
                look_later(self);
        else
                begin_sync(self);
}

static void look(VbSave *self)
{
        g_autoptr(GError) lost = NULL;

        if (is_connected(self)) {
                ask(self, "query-migrate", NULL, on_progress);
                return;
        }
        vb_error_set(&lost, VB_ERROR_MONITOR, "its monitor has closed");
        fail(self, lost);
}

static void on_writing(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;

        if (domain->save && take_answer(domain->save, error))
                look(domain->save);
}

static void write_image(VbSave *self)
{
        ask(self, "migrate", named("uri", "fd:" FD_NAME), on_writing);
}

static void on_stopped(VbMonitor *monitor, json_object *result, const GError *stop_error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbSave *self = domain->save;
        g_autoptr(GError) error = NULL;

        if (!self || !take_answer(self, stop_error))
                return;
        if (vb_domain_check_state(domain, 1U << VB_STATE_PAUSED, "saved", &error) &&
            domain->reason != VB_DETAIL_GUEST_SHUTDOWN) {
                write_image(self);
                return;
        }
        /* It has shut down, or crashed, at the last moment: what comes of that is its own matter. */
        self->run = false;
        if (!error)
                vb_error_set(&error, VB_ERROR_INVALID_STATE, "its guest has shut down");
        fail(self, error);
}

static void on_image_passed(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbSave *self = domain->save;

        if (!self || !take_answer(self, error))
                return;
        vb_guest_mark_transfer(domain->guest, VB_TRANSFER_SAVING, self->run);
        if (self->run)
                ask(self, "stop", NULL, on_stopped);
        else
                write_image(self);
}

static bool make_image(VbSave *self, GError **error)
{
        VbProvided *provided = self->domain->provided;

        self->dir = vb_private_open(self->domain->service->state_fd, self->domain->id, provided->identity, 0,
                                    error);
        if (self->dir >= 0)
                self->image = vb_private_make_file(self->dir, VB_SAVED_IMAGE, provided->identity, error);
        return self->image >= 0 &&
               (!provided->labels || (vb_labels_set(provided->labels, self->dir, error) &&
                                      vb_labels_set(provided->labels, self->image, error)));
}

static void on_hurried(VbMonitor *monitor, json_object *result, const GError *reply_error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbSave *self = domain->save;
        g_autoptr(GError) error = NULL;

        if (!self || !take_answer(self, reply_error))
                return;
        if (make_image(self, &error))
                vb_monitor_execute_fd(self->monitor, "getfd", named("fdname", FD_NAME), self->image,
                                      COMMAND_USEC, on_image_passed, vb_domain_ref(domain));
        else
                fail(self, error);
}

/* What it says of devices that it could not save. Before QEMU 6.0 it says so when it is told to. */
static void on_asked(VbMonitor *monitor, json_object *result, const GError *reply_error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;
        VbSave *self = domain->save;
        g_autoptr(GError) error = NULL;
        json_object *reasons, *arguments;

        if (!self || !take_answer(self, reply_error))
                return;
        if (vb_json_get_array(result, "blocked-reasons", &reasons) && json_object_array_length(reasons) > 0) {
                const char *reason = vb_json_string(json_object_array_get_idx(reasons, 0));

                vb_error_set(&error, VB_ERROR_UNSUPPORTED, "the emulator cannot save it: %s",
                             reason ? reason : "it gives no reason");
                fail(self, error);
                return;
        }
        arguments = json_object_new_object();
        json_object_object_add(arguments, "max-bandwidth", json_object_new_uint64(BANDWIDTH));
        ask(self, "migrate-set-parameters", arguments, on_hurried);
}

/* ---- ours ---- */

/* On a thread. */
typedef struct {
        VbDomain *domain;
        int image, dir;
} Sync;

static void sync_free(gpointer data)
{
        Sync *job = data;

        vb_clear_fd(&job->image);
        vb_clear_fd(&job->dir);
        vb_domain_unref(job->domain);
        g_free(job);
}

static void run_sync(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
        const Sync *job = data;
        GError *error = NULL;

        if (fsync(job->image) == 0 && fsync(job->dir) == 0) {
                g_task_return_boolean(task, TRUE);
                return;
        }
        vb_error_set_errno(&error, VB_ERROR_STORAGE, errno, "its image could not be written");
        g_task_return_error(task, error);
}

static void on_guest_ended(VbDomain *domain, const GError *error, void *userdata)
{
        if (domain->save)
                end(domain->save, NULL);
}

static void on_recorded(VbDomain *domain, const GError *error, void *userdata)
{
        VbSave *self = domain->save;
        g_autoptr(GError) gone = NULL;

        if (!self)
                return;
        if (error || !has_guest(self)) {
                vb_error_set(&gone, VB_ERROR_INVALID_STATE, "its guest has ended");
                fail(self, error ? error : gone);
                return;
        }
        vb_guest_wait_end(domain->guest, on_guest_ended, NULL);
        vb_guest_end(domain->guest, VB_DETAIL_SAVED);
}

static void on_synced(GObject *source, GAsyncResult *result, gpointer userdata)
{
        const Sync *job = g_task_get_task_data(G_TASK(result));
        VbSave *self = job->domain->save;
        g_autoptr(GError) error = NULL;
        uint64_t size = 0;

        (void) g_task_propagate_boolean(G_TASK(result), &error);
        if (!self)
                return;
        if (!take_answer(self, error))
                return;
        if (!check_size(self, &size, &error)) {
                fail(self, error);
                return;
        }
        vb_saved_write(job->domain, vb_saved_new(job->domain, !self->run, size), on_recorded, NULL);
}

static void begin_sync(VbSave *self)
{
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_synced, NULL);
        Sync *job = g_new(Sync, 1);

        *job = (Sync){ .domain = vb_domain_ref(self->domain),
                       .image = fcntl(self->image, F_DUPFD_CLOEXEC, 0),
                       .dir = vb_steal_fd(&self->dir) };
        g_task_set_task_data(task, job, sync_free);
        g_task_set_name(task, "save");
        vb_task_run(task, run_sync);
}

static VbSave *save_new(VbDomain *domain, bool run)
{
        VbSave *self = g_new0(VbSave, 1);

        *self = (VbSave){ .domain = vb_domain_ref(domain),
                          .monitor = domain->guest->monitor,
                          .image = -1,
                          .dir = -1,
                          .run = run };
        domain->save = self;
        domain->busy = BUSY;
        return self;
}

bool vb_save(VbDomain *domain, VbDone done, void *userdata, GError **error)
{
        VbSave *self;

        if (!vb_domain_check_state(domain, (1U << VB_STATE_RUNNING) | (1U << VB_STATE_PAUSED), "saved",
                                   error) ||
            !vb_domain_check_busy(domain, error) || !vb_guest_check_reachable(domain, error))
                return false;
        if (!vb_domain_is_persistent(domain))
                return vb_error_set(
                        error, VB_ERROR_INVALID_STATE,
                        "domain '%s' cannot be saved: it is transient, and would be gone with its guest",
                        domain->name);
        if (domain->reason == VB_DETAIL_GUEST_SHUTDOWN)
                return vb_error_set(error, VB_ERROR_INVALID_STATE,
                                    "domain '%s' cannot be saved: its guest has shut down", domain->name);
        self = save_new(domain, domain->state == VB_STATE_RUNNING);
        self->done = done;
        self->userdata = userdata;
        domain->guest->transfer = VB_TRANSFER_SAVING;
        domain->guest->transfer_runs = self->run;
        ask(self, "query-migrate", NULL, on_asked);
        return true;
}

/* ---- after an interruption ---- */

void vb_save_recover(VbDomain *domain)
{
        VbGuest *guest = domain->guest;
        VbSave *self;

        if (guest->transfer != VB_TRANSFER_SAVING || guest->ending || domain->busy)
                return;
        if (domain->saved) {
                vb_guest_end(guest, VB_DETAIL_SAVED);
        } else {
                self = save_new(domain, guest->transfer_runs);
                vb_error_set(&self->error, VB_ERROR_INVALID_STATE,
                             "the service, or the monitor, ended while it was being saved: that is undone");
                undo(self);
        }
}

void vb_save_abandon(VbDomain *domain)
{
        g_autoptr(GError) error = NULL;

        if (!domain->save)
                return;
        if (domain->saved) {
                end(domain->save, NULL);
                return;
        }
        vb_error_set(&error, VB_ERROR_BUSY,
                     "domain '%s' was not saved yet when the service ended; it goes on when that is back",
                     domain->name);
        end(domain->save, error);
}
