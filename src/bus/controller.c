/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.virtbus1.Controller: what others are plugged into. It has properties only; the object is found in device.c. */
#include "bus/bus-private.h"
#include "bus/paths.h"
#include "conf/controller.h"
#include "conf/pci.h"

#define GETTER(name, type, expression)                                                                                 \
        static int property_get_##name(sd_bus *sd, const char *path, const char *interface, const char *property,     \
                                       sd_bus_message *reply, void *userdata, sd_bus_error *error)                     \
        {                                                                                                              \
                const VbBusDevice *self = userdata;                                                                    \
                const VbController *controller = (const VbController *) self->device;                                  \
                                                                                                                       \
                return sd_bus_message_append(reply, type, expression);                                                 \
        }

GETTER(type, "s", vb_controller_type_to_string(controller->type))
GETTER(index, "u", (uint32_t) MAX(controller->index, 0))
GETTER(model, "s", vb_controller_model_to_string(controller->model))
GETTER(model_name, "s", controller->model_name ? controller->model_name : "")
GETTER(accepts_hotplug, "b", vb_controller_accepts_hotplug(vb_domain_shown(self->domain), controller))

static int append_number(sd_bus_message *reply, const char *name, int value)
{
        return value < 0 ? 0 : sd_bus_message_append(reply, "{sv}", name, "u", (uint32_t) value);
}

static int append_switch(sd_bus_message *reply, const char *name, VbTristate value)
{
        return value == VB_TRISTATE_UNSET ? 0 : sd_bus_message_append(reply, "{sv}", name, "b", value == VB_TRISTATE_ON);
}

static int property_get_target(sd_bus *sd, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbController *controller = (const VbController *) ((VbBusDevice *) userdata)->device;
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        if (r >= 0)
                r = append_number(reply, "chassis-nr", controller->target.chassis_nr);
        if (r >= 0)
                r = append_number(reply, "chassis", controller->target.chassis);
        if (r >= 0)
                r = append_number(reply, "port", controller->target.port);
        if (r >= 0)
                r = append_number(reply, "bus-nr", controller->target.bus_nr);
        if (r >= 0)
                r = append_number(reply, "node", controller->target.node);
        if (r >= 0)
                r = append_switch(reply, "hotplug", controller->target.hotplug);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_options(sd_bus *sd, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbController *controller = (const VbController *) ((VbBusDevice *) userdata)->device;
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        if (r >= 0)
                r = append_number(reply, "ports", controller->ports);
        if (r >= 0)
                r = append_number(reply, "vectors", controller->vectors);
        if (r >= 0)
                r = append_number(reply, "queues", controller->driver.queues);
        if (r >= 0)
                r = append_number(reply, "cmd-per-lun", controller->driver.cmd_per_lun);
        if (r >= 0)
                r = append_number(reply, "max-sectors", controller->driver.max_sectors);
        if (r >= 0)
                r = append_switch(reply, "ioeventfd", controller->driver.ioeventfd);
        if (r >= 0)
                r = append_number(reply, "iothread", controller->driver.iothread);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Companions share their master's index; the master is the one of them that is no companion. */
static bool is_master_of(const VbController *master, const VbController *companion)
{
        return master->type == VB_CONTROLLER_USB && companion->type == VB_CONTROLLER_USB && master != companion &&
               master->index == companion->index && vb_controller_model_is_companion(companion->model) &&
               !vb_controller_model_is_companion(master->model);
}

static int property_get_master(sd_bus *sd, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbBusDevice *self = userdata;
        const VbDomainDef *def = vb_domain_shown(self->domain);
        g_autofree char *master = NULL;

        for (guint i = 0; !master && i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];

                if (device->kind == VB_DEVICE_CONTROLLER &&
                    is_master_of((const VbController *) device, (const VbController *) self->device))
                        master = vb_path_of_device(self->domain, device);
        }
        return sd_bus_message_append(reply, "o", master ? master : "/");
}

static bool is_companion(const VbDomain *domain, const VbDevice *device, const VbDevice *about)
{
        return device->kind == VB_DEVICE_CONTROLLER &&
               is_master_of((const VbController *) about, (const VbController *) device);
}

static int property_get_companions(sd_bus *sd, const char *path, const char *interface, const char *property,
                                   sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbBusDevice *self = userdata;

        return vb_bus_append_devices(reply, self->domain, is_companion, self->device);
}

static bool is_attached(const VbDomain *domain, const VbDevice *device, const VbDevice *about)
{
        return vb_domain_def_find_parent(vb_domain_shown(domain), device) == about;
}

static int property_get_attached(sd_bus *sd, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbBusDevice *self = userdata;

        return vb_bus_append_devices(reply, self->domain, is_attached, self->device);
}

static int property_get_slots(sd_bus *sd, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const VbBusDevice *self = userdata;
        uint32_t total, n_free;

        vb_controller_slots(vb_domain_shown(self->domain), (const VbController *) self->device, &total, &n_free);
        return sd_bus_message_append(reply, "u", g_str_equal(property, "SlotsTotal") ? total : n_free);
}

#define PROPERTY(name, type, getter) SD_BUS_PROPERTY(name, type, getter, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

const sd_bus_vtable vb_controller_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Type", "s", property_get_type, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        PROPERTY("Index", "u", property_get_index),
        PROPERTY("Model", "s", property_get_model),
        PROPERTY("ModelName", "s", property_get_model_name),
        PROPERTY("Target", "a{sv}", property_get_target),
        PROPERTY("Options", "a{sv}", property_get_options),
        PROPERTY("Master", "o", property_get_master),
        PROPERTY("Companions", "ao", property_get_companions),
        PROPERTY("Attached", "ao", property_get_attached),
        PROPERTY("SlotsTotal", "u", property_get_slots),
        PROPERTY("SlotsFree", "u", property_get_slots),
        PROPERTY("AcceptsHotplug", "b", property_get_accepts_hotplug),
        SD_BUS_VTABLE_END,
};
