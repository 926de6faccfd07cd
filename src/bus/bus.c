/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects that come and go with the domains, and the signals that tell of them. What is on an object is in the file of
 * its interface. */
#include "bus/bus.h"

#include <errno.h>

#include "bus/bus-private.h"
#include "bus/paths.h"
#include "util/log.h"

/* What a bus answers to RequestName, of the answers that are good. */
#define NAME_IS_OURS 1
#define NAME_WAS_OURS 4

static void domain_free(gpointer p)
{
        VbBusDomain *domain = p;

        if (domain->changed)
                g_ptr_array_remove(domain->bus->changed, domain);
        sd_bus_slot_unref(domain->manager);
        sd_bus_slot_unref(domain->controllers);
        sd_bus_slot_unref(domain->devices);
        sd_bus_slot_unref(domain->vtable);
        g_free(domain);
}

static int add_enumerator(VbBusDomain *domain, bool controllers, sd_bus_slot **slot)
{
        g_autofree char *path = vb_path_of_kind(domain->domain->id, controllers);

        return sd_bus_add_node_enumerator(domain->bus->bus, slot, path,
                                          controllers ? vb_bus_list_controllers : vb_bus_list_devices, domain->domain);
}

static void add_domain(VbBus *bus, VbDomain *domain, bool tell)
{
        g_autofree char *path = vb_path_of_domain(domain->id);
        VbBusDomain *self = g_new0(VbBusDomain, 1);
        int r;

        self->bus = bus;
        self->domain = domain;
        self->had_guest = vb_domain_has_guest(domain);
        g_hash_table_insert(bus->domains, domain, self);
        r = sd_bus_add_object_vtable(bus->bus, &self->vtable, path, VB_INTERFACE_DOMAIN, vb_domain_vtable, self);
        if (r >= 0)
                r = add_enumerator(self, true, &self->controllers);
        if (r >= 0)
                r = add_enumerator(self, false, &self->devices);
        /* The signal comes from the nearest object manager: before the domain has its own, that is the root. */
        if (r >= 0 && tell)
                r = sd_bus_emit_object_added(bus->bus, path);
        if (r >= 0)
                r = sd_bus_add_object_manager(bus->bus, &self->manager, path);
        if (r < 0)
                vb_log_warning("%s cannot be put on the bus: %s", path, g_strerror(-r));
}

static void on_domain_added(VbDomain *domain, void *userdata)
{
        add_domain(userdata, domain, true);
}

static void on_domain_removed(VbDomain *domain, void *userdata)
{
        VbBus *bus = userdata;
        VbBusDomain *self = g_hash_table_lookup(bus->domains, domain);
        g_autofree char *path = vb_path_of_domain(domain->id);

        vb_bus_flush_domain(self);
        self->manager = sd_bus_slot_unref(self->manager);
        (void) sd_bus_emit_object_removed(bus->bus, path);
        g_hash_table_remove(bus->domains, domain);
}

static void on_state_changing(VbDomain *domain, void *userdata)
{
        VbBus *bus = userdata;
        VbBusDomain *self = g_hash_table_lookup(bus->domains, domain);

        if (self->changed & VB_FIELD_STATE)
                vb_bus_flush_domain(self);
}

static void on_domain_changed(VbDomain *domain, VbField fields, void *userdata)
{
        VbBus *bus = userdata;

        vb_bus_mark_domain(g_hash_table_lookup(bus->domains, domain), fields);
}

static void on_domain_event(VbDomain *domain, VbEvent event, VbDetail detail, void *userdata)
{
        VbBus *bus = userdata;
        g_autofree char *path = vb_path_of_domain(domain->id);
        const char *event_word = vb_event_to_string(event), *detail_word = vb_detail_to_string(detail);

        vb_bus_flush_changes(bus);
        (void) sd_bus_emit_signal(bus->bus, path, VB_INTERFACE_DOMAIN, "Lifecycle", "ss", event_word, detail_word);
        (void) sd_bus_emit_signal(bus->bus, VB_PATH_ROOT, VB_INTERFACE_MANAGER, "Lifecycle", "oss", path, event_word,
                                  detail_word);
}

