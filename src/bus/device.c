/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus1.Device: a piece of hardware. The objects are not kept: they are found by their path when they
 * are asked for, and listed from the definition that the domain shows. */
#include <errno.h>
#include <stdlib.h>

#include "bus/bus-private.h"
#include "bus/options.h"
#include "bus/paths.h"
#include "conf/pci.h"
#include "util/error.h"

#define GETTER(name, type, expression)                                                                       \
        static int property_get_##name(sd_bus *sd, const char *path, const char *interface,                  \
                                       const char *property, sd_bus_message *reply, void *userdata,          \
                                       sd_bus_error *error)                                                  \
        {                                                                                                    \
                const VbBusDevice *self = userdata;                                                          \
                const VbDevice *device = self->device;                                                       \
                                                                                                             \
                return sd_bus_message_append(reply, type, expression);                                       \
        }

/* A graphics server, say, is no -device. */
static const char *driver_or_empty(const VbDevice *device)
{
        const char *driver = vb_device_driver(device);

        return driver ? driver : "";
}

GETTER(alias, "s", device->alias)
GETTER(kind, "s", vb_device_kind_to_string(device->kind))
GETTER(driver, "s", driver_or_empty(device))
GETTER(address_type, "s", vb_address_type_to_string(device->address.type))
GETTER(implicit, "b", device->implicit)
GETTER(builtin, "b", device->builtin)
GETTER(boot_index, "u", device->boot_order)
GETTER(removable, "b",
       vb_domain_has_guest(self->domain) && vb_device_is_removable(vb_domain_shown(self->domain), device))

static int property_get_address(sd_bus *sd, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbBusDevice *self = userdata;
        g_autofree char *text = vb_address_to_string(&self->device->address);

        return sd_bus_message_append(reply, "s", text);
}

static int property_get_controller(sd_bus *sd, const char *path, const char *interface, const char *property,
                                   sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbBusDevice *self = userdata;
        const VbDevice *parent = vb_domain_def_find_parent(vb_domain_shown(self->domain), self->device);
        g_autofree char *parent_path = vb_path_of_device(self->domain, parent);

        return sd_bus_message_append(reply, "o", parent_path);
}

static bool method_get_xml(VbCall *call, GError **error)
{
        static const VbOption no_options[] = { { 0 } };
        g_autofree char *xml = NULL;

        if (!vb_options_read(call->message, no_options, error))
                return false;
        xml = vb_device_format(call->device);
        vb_call_reply(call, "s", xml);
        return true;
}

int vb_bus_find_device(sd_bus *sd, const char *path, const char *interface, void *userdata, void **found,
                       sd_bus_error *error)
{
        VbBus *bus = userdata;
        g_autofree char *alias = NULL;
        const VbDevice *device = NULL;
        VbDomain *domain;
        bool controller;
        uint32_t id;

        if (!vb_path_parse_device(path, &id, &controller, &alias))
                return 0;
        domain = vb_service_find(bus->service, id);
        if (domain)
                device = vb_domain_def_find_device(vb_domain_shown(domain), alias);
        if (!device || (device->kind == VB_DEVICE_CONTROLLER) != controller)
                return 0;
        if (!controller && g_str_equal(interface, VB_INTERFACE_CONTROLLER))
                return 0;
        bus->found.domain = domain;
        bus->found.device = device;
        *found = &bus->found;
        return 1;
}

/* sd-bus asks the lister of a node also for what is at a path below it. It must hear of nothing there: a path
 * that has children it takes for found, and the fallback vtables, which are further up, would not be looked
 * at. */
static bool is_below(const char *prefix)
{
        g_autofree char *alias = NULL;
        bool controller;
        uint32_t id;

        return vb_path_parse_device(prefix, &id, &controller, &alias);
}

static int list(const VbDomain *domain, const char *prefix, bool controllers, char ***ret)
{
        const VbDomainDef *def = vb_domain_shown(domain);
        char **paths = calloc(def->devices->len + 1, sizeof *paths);
        guint n = 0;

        if (!paths)
                return -ENOMEM;
        *ret = paths;
        if (is_below(prefix))
                return 0;
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if ((device->kind == VB_DEVICE_CONTROLLER) == controllers)
                        paths[n++] = vb_path_of_device(domain, device);
        }
        return 0;
}

int vb_bus_list_devices(sd_bus *sd, const char *prefix, void *userdata, char ***ret, sd_bus_error *error)
{
        return list(userdata, prefix, false, ret);
}

int vb_bus_list_controllers(sd_bus *sd, const char *prefix, void *userdata, char ***ret, sd_bus_error *error)
{
        return list(userdata, prefix, true, ret);
}

int vb_bus_append_devices(sd_bus_message *reply, const VbDomain *domain,
                          bool (*include)(const VbDomain *, const VbDevice *, const VbDevice *),
                          const VbDevice *about)
{
        const VbDomainDef *def = vb_domain_shown(domain);
        int r = sd_bus_message_open_container(reply, 'a', "o");

        for (guint i = 0; r >= 0 && i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];
                g_autofree char *path = NULL;

                if (!include(domain, device, about))
                        continue;
                path = vb_path_of_device(domain, device);
                r = sd_bus_message_append(reply, "o", path);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const VbMethodRule vb_device_rules[] = {
        { "GetXML", VB_VERB_INSPECT, method_get_xml },
        { 0 },
};

static int dispatch(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return vb_call_dispatch(((VbBusDevice *) userdata)->bus, message, vb_device_rules, VB_TARGET_DEVICE);
}

#define CONST_PROPERTY(name, type, getter)                                                                   \
        SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define PROPERTY(name, type, getter)                                                                         \
        SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

const sd_bus_vtable vb_device_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("GetXML", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("s", xml), dispatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        CONST_PROPERTY("Alias", "s", property_get_alias),
        CONST_PROPERTY("Kind", "s", property_get_kind),
        PROPERTY("Driver", "s", property_get_driver),
        PROPERTY("AddressType", "s", property_get_address_type),
        PROPERTY("Address", "s", property_get_address),
        PROPERTY("Controller", "o", property_get_controller),
        PROPERTY("Implicit", "b", property_get_implicit),
        PROPERTY("Builtin", "b", property_get_builtin),
        PROPERTY("BootIndex", "u", property_get_boot_index),
        PROPERTY("Removable", "b", property_get_removable),
        SD_BUS_VTABLE_END,
};
