/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "bus/bus.h"
#include "bus/call.h"
#include "conf/device.h"

typedef sd_bus_message VbBusMessage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbBusMessage, sd_bus_message_unref)

/* A piece of hardware as the find callbacks hand it to the getters: good until the next find. */
typedef struct {
        VbBus *bus;
        VbDomain *domain;
        const VbDevice *device;
} VbBusDevice;

/* A domain's objects on the bus. */
typedef struct {
        VbBus *bus;
        VbDomain *domain; /* borrowed: it is taken off the bus before it goes */
        sd_bus_slot *vtable, *manager, *controllers, *devices;
        VbField changed; /* not told yet */
        bool had_guest;  /* when its devices' Removable was told last */
} VbBusDomain;

struct VbBus {
        sd_bus *bus;        /* borrowed */
        VbService *service; /* borrowed */
        GHashTable *domains; /* VbDomain * to VbBusDomain * */
        GPtrArray *changed;  /* VbBusDomain * with something to tell; borrowed */
        VbServiceField service_changed;
        sd_event_source *flush_source;
        VbCallers *callers;
        bool system;            /* the system bus */
        VbAuthority *authority; /* NULL: only root and our own user may do what is not public */
        GHashTable *user_calls; /* uid to number of its calls under way */
        unsigned n_calls;
        uint64_t last_call; /* CLOCK_MONOTONIC microseconds */
        VbBusDevice found;
        sd_bus_slot *request; /* for the name; NULL: none is under way */
        VbBusNamed named;
        void *named_userdata;
        sd_bus_slot *slots[7];
        unsigned n_slots;
};

/* bus/changes.c: PropertiesChanged, once per turn of the loop for all that changed. */
void vb_bus_mark_domain(VbBusDomain *domain, VbField fields);
void vb_bus_mark_service(VbBus *bus, VbServiceField fields);
void vb_bus_flush_changes(VbBus *bus);
void vb_bus_flush_domain(VbBusDomain *domain);

/* bus/manager.c */
extern const sd_bus_vtable vb_manager_vtable[];
extern const VbMethodRule vb_manager_rules[];

/* bus/domain.c */
extern const sd_bus_vtable vb_domain_vtable[];
extern const VbMethodRule vb_domain_rules[];

/* bus/device.c */
extern const sd_bus_vtable vb_device_vtable[];
extern const VbMethodRule vb_device_rules[];
int vb_bus_find_device(sd_bus *bus, const char *path, const char *interface, void *userdata, void **found,
                       sd_bus_error *error);
int vb_bus_list_devices(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error);
int vb_bus_list_controllers(sd_bus *bus, const char *prefix, void *userdata, char ***ret, sd_bus_error *error);
/* Appends the paths of the devices that @include wants as an "ao". */
int vb_bus_append_devices(sd_bus_message *reply, const VbDomain *domain,
                          bool (*include)(const VbDomain *domain, const VbDevice *device, const VbDevice *about),
                          const VbDevice *about);

/* bus/controller.c */
extern const sd_bus_vtable vb_controller_vtable[];