static int append_panic(sd_bus_message *signal, VbLifecycleAction action, const VbPanicInfo *info)
{
        int r = sd_bus_message_append(signal, "s",
                                      action == VB_ACTION_DESTROY    ? "destroy"
                                      : action == VB_ACTION_PRESERVE ? "preserve"
                                                                     : "restart");

        if (r >= 0)
                r = sd_bus_message_open_container(signal, 'a', "{sv}");
        if (r >= 0 && info->type)
                r = sd_bus_message_append(signal, "{sv}", "type", "s", info->type);
        for (unsigned i = 0; r >= 0 && i < info->n_numbers; i++)
                r = sd_bus_message_append(signal, "{sv}", info->numbers[i].name, "t", info->numbers[i].value);
        return r < 0 ? r : sd_bus_message_close_container(signal);
}

static void on_guest_panicked(VbDomain *domain, VbLifecycleAction action, const VbPanicInfo *info, void *userdata)
{
        VbBus *bus = userdata;
        g_autofree char *path = vb_path_of_domain(domain->id);
        g_autoptr(VbBusMessage) signal = NULL;
        int r;

        vb_bus_flush_changes(bus);
        r = sd_bus_message_new_signal(bus->bus, &signal, path, VB_INTERFACE_DOMAIN, "GuestPanicked");
        if (r >= 0)
                r = append_panic(signal, action, info);
        if (r >= 0)
                r = sd_bus_send(bus->bus, signal, NULL);
        if (r < 0)
                vb_log_warning("a panic of %s cannot be told: %s", domain->name, g_strerror(-r));
}

static void on_device_added(VbDomain *domain, const VbDevice *device, void *userdata)
{
        VbBus *bus = userdata;
        g_autofree char *path = vb_path_of_device(domain, device);

        (void) sd_bus_emit_object_added(bus->bus, path);
}

static void on_device_removed(VbDomain *domain, const VbDevice *device, void *userdata)
{
        VbBus *bus = userdata;
        g_autofree char *path = vb_path_of_device(domain, device);
        const char *interfaces[] = { VB_INTERFACE_DEVICE,
                                     device->kind == VB_DEVICE_CONTROLLER ? VB_INTERFACE_CONTROLLER : NULL, NULL };

        (void) sd_bus_emit_interfaces_removed_strv(bus->bus, path, (char **) interfaces);
}

static void on_device_attached(VbDomain *domain, const VbDevice *device, void *userdata)
{
        VbBus *bus = userdata;
        g_autofree char *domain_path = vb_path_of_domain(domain->id);
        g_autofree char *path = vb_path_of_device(domain, device);

        vb_bus_flush_changes(bus);
        (void) sd_bus_emit_signal(bus->bus, domain_path, VB_INTERFACE_DOMAIN, "DeviceAdded", "os", path, device->alias);
}

/* All that can change, by the vtable itself. */
static void emit_all(VbBus *bus, const char *path, const char *interface, const sd_bus_vtable *vtable)
{
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        for (; vtable->type != _SD_BUS_VTABLE_END; vtable++)
                if (vtable->type == _SD_BUS_VTABLE_PROPERTY && (vtable->flags & SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE))
                        g_ptr_array_add(names, (char *) vtable->x.property.member);
        g_ptr_array_add(names, NULL);
        (void) sd_bus_emit_properties_changed_strv(bus->bus, path, interface, (char **) names->pdata);
}

static void on_device_changed(VbDomain *domain, const VbDevice *device, void *userdata)
{
        g_autofree char *path = vb_path_of_device(domain, device);

        emit_all(userdata, path, VB_INTERFACE_DEVICE, vb_device_vtable);
        if (device->kind == VB_DEVICE_CONTROLLER)
                emit_all(userdata, path, VB_INTERFACE_CONTROLLER, vb_controller_vtable);
}

static void on_service_changed(VbServiceField fields, void *userdata)
{
        vb_bus_mark_service(userdata, fields);
}

static const VbObserver observer = {
        .domain_added = on_domain_added,
        .domain_removed = on_domain_removed,
        .state_changing = on_state_changing,
        .domain_changed = on_domain_changed,
        .domain_event = on_domain_event,
        .guest_panicked = on_guest_panicked,
        .device_added = on_device_added,
        .device_removed = on_device_removed,
        .device_attached = on_device_attached,
        .device_changed = on_device_changed,
        .service_changed = on_service_changed,
};

