/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the domain's processes print, and the process of ours that copies it. That one ends with the last of
 * them, and is started again if it ends before; what they print meanwhile waits in the pipe. It is in the
 * guest's unit, not in the service's, with which it would be ended: the first one is put there with the guest
 * (start.c), another one before it is executed, for the journal looks then where its lines come from. */
#include "domain/emulator-log.h"

#include <fcntl.h>

#include "domain/guest.h"
#include "domain/start-private.h"
#include "host/room-log.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"
#include "util/log.h"

/* Of a process that does not last. */
#define RESTARTS_MAX 5
/* One that is killed goes at once; one that does not harms nobody. */
#define END_MSEC 100

static void on_ended(const char *what, const char *how, void *userdata);

static bool start_copying(VbProvided *provided, bool hold, GError **error)
{
        g_autofree char *identifier = g_strdup_printf("virtbus-%u", provided->id);
        VbHeldChild child;

        if (!vb_room_log_copy(provided->room, identifier, hold, &child, error))
                return false;
        provided->log = vb_companion_new(provided->service->event, "log", &child, on_ended, provided);
        return true;
}

static void on_copying(const GError *error, void *userdata)
{
        const VbProvided *provided = userdata;

        if (error)
                vb_log_warning("what the emulator of domain %u prints is lost from here on: %s", provided->id,
                               error->message);
}

/* Where it cannot be in the unit it copies outside. */
static void on_attached(const GError *problem, void *userdata)
{
        VbProvided *provided = userdata;

        provided->log_attach = NULL;
        if (problem)
                vb_log_warning("the process that copies the log of domain %u: %s", provided->id,
                               problem->message);
        vb_companion_release(provided->log, on_copying, provided);
}

static void cancel_attach(VbProvided *provided)
{
        vb_scope_change_cancel(g_steal_pointer(&provided->log_attach));
}

/* In the place of one that has ended. */
static bool copy_again(VbProvided *provided, GError **error)
{
        VbScopes *scopes = provided->unit ? provided->service->scopes : NULL;

        if (!start_copying(provided, scopes != NULL, error))
                return false;
        if (scopes)
                provided->log_attach = vb_scope_attach(scopes, provided->unit,
                                                       vb_companion_pid(provided->log), on_attached, provided);
        return true;
}

static void on_ended(const char *what, const char *how, void *userdata)
{
        VbProvided *provided = userdata;
        VbDomain *domain = vb_service_find(provided->service, provided->id);
        void (*done)(void *) = provided->log_done;
        g_autofree char *why = g_strdup(how);
        g_autoptr(GError) error = NULL;

        cancel_attach(provided);
        provided->log_done = NULL;
        if (done) {
                done(provided->log_data);
                return;
        }
        /* By itself it ends when it has nobody to listen to. */
        if (g_str_has_prefix(why, "exited") || ++provided->log_restarts > RESTARTS_MAX)
                return;
        vb_companion_free(g_steal_pointer(&provided->log));
        if (!copy_again(provided, &error))
                vb_log_domain(G_LOG_LEVEL_WARNING, domain ? domain->name : NULL, domain ? domain->uuid : NULL,
                              "what its emulator prints is lost from here on: %s", error->message);
        else if (domain && domain->guest)
                vb_guest_save_status(domain->guest);
}

static void provide_log(VbStart *start)
{
        VbProvided *provided = start->domain->provided;
        g_autoptr(GError) error = NULL;

        start->log = vb_room_log_make_pipe(provided->room, &error);
        if (start->log >= 0 && vb_labels_set(provided->labels, start->log, &error))
                (void) start_copying(provided, false, &error);
        vb_start_provided(start, error);
}

static void withdraw_log(VbProvided *provided)
{
        const VbDomain *domain = vb_service_find(provided->service, provided->id);
        g_autoptr(GPtrArray) copier = g_ptr_array_new();

        cancel_attach(provided);
        if (provided->log)
                g_ptr_array_add(copier, g_steal_pointer(&provided->log));
        (void) vb_companion_kill_all(copier, END_MSEC);
        if (provided->room && domain && vb_domain_is_persistent(domain))
                vb_room_log_keep(provided->room, provided->service->runtime_dir, provided->id);
}

static void forget_log(VbProvided *provided)
{
        cancel_attach(provided);
        vb_companion_free(g_steal_pointer(&provided->log));
}

static json_object *save_log(const VbProvided *provided)
{
        return provided->log ? vb_companion_save(provided->log) : NULL;
}

static void load_log(VbProvided *provided, json_object *saved)
{
        g_autoptr(GError) error = NULL;

        provided->log = saved ? vb_companion_load(provided->service->event, saved, on_ended, provided) : NULL;
        /* If there is nobody any more to listen to, it ends at once. */
        if (saved && !provided->log && !copy_again(provided, &error))
                vb_log_warning("what the emulator of domain %u prints is lost from here on: %s", provided->id,
                               error->message);
}

const VbProvision vb_provision_log = {
        .name = "log",
        .provide = provide_log,
        .withdraw = withdraw_log,
        .forget = forget_log,
        .save = save_log,
        .load = load_log,
};

bool vb_emulator_log_finish(VbProvided *provided, void (*done)(void *userdata), void *userdata)
{
        /* There is no time any more to wait for its place. */
        if (provided->log_attach) {
                cancel_attach(provided);
                on_attached(NULL, provided);
        }
        if (!provided->log || vb_companion_pid(provided->log) == 0 || !vb_room_log_finish(provided->room))
                return false;
        provided->log_done = done;
        provided->log_data = userdata;
        return true;
}

int vb_emulator_log_open(const VbDomain *domain, bool follow, GError **error)
{
        VbRoom *room = domain->provided ? domain->provided->room : NULL;
        int fd = room && follow ? vb_room_log_follow(room, NULL) : -1;

        if (fd < 0)
                fd = room ? vb_room_log_open(room)
                          : vb_kept_log_open(domain->service->runtime_dir, domain->id);
        if (fd == -ENOENT) {
                fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                fd = fd < 0 ? -errno : fd;
        }
        if (fd >= 0)
                return fd;
        vb_error_set_errno(error, VB_ERROR_STORAGE, -fd, "the log of domain '%s' cannot be opened",
                           domain->name);
        return -1;
}

void vb_emulator_log_forget(VbService *service, uint32_t id)
{
        vb_kept_log_remove(service->runtime_dir, id);
}

void vb_emulator_log_forget_strangers(VbService *service)
{
        g_autoptr(GArray) ids = vb_kept_log_list(service->runtime_dir);

        for (guint i = 0; i < ids->len; i++)
                if (!vb_service_find(service, g_array_index(ids, uint32_t, i)))
                        vb_kept_log_remove(service->runtime_dir, g_array_index(ids, uint32_t, i));
}
