/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes are in their scope when the job has ended, not when systemd has answered: JobRemoved is waited
 * for. A scope goes away by itself when its last process has, which may take systemd a moment longer than us;
 * not if that was before systemd watched it. */
#include "host/scope.h"

#include <assert.h>
#include <systemd/sd-event.h>

#include "util/error.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

#define OWNER_CHANGED                                                                                        \
        "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SYSTEMD "'"

#define JOB_USEC (20 * G_USEC_PER_SEC)
/* Of the call alone, which begins the job: the timer of the job is to be first, and to say so. */
#define CALL_USEC (2 * JOB_USEC)
/* A scope of the same name that is going away. */
#define RETRY_USEC (50 * 1000)
#define RETRIES_MAX 100
/* An emulator that is asked to end writes its images back first. */
#define STOP_USEC (20 * G_USEC_PER_SEC)

/* Ends first at shutdown, and ends guests in their own way (units/virtbus-guests.service). */
#define GUESTS_UNIT "virtbus-guests.service"

struct VbScopes {
        sd_bus *bus;
        sd_event *event; /* a bus that is closed has none any more */
        bool user, required;
        sd_bus_slot *job_removed, *owner_changed;
        GPtrArray *starts; /* VbScopeStart * under way; borrowed */
};

struct VbScopeStart {
        VbScopes *scopes;
        char *unit, *description, *slice;
        GPtrArray *properties; /* VbScopeProperty */
        GArray *pids;          /* pid_t */
        unsigned n_tries;
        char *job; /* NULL until systemd has answered */
        int errnum; /* why it could not be asked */
        sd_bus_slot *call;
        sd_event_source *timer;
        VbScopeDone done;
        void *userdata;
};

static void start_free(VbScopeStart *start)
{
        g_ptr_array_remove_fast(start->scopes->starts, start);
        sd_bus_slot_unref(start->call);
        sd_event_source_disable_unref(start->timer);
        g_free(start->unit);
        g_free(start->description);
        g_free(start->slice);
        g_free(start->job);
        g_ptr_array_unref(start->properties);
        g_array_unref(start->pids);
        g_free(start);
}

static void finish(VbScopeStart *start, bool made, const GError *error)
{
        VbScopeDone done = start->done;
        void *userdata = start->userdata;

        start_free(start);
        done(made, error, userdata);
}

static void fail(VbScopeStart *start, VbError code, const char *why)
{
        g_autoptr(GError) error = NULL;

        vb_error_set(&error, code, "systemd could not make %s: %s", start->unit, why);
        finish(start, false, error);
}

static int on_unsent(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbScopeStart *start = userdata;

        fail(start, VB_ERROR_EMULATOR_FAILED, g_strerror(start->errnum));
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
        fail(userdata, VB_ERROR_TIMEOUT, "it did not answer in time");
        return 0;
}

static void call_systemd(VbScopeStart *start);

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        call_systemd(userdata);
        return 0;
}

static void arm(VbScopeStart *start, uint64_t usec, sd_event_time_handler_t handler)
{
        start->timer = sd_event_source_disable_unref(start->timer);
        (void) sd_event_add_time_relative(start->scopes->event, &start->timer, CLOCK_MONOTONIC, usec, 0,
                                          handler, start);
}

/* Nobody has that name. */
static bool is_absent(const sd_bus_error *error)
{
        return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        VbScopeStart *start = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        const char *job;

        start->call = sd_bus_slot_unref(start->call);
        if (error && sd_bus_error_has_name(error, SYSTEMD ".UnitExists") && ++start->n_tries < RETRIES_MAX)
                arm(start, RETRY_USEC, on_retry);
        else if (error && is_absent(error) && !start->scopes->required)
                finish(start, false, NULL);
        else if (error)
                fail(start, VB_ERROR_EMULATOR_FAILED, error->message);
        else if (sd_bus_message_read(reply, "o", &job) < 0)
                fail(start, VB_ERROR_EMULATOR_FAILED, "its answer cannot be read");
        else
                start->job = g_strdup(job);
        return 0;
}