static int add_fallback(VbBus *bus, const char *interface, const sd_bus_vtable *vtable)
{
        return sd_bus_add_fallback_vtable(bus->bus, &bus->slots[bus->n_slots++], VB_PATH_DOMAINS, interface, vtable,
                                          vb_bus_find_device, bus);
}

/* Sees every message before it is handled: also the calls that sd-bus answers itself. */
static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        VbBus *bus = userdata;
        uint8_t type;

        if (sd_bus_message_get_type(message, &type) >= 0 && type == SD_BUS_MESSAGE_METHOD_CALL)
                bus->last_call = (uint64_t) g_get_monotonic_time();
        return 0;
}

int vb_bus_new(sd_bus *sd, VbService *service, bool system, VbBus **ret)
{
        g_autoptr(VbBus) bus = g_new0(VbBus, 1);
        int r;

        bus->bus = sd;
        bus->service = service;
        bus->found.bus = bus;
        bus->domains = g_hash_table_new_full(NULL, NULL, NULL, domain_free);
        bus->changed = g_ptr_array_new();
        bus->user_calls = g_hash_table_new(NULL, NULL);
        bus->system = system;
        bus->authority = system ? vb_authority_new(sd) : NULL;
        bus->last_call = (uint64_t) g_get_monotonic_time();
        r = vb_callers_new(sd, &bus->callers);
        if (r >= 0)
                r = sd_bus_add_filter(sd, &bus->slots[bus->n_slots++], on_message, bus);
        if (r >= 0)
                r = sd_bus_add_object_manager(sd, &bus->slots[bus->n_slots++], VB_PATH_ROOT);
        if (r >= 0)
                r = sd_bus_add_object_vtable(sd, &bus->slots[bus->n_slots++], VB_PATH_ROOT, VB_INTERFACE_MANAGER,
                                             vb_manager_vtable, bus);
        if (r >= 0)
                r = add_fallback(bus, VB_INTERFACE_DEVICE, vb_device_vtable);
        if (r >= 0)
                r = add_fallback(bus, VB_INTERFACE_CONTROLLER, vb_controller_vtable);
        if (r < 0)
                return r;
        for (guint i = 0; i < service->domains->len; i++) {
                VbDomain *domain = service->domains->pdata[i];

                if (domain->announced)
                        add_domain(bus, domain, false);
        }
        vb_service_observe(service, &observer, bus);
        *ret = g_steal_pointer(&bus);
        return 0;
}

void vb_bus_free(VbBus *bus)
{
        if (!bus)
                return;
        vb_service_observe(bus->service, NULL, NULL);
        sd_bus_slot_unref(bus->request);
        vb_callers_free(bus->callers);
        vb_authority_free(bus->authority);
        g_hash_table_unref(bus->user_calls);
        g_hash_table_unref(bus->domains);
        g_ptr_array_unref(bus->changed);
        sd_event_source_disable_unref(bus->flush_source);
        for (unsigned i = 0; i < bus->n_slots; i++)
                sd_bus_slot_unref(bus->slots[i]);
        g_free(bus);
}

static int on_named(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        VbBus *bus = userdata;
        VbBusNamed done = bus->named;
        void *done_userdata = bus->named_userdata;
        int r = -sd_bus_message_get_errno(reply);
        uint32_t answer = 0;

        bus->request = sd_bus_slot_unref(bus->request);
        if (r == 0)
                r = sd_bus_message_read(reply, "u", &answer);
        if (r >= 0 && answer != NAME_IS_OURS && answer != NAME_WAS_OURS)
                r = -EEXIST;
        done(MIN(r, 0), done_userdata);
        return 0;
}

int vb_bus_request_name(VbBus *bus, VbBusNamed done, void *userdata)
{
        bus->named = done;
        bus->named_userdata = userdata;
        bus->request = sd_bus_slot_unref(bus->request);
        return sd_bus_request_name_async(bus->bus, &bus->request, VB_BUS_NAME, 0, on_named, bus);
}

bool vb_bus_is_busy(const VbBus *bus)
{
        return bus->n_calls > 0;
}

uint64_t vb_bus_last_call(const VbBus *bus)
{
        return bus->last_call;
}
