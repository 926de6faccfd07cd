/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between a machine that has been built and a guest that runs. */
#include "domain/settle.h"

#include <string.h>

#include "conf/disk.h"
#include "conf/graphics.h"
#include "conf/interface.h"
#include "conf/memballoon.h"
#include "domain/guest.h"
#include "domain/memory-places.h"
#include "domain/placement.h"
#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

#define SETTLE_USEC (30 * G_USEC_PER_SEC)

/* More than any machine has; what the emulator says is limited by it. */
#define THREADS_MAX 16384

typedef struct {
        VbDomain *domain;
        VbMonitor *monitor; /* borrowed: only compared, and used while it is the guest's */
        guint waiting;      /* for replies of this phase */
        void (*next)(void *);
        GArray *vcpus, *iothreads; /* VbPlacedThread */
        bool threads_only;
        GError *error;
        VbDone done;
        void *userdata;
} Settling;

static void finish(Settling *self)
{
        g_autoptr(VbDomain) domain = self->domain;
        g_autoptr(GError) error = self->error;

        self->done(domain, error, self->userdata);
        g_array_unref(self->vcpus);
        g_array_unref(self->iothreads);
        g_free(self);
}

static bool is_alive(const Settling *self)
{
        const VbGuest *guest = self->domain->guest;

        return guest && !guest->ending && guest->monitor == self->monitor && vb_monitor_is_ready(self->monitor);
}

static void fail(Settling *self, const GError *error)
{
        if (!self->error)
                self->error = g_error_copy(error);
}

/* One reply less to wait for; after the last one of a phase comes the next. */
static void replied(Settling *self)
{
        if (--self->waiting > 0)
                return;
        if (!self->error && !is_alive(self))
                vb_error_set(&self->error, VB_ERROR_INVALID_STATE, "the guest has ended");
        if (self->error)
                finish(self);
        else
                self->next(self);
}

static void on_required(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        if (error)
                fail(userdata, error);
        replied(userdata);
}

/* What went wrong is logged, and the guest runs all the same. */
static void on_optional(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Settling *self = userdata;

        if (error && is_alive(self) && g_error_matches(error, VB_ERROR, VB_ERROR_MONITOR))
                vb_log_domain(G_LOG_LEVEL_WARNING, self->domain->name, self->domain->uuid, "%s",
                              error->message);
        else if (error)
                fail(self, error);
        replied(self);
}

static void ask(Settling *self, const char *command, json_object *arguments, VbMonitorReply reply)
{
        self->waiting++;
        vb_monitor_execute(self->monitor, command, arguments, SETTLE_USEC, reply, self);
}

static json_object *named(const char *key, const char *value)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, key, json_object_new_string(value));
        return object;
}

/* A drive that is open, and a card whose link is down, are so before the guest looks. */
static void set_device(Settling *self, const VbDevice *device)
{
        const VbDisk *disk = (const VbDisk *) device;
        json_object *arguments;

        if (device->kind == VB_DEVICE_DISK && disk->tray_open) {
                arguments = named("id", device->alias);
                json_object_object_add(arguments, "force", json_object_new_boolean(true));
                ask(self, "blockdev-open-tray", arguments, on_optional);
        } else if (vb_interface_is_unplugged(device)) {
                arguments = named("name", device->alias);
                json_object_object_add(arguments, "up", json_object_new_boolean(false));
                ask(self, "set_link", arguments, on_required);
        }
}

/* A password that holds for ever because its end was forgotten would let in whom it should not. */
static void set_expiry(Settling *self, const VbGraphics *graphics)
{
        g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(graphics->password_until, utc);
        g_autofree char *seconds =
                time ? g_strdup_printf("%" G_GINT64_FORMAT, g_date_time_to_unix(time)) : NULL;
        json_object *arguments;

        if (!seconds)
                return;
        arguments = named("protocol", vb_graphics_type_to_string(graphics->type));
        json_object_object_add(arguments, "time", json_object_new_string(seconds));
        ask(self, "expire_password", arguments, on_required);
}

static void set_balloon(Settling *self)
{
        const VbDomainDef *def = self->domain->live;
        json_object *arguments = json_object_new_object();

        json_object_object_add(arguments, "value", json_object_new_uint64(def->current_memory));
        ask(self, "balloon", arguments, on_optional);
}

static void set_statistics(Settling *self, const VbMemballoon *balloon)
{
        g_autofree char *path = g_strconcat("/machine/peripheral/", balloon->base.alias, NULL);
        json_object *arguments = named("path", path);

        json_object_object_add(arguments, "property", json_object_new_string("guest-stats-polling-interval"));
        json_object_object_add(arguments, "value", json_object_new_int64(balloon->stats_period));
        ask(self, "qom-set", arguments, on_optional);
}

static void on_memory_devices(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Settling *self = userdata;

        if (!error && is_alive(self))
                vb_memory_places_learn(self->domain->live, result);
        on_optional(monitor, result, error, self);
}

static void end(void *userdata)
{
        finish(userdata);
}

static void set_state(void *userdata)
{
        Settling *self = userdata;
        const VbDomainDef *def = self->domain->live;

        self->waiting = 1;
        self->next = end;
        if (vb_memory_places_are_wanted(def))
                ask(self, "query-memory-devices", NULL, on_memory_devices);
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                set_device(self, device);
                if (device->kind == VB_DEVICE_GRAPHICS && ((const VbGraphics *) device)->password_until)
                        set_expiry(self, (const VbGraphics *) device);
                if (device->kind == VB_DEVICE_MEMBALLOON && !((const VbMemballoon *) device)->none &&
                    def->current_memory < def->memory)
                        set_balloon(self);
                if (device->kind == VB_DEVICE_MEMBALLOON && ((const VbMemballoon *) device)->stats_period > 0)
                        set_statistics(self, (const VbMemballoon *) device);
        }
        replied(self);
}

