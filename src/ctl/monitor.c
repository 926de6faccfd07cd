/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watches the service: subscribes first, then asks for the domains once to know their names, and from then on
 * lives from signals. Anybody can send us a signal, so only those of the connection that owns the service's
 * name count. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/event.h"
#include "ctl/property.h"

#include <errno.h>
#include <stdio.h>

#define MATCH_SERVICE "type='signal',sender='" VB_CTL_SERVICE "',path_namespace='" VB_CTL_ROOT "'"
#define MATCH_OWNER                                                                                          \
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"                      \
        "member='NameOwnerChanged',arg0='" VB_CTL_SERVICE "'"

typedef struct {
        VbCtl *ctl;        /* borrowed */
        char *only;        /* the path of the one domain to watch; NULL for all */
        char *owner;       /* the service's unique name; NULL while it is away */
        GHashTable *names; /* path of a domain -> its name */
        bool stale;        /* the service has come back: names are to be asked for anew */
        bool finished;     /* the one domain is gone */
} Monitor;

static bool learn_names(Monitor *monitor, GError **error)
{
        g_autoptr(json_object) objects = NULL;
        g_autofree char *owner = NULL;

        if (!vb_ctl_get_objects(monitor->ctl, VB_CTL_ROOT, &objects, &owner, error))
                return false;
        g_free(monitor->owner);
        monitor->owner = g_steal_pointer(&owner);
        monitor->stale = false;
        g_hash_table_remove_all(monitor->names);
        json_object_object_foreach(objects, path, interfaces) {
                json_object *domain = NULL;

                if (json_object_object_get_ex(interfaces, VB_CTL_DOMAIN, &domain))
                        g_hash_table_insert(monitor->names, g_strdup(path),
                                            g_strdup(vb_ctl_json_string(domain, "Name")));
        }
        return true;
}

/* The object that a signal is about; those of an ObjectManager name it in their first argument. */
static const char *event_object(const VbCtlEvent *event)
{
        const char *object = NULL;

        if (g_str_equal(event->interface, VB_CTL_OBJECT_MANAGER))
                object = json_object_get_string(json_object_array_get_idx(event->arguments, 0));
        return object ? object : event->path;
}

/* A domain that appears, or whose name changes: { "Name": ... } */
static void learn_name(Monitor *monitor, const char *path, json_object *properties)
{
        const char *name = vb_ctl_json_string(properties, "Name");

        if (*name)
                g_hash_table_insert(monitor->names, g_strdup(path), g_strdup(name));
}

static void learn_before(Monitor *monitor, const VbCtlEvent *event, const char *domain_path)
{
        json_object *properties = NULL;

        if (g_str_equal(event->member, "InterfacesAdded") &&
            json_object_object_get_ex(json_object_array_get_idx(event->arguments, 1), VB_CTL_DOMAIN,
                                      &properties))
                learn_name(monitor, domain_path, properties);
}

static void learn_after(Monitor *monitor, const VbCtlEvent *event, const char *domain_path)
{
        if (!g_str_equal(event->object, domain_path))
                return;
        if (g_str_equal(event->member, "PropertiesChanged"))
                learn_name(monitor, domain_path, json_object_array_get_idx(event->arguments, 1));
        if (g_str_equal(event->member, "InterfacesRemoved")) {
                g_hash_table_remove(monitor->names, domain_path);
                monitor->finished = monitor->only != NULL;
        }
}