static int append_property(sd_bus_message *message, const VbScopeProperty *property)
{
        gsize size = 0;
        const void *bits = property->bits ? g_bytes_get_data(property->bits, &size) : NULL;
        int r;

        if (property->device)
                return sd_bus_message_append(message, "(sv)", property->name, "a(st)", 1, property->device,
                                             property->value);
        if (!property->bits)
                return sd_bus_message_append(message, "(sv)", property->name, "t", property->value);
        r = sd_bus_message_open_container(message, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(message, "s", property->name);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(message, 'y', bits, size);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_list(sd_bus_message *message, const GPtrArray *properties)
{
        int r = 0;

        for (guint i = 0; r >= 0 && properties && i < properties->len; i++)
                r = append_property(message, properties->pdata[i]);
        return r;
}

static int append_pids(sd_bus_message *message, const GArray *pids)
{
        static_assert(sizeof(pid_t) == sizeof(uint32_t), "an array of pids is one of numbers");
        int r = sd_bus_message_open_container(message, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(message, "s", "PIDs");
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', "au");
        if (r >= 0)
                r = sd_bus_message_append_array(message, 'u', pids->data, pids->len * sizeof(pid_t));
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_properties(sd_bus_message *message, const VbScopeStart *start)
{
        int r = sd_bus_message_open_container(message, 'a', "(sv)");

        if (r >= 0)
                r = append_pids(message, start->pids);
        if (r >= 0)
                r = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)", "Description", "s", start->description,
                                          "Slice", "s", start->slice, "CollectMode", "s",
                                          "inactive-or-failed", "TimeoutStopUSec", "t", (uint64_t) STOP_USEC);
        /* systemd takes further processes only into a unit that is delegated. */
        if (r >= 0)
                r = sd_bus_message_append(message, "(sv)", "Delegate", "b", true);
        if (r >= 0 && !start->scopes->user)
                r = sd_bus_message_append(message, "(sv)", "Before", "as", 1, GUESTS_UNIT);
        if (r >= 0)
                r = append_list(message, start->properties);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static void call_systemd(VbScopeStart *start)
{
        sd_bus_message *message = NULL;
        int r = sd_bus_message_new_method_call(start->scopes->bus, &message, SYSTEMD, SYSTEMD_PATH,
                                               SYSTEMD_MANAGER, "StartTransientUnit");

        /* Where there is none, nothing shall be started in its place. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(message, false);
        if (r >= 0)
                r = sd_bus_message_append(message, "ss", start->unit, "fail");
        if (r >= 0)
                r = append_properties(message, start);
        if (r >= 0)
                r = sd_bus_message_append(message, "a(sa(sv))", 0);
        if (r >= 0)
                r = sd_bus_call_async(start->scopes->bus, &start->call, message, on_started, start,
                                      CALL_USEC);
        sd_bus_message_unref(message);
        start->errnum = -r;
        if (r < 0)
                arm(start, 0, on_unsent);
        else
                arm(start, JOB_USEC, on_time);
}

static int on_job_removed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
        VbScopes *scopes = userdata;
        const char *job, *unit, *result;

        if (sd_bus_message_read(signal, "uoss", NULL, &job, &unit, &result) < 0)
                return 0;
        for (guint i = 0; i < scopes->starts->len; i++) {
                VbScopeStart *start = scopes->starts->pdata[i];

                if (g_strcmp0(start->job, job) != 0)
                        continue;
                if (g_str_equal(result, "done"))
                        finish(start, true, NULL);
                else
                        fail(start, VB_ERROR_EMULATOR_FAILED, result);
                break;
        }
        return 0;
}

/* Jobs are told of only to those who subscribed. */
static void subscribe(VbScopes *scopes)
{
        sd_bus_message *message = NULL;

        if (sd_bus_message_new_method_call(scopes->bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "Subscribe") >= 0 &&
            sd_bus_message_set_auto_start(message, false) >= 0)
                (void) sd_bus_send(scopes->bus, message, NULL);
        sd_bus_message_unref(message);
}

/* What a systemd that has gone had promised nobody keeps. */
static int on_owner_changed(sd_bus_message *signal, void *userdata, sd_bus_error *unused)
{
        VbScopes *scopes = userdata;
        const char *before, *after;

        if (sd_bus_message_read(signal, "sss", NULL, &before, &after) < 0)
                return 0;
        for (guint i = scopes->starts->len; *before && i > 0; i--) {
                VbScopeStart *start = scopes->starts->pdata[i - 1];

                if (start->job)
                        fail(start, VB_ERROR_EMULATOR_FAILED, "it has left the bus");
        }
        if (*after)
                subscribe(scopes);
        return 0;
}

VbScopes *vb_scopes_new(sd_bus *bus, bool user, bool required)
{
        g_autoptr(VbScopes) scopes = g_new0(VbScopes, 1);

        scopes->bus = bus;
        scopes->event = sd_event_ref(sd_bus_get_event(bus));
        scopes->user = user;
        scopes->required = required;
        scopes->starts = g_ptr_array_new();
        if (sd_bus_match_signal_async(bus, &scopes->job_removed, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                      "JobRemoved", on_job_removed, NULL, scopes) < 0 ||
            sd_bus_add_match_async(bus, &scopes->owner_changed, OWNER_CHANGED, on_owner_changed, NULL,
                                   scopes) < 0)
                return NULL;
        subscribe(scopes);
        return g_steal_pointer(&scopes);
}

void vb_scopes_free(VbScopes *scopes)
{
        if (!scopes)
                return;
        while (scopes->starts->len > 0)
                start_free(scopes->starts->pdata[0]);
        sd_bus_slot_unref(scopes->job_removed);
        sd_bus_slot_unref(scopes->owner_changed);
        sd_event_unref(scopes->event);
        g_ptr_array_unref(scopes->starts);
        g_free(scopes);
}

VbScopeProperty *vb_scope_property_new(const char *name, uint64_t value)
{
        VbScopeProperty *property = g_new0(VbScopeProperty, 1);

        property->name = name;
        property->value = value;
        return property;
}

void vb_scope_property_free(VbScopeProperty *property)
{
        g_clear_pointer(&property->bits, g_bytes_unref);
        g_free(property->device);
        g_free(property);
}

static gpointer copy_property(gconstpointer p, gpointer unused)
{
        VbScopeProperty *copy = g_memdup2(p, sizeof *copy);

        copy->device = g_strdup(copy->device);
        if (copy->bits)
                g_bytes_ref(copy->bits);
        return copy;
}

VbScopeStart *vb_scope_start(VbScopes *scopes, const VbScope *scope, VbScopeDone done, void *userdata)
{
        VbScopeStart *start = g_new0(VbScopeStart, 1);

        *start = (VbScopeStart){ .scopes = scopes,
                                 .unit = g_strdup(scope->unit),
                                 .description = g_strdup(scope->description),
                                 .slice = g_strdup(scope->slice),
                                 .pids = g_array_copy((GArray *) scope->pids),
                                 .done = done,
                                 .userdata = userdata };
        start->properties = g_ptr_array_new_with_free_func((GDestroyNotify) vb_scope_property_free);
        for (guint i = 0; scope->properties && i < scope->properties->len; i++)
                g_ptr_array_add(start->properties, copy_property(scope->properties->pdata[i], NULL));
        g_ptr_array_add(scopes->starts, start);
        call_systemd(start);
        return start;
}

void vb_scope_start_cancel(VbScopeStart *start)
{
        if (start)
                start_free(start);
}

void vb_scope_stop(VbScopes *scopes, const char *unit)
{
        sd_bus_message *message = NULL;

        /* Mostly the answer is that there is none any more: nobody waits for it. */
        if (sd_bus_message_new_method_call(scopes->bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "StopUnit") >= 0 &&
            sd_bus_message_set_auto_start(message, false) >= 0 &&
            sd_bus_message_set_expect_reply(message, false) >= 0 &&
            sd_bus_message_append(message, "ss", unit, "replace") >= 0)
                (void) sd_bus_send(scopes->bus, message, NULL);
        sd_bus_message_unref(message);
}

struct VbScopeChange {
        sd_bus_slot *call;
        guint unsent; /* the source that says that it could not be asked; 0: it was */
        int errnum;   /* why not */
        char *unit;
        void (*done)(const GError *error, void *userdata);
        void *userdata;
};

void vb_scope_change_cancel(VbScopeChange *change)
{
        if (!change)
                return;
        sd_bus_slot_unref(change->call);
        if (change->unsent > 0)
                (void) g_source_remove(change->unsent);
        g_free(change->unit);
        g_free(change);
}

static void change_end(VbScopeChange *change, const GError *error)
{
        void (*done)(const GError *error, void *userdata) = change->done;
        void *userdata = change->userdata;

        vb_scope_change_cancel(change);
        done(error, userdata);
}

static gboolean on_change_unsent(gpointer userdata)
{
        VbScopeChange *change = userdata;
        g_autoptr(GError) error = NULL;

        change->unsent = 0;
        vb_error_set_errno(&error, VB_ERROR_EMULATOR_FAILED, change->errnum,
                           "systemd cannot be asked to change %s", change->unit);
        change_end(change, error);
        return G_SOURCE_REMOVE;
}

static int on_changed(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        VbScopeChange *change = userdata;
        const sd_bus_error *problem = sd_bus_message_get_error(reply);
        g_autoptr(GError) error = NULL;

        if (problem)
                vb_error_set(&error, VB_ERROR_EMULATOR_FAILED, "systemd could not change %s: %s",
                             change->unit, problem->message);
        change_end(change, error);
        return 0;
}

static int new_change(VbScopes *scopes, const char *method, const char *unit, sd_bus_message **ret)
{
        int r = sd_bus_message_new_method_call(scopes->bus, ret, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                               method);

        if (r >= 0)
                r = sd_bus_message_set_auto_start(*ret, false);
        return r < 0 ? r : sd_bus_message_append(*ret, "s", unit);
}

/* @r: what became of @message so far. */
static VbScopeChange *send_change(VbScopes *scopes, const char *unit, sd_bus_message *message, int r,
                                  void (*done)(const GError *error, void *userdata), void *userdata)
{
        VbScopeChange *change = g_new0(VbScopeChange, 1);

        *change = (VbScopeChange){ .done = done, .userdata = userdata, .unit = g_strdup(unit) };
        if (r >= 0)
                r = sd_bus_call_async(scopes->bus, &change->call, message, on_changed, change, JOB_USEC);
        sd_bus_message_unref(message);
        if (r < 0) {
                change->errnum = -r;
                change->unsent = g_idle_add(on_change_unsent, change);
        }
        return change;
}

VbScopeChange *vb_scope_change(VbScopes *scopes, const char *unit, const GPtrArray *properties,
                               void (*done)(const GError *error, void *userdata), void *userdata)
{
        sd_bus_message *message = NULL;
        int r = new_change(scopes, "SetUnitProperties", unit, &message);

        if (r >= 0)
                r = sd_bus_message_append(message, "b", true);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'a', "(sv)");
        if (r >= 0)
                r = append_list(message, properties);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return send_change(scopes, unit, message, r, done, userdata);
}

VbScopeChange *vb_scope_attach(VbScopes *scopes, const char *unit, pid_t pid,
                               void (*done)(const GError *error, void *userdata), void *userdata)
{
        sd_bus_message *message = NULL;
        int r = new_change(scopes, "AttachProcessesToUnit", unit, &message);

        if (r >= 0)
                r = sd_bus_message_append(message, "sau", "", 1, (uint32_t) pid);
        return send_change(scopes, unit, message, r, done, userdata);
}