static void place_threads(void *userdata)
{
        Settling *self = userdata;
        g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);

        self->waiting = 1;
        self->next = self->threads_only ? end : set_state;
        (void) vb_placement_apply(self->domain->live, vb_guest_pid(self->domain->guest), self->vcpus,
                                  self->iothreads, warnings, &self->error);
        for (guint i = 0; i < warnings->len; i++)
                vb_log_domain(G_LOG_LEVEL_WARNING, self->domain->name, self->domain->uuid,
                              "it runs without %s", (const char *) warnings->pdata[i]);
        replied(self);
}

/* What a thread is called in the definition; false for one that it does not know. */
typedef bool (*ThreadName)(json_object *thread, uint64_t *ret);

static bool name_vcpu(json_object *thread, uint64_t *ret)
{
        return vb_json_get_uint64(thread, "cpu-index", ret);
}

static bool name_iothread(json_object *thread, uint64_t *ret)
{
        const char *name;

        return vb_json_get_string(thread, "id", &name) && g_str_has_prefix(name, "iothread") &&
               g_ascii_string_to_unsigned(name + strlen("iothread"), 10, 0, UINT32_MAX, ret, NULL);
}

static void take_threads(Settling *self, json_object *result, const GError *error, ThreadName name,
                         GArray *threads)
{
        size_t n = json_object_is_type(result, json_type_array) ? json_object_array_length(result) : 0;

        if (error)
                fail(self, error);
        for (size_t i = 0; i < MIN(n, THREADS_MAX); i++) {
                json_object *one = json_object_array_get_idx(result, i);
                uint64_t number, tid;

                if (name(one, &number) && number <= UINT32_MAX && vb_json_get_uint64(one, "thread-id", &tid) &&
                    tid <= INT32_MAX) {
                        VbPlacedThread thread = { (uint32_t) number, (pid_t) tid };

                        g_array_append_val(threads, thread);
                }
        }
        replied(self);
}

static void on_vcpus(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Settling *self = userdata;

        take_threads(self, result, error, name_vcpu, self->vcpus);
}

static void on_iothreads(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Settling *self = userdata;

        take_threads(self, result, error, name_iothread, self->iothreads);
}

static void ask_threads(void *userdata)
{
        Settling *self = userdata;

        if (!vb_placement_is_wanted(self->domain->live)) {
                set_state(self);
                return;
        }
        self->waiting = 1;
        self->next = place_threads;
        ask(self, "query-cpus-fast", NULL, on_vcpus);
        ask(self, "query-iothreads", NULL, on_iothreads);
        replied(self);
}

/* Processors are plugged in by the place that the emulator has for each, which may hold several. */
static void plug_vcpus(Settling *self, json_object *places)
{
        const VbVcpus *list = self->domain->live->vcpu_list;
        size_t n = json_object_is_type(places, json_type_array) ? json_object_array_length(places) : 0;
        uint64_t id = 0, count;

        /* The list begins with the last. */
        for (size_t i = MIN(n, THREADS_MAX); i-- > 0 && !self->error; id += count) {
                json_object *place = json_object_array_get_idx(places, i), *props;
                g_autofree char *alias = g_strdup_printf("vcpu%" G_GUINT64_FORMAT, id);
                const VbVcpu *vcpu = vb_vcpus_find(list, id);
                const char *type, *path;

                if (!vb_json_get_uint64(place, "vcpus-count", &count) || count == 0 ||
                    !vb_json_get_string(place, "type", &type) || !vb_json_get_object(place, "props", &props))
                        return;
                if (vb_json_get_string(place, "qom-path", &path)) {
                        if (!vcpu || vcpu->enabled != VB_TRISTATE_ON)
                                vb_error_set(
                                        &self->error, VB_ERROR_UNSUPPORTED,
                                        "<vcpus>: processor %" G_GUINT64_FORMAT
                                        " is part of the machine; those that are not hotpluggable come first",
                                        id);
                        continue;
                }
                if (!vcpu || vcpu->enabled != VB_TRISTATE_ON)
                        continue;
                props = json_object_get(props);
                json_object_object_add(props, "driver", json_object_new_string(type));
                json_object_object_add(props, "id", json_object_new_string(alias));
                ask(self, "device_add", props, on_required);
        }
}

static void on_places(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Settling *self = userdata;

        self->next = ask_threads;
        if (error)
                fail(self, error);
        else if (is_alive(self))
                plug_vcpus(self, result);
        replied(self);
}

static Settling *settling_new(VbDomain *domain, VbDone done, void *userdata)
{
        Settling *self = g_new0(Settling, 1);

        self->domain = vb_domain_ref(domain);
        self->monitor = domain->guest->monitor;
        self->vcpus = g_array_new(FALSE, FALSE, sizeof(VbPlacedThread));
        self->iothreads = g_array_new(FALSE, FALSE, sizeof(VbPlacedThread));
        self->done = done;
        self->userdata = userdata;
        return self;
}

void vb_settle_threads(VbDomain *domain, VbDone done, void *userdata)
{
        Settling *self = settling_new(domain, done, userdata);

        self->threads_only = true;
        if (vb_placement_is_wanted(domain->live))
                ask_threads(self);
        else
                finish(self);
}

void vb_settle(VbDomain *domain, VbDone done, void *userdata)
{
        Settling *self = settling_new(domain, done, userdata);

        if (vb_vcpus_pluggable(domain->live->vcpu_list) > 0)
                ask(self, "query-hotpluggable-cpus", NULL, on_places);
        else
                ask_threads(self);
}