static void print_event(const Monitor *monitor, const VbCtlEvent *event)
{
        if (monitor->ctl->options & VB_CTL_OPTION_JSON)
                vb_ctl_event_print_json(event);
        else
                vb_ctl_event_print(event);
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *bus_error)
{
        Monitor *monitor = userdata;
        g_autoptr(json_object) arguments = NULL;
        g_autofree char *domain_path = NULL;
        VbCtlEvent event = {
                .time_usec = (uint64_t) g_get_real_time(),
                .path = sd_bus_message_get_path(message),
                .interface = sd_bus_message_get_interface(message),
                .member = sd_bus_message_get_member(message),
                .signature = sd_bus_message_get_signature(message, true),
        };

        if (g_strcmp0(sd_bus_message_get_sender(message), monitor->owner) != 0)
                return 0;
        if (sd_bus_message_is_signal(message, VB_CTL_MANAGER, "Lifecycle"))
                return 0; /* it repeats what the domain says */
        if (vb_ctl_json_read_all(message, &arguments) < 0)
                return 0;
        event.arguments = arguments;
        event.object = event_object(&event);
        domain_path = vb_ctl_path_domain(event.object);
        if (monitor->only && g_strcmp0(monitor->only, domain_path) != 0)
                return 0;
        if (domain_path) {
                learn_before(monitor, &event, domain_path);
                event.domain = g_hash_table_lookup(monitor->names, domain_path);
        }
        print_event(monitor, &event);
        if (domain_path)
                learn_after(monitor, &event, domain_path);
        return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *bus_error)
{
        Monitor *monitor = userdata;
        g_autoptr(json_object) arguments = NULL;
        const char *owner;
        VbCtlEvent event = {
                .time_usec = (uint64_t) g_get_real_time(),
                .path = sd_bus_message_get_path(message),
                .interface = sd_bus_message_get_interface(message),
                .member = sd_bus_message_get_member(message),
                .signature = sd_bus_message_get_signature(message, true),
        };

        if (vb_ctl_json_read_all(message, &arguments) < 0)
                return 0;
        owner = json_object_get_string(json_object_array_get_idx(arguments, 2));
        if (g_strcmp0(owner, monitor->owner) == 0)
                return 0; /* we know: it was started for our first call */
        event.arguments = arguments;
        event.object = event.path;
        print_event(monitor, &event);
        g_free(monitor->owner);
        monitor->owner = owner && *owner ? g_strdup(owner) : NULL;
        monitor->stale = monitor->owner != NULL;
        return 0;
}

static bool subscribe(Monitor *monitor, GError **error)
{
        sd_bus *bus = monitor->ctl->bus;
        int r = sd_bus_add_match(bus, NULL, MATCH_OWNER, on_owner_changed, monitor);

        if (r >= 0)
                r = sd_bus_add_match(bus, NULL, MATCH_SERVICE, on_signal, monitor);
        if (r < 0)
                return vb_ctl_fail(error, VB_CTL_ERROR_FAILED, "cannot listen on the bus: %s",
                                   g_strerror(-r));
        return true;
}

static bool watch(Monitor *monitor, GError **error)
{
        while (!monitor->finished) {
                g_autoptr(GError) failure = NULL;
                int r;

                if (monitor->stale && !learn_names(monitor, &failure))
                        monitor->stale = false; /* gone again; its next owner is announced */
                r = sd_bus_process(monitor->ctl->bus, NULL);
                if (r == 0) {
                        if (fflush(stdout) != 0)
                                return true; /* main() tells why */
                        r = sd_bus_wait(monitor->ctl->bus, UINT64_MAX);
                }
                if (r < 0 && r != -EINTR)
                        return vb_ctl_fail(error, VB_CTL_ERROR_FAILED,
                                           "the connection to the bus was lost: %s", g_strerror(-r));
        }
        return true;
}

bool vb_ctl_monitor(VbCtl *ctl, char **args, GError **error)
{
        Monitor monitor = { .ctl = ctl };
        bool ok;

        monitor.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        ok = vb_ctl_connect(ctl, error) && subscribe(&monitor, error) &&
             (!args[0] || vb_ctl_find_domain(ctl, args[0], &monitor.only, error)) &&
             learn_names(&monitor, error) && watch(&monitor, error);
        vb_ctl_disconnect(ctl); /* the matches point to us */
        g_hash_table_unref(monitor.names);
        g_free(monitor.owner);
        g_free(monitor.only);
        return ok;
}
