/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PropertiesChanged: what has changed is collected and sent once per turn of the loop, or earlier when something has
 * to come after it. */
#include "bus/bus-private.h"
#include "bus/paths.h"
#include "conf/pci.h"
#include "util/log.h"

static const struct {
        VbField field;
        const char *property;
} domain_properties[] = {
        { VB_FIELD_NAME, "Name" },
        { VB_FIELD_TITLE, "Title" },
        { VB_FIELD_STATE, "State" },
        { VB_FIELD_STATE, "StateReason" },
        { VB_FIELD_PERSISTENT, "Persistent" },
        { VB_FIELD_AUTOSTART, "Autostart" },
        { VB_FIELD_MACHINE, "Architecture" },
        { VB_FIELD_MACHINE, "MachineType" },
        { VB_FIELD_MACHINE, "Accelerator" },
        { VB_FIELD_MEMORY, "MemoryMaximum" },
        { VB_FIELD_MEMORY | VB_FIELD_MEMORY_ACTUAL, "MemoryActual" },
        { VB_FIELD_VCPUS, "VCPUsMaximum" },
        { VB_FIELD_VCPUS, "VCPUs" },
        { VB_FIELD_PROCESS, "ProcessID" },
        { VB_FIELD_PROCESS, "RuntimeDirectory" },
        { VB_FIELD_PROCESS, "Unit" },
        { VB_FIELD_PROCESS, "StartTime" },
        { VB_FIELD_PROCESS, "SecurityLabels" },
        { VB_FIELD_HARDWARE, "Controllers" },
        { VB_FIELD_HARDWARE, "Devices" },
        { VB_FIELD_PENDING, "Pending" },
        { VB_FIELD_SAVED, "HasManagedSave" },
};

static const struct {
        VbServiceField field;
        const char *property;
} service_properties[] = {
        { VB_SERVICE_FIELD_DOMAINS, "Domains" },
        { VB_SERVICE_FIELD_RUNNING, "Running" },
        { VB_SERVICE_FIELD_EMULATOR, "EmulatorVersion" },
        { VB_SERVICE_FIELD_EMULATOR, "Accelerators" },
};

static void emit(VbBus *bus, const char *path, const char *interface, const char **names)
{
        int r = sd_bus_emit_properties_changed_strv(bus->bus, path, interface, (char **) names);

        if (r < 0)
                vb_log_warning("changes of %s cannot be sent: %s", path, g_strerror(-r));
}

/* Whether devices can be unplugged hangs on whether there is a guest. */
static void emit_removable(VbBusDomain *domain)
{
        const VbDomainDef *def = vb_domain_shown(domain->domain);
        const char *names[] = { "Removable", NULL };

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];
                g_autofree char *path = NULL;

                if (!vb_device_is_removable(def, device))
                        continue;
                path = vb_path_of_device(domain->domain, device);
                emit(domain->bus, path, VB_INTERFACE_DEVICE, names);
        }
}

void vb_bus_flush_domain(VbBusDomain *domain)
{
        g_autofree char *path = NULL;
        const char *names[G_N_ELEMENTS(domain_properties) + 1] = { NULL };
        VbField changed = domain->changed;
        gsize n = 0;

        if (!changed)
                return;
        domain->changed = 0;
        g_ptr_array_remove(domain->bus->changed, domain);
        path = vb_path_of_domain(domain->domain->id);
        for (gsize i = 0; i < G_N_ELEMENTS(domain_properties); i++)
                if (changed & domain_properties[i].field)
                        names[n++] = domain_properties[i].property;
        emit(domain->bus, path, VB_INTERFACE_DOMAIN, names);
        if ((changed & VB_FIELD_STATE) && vb_domain_has_guest(domain->domain) != domain->had_guest) {
                domain->had_guest = !domain->had_guest;
                emit_removable(domain);
        }
}

void vb_bus_flush_changes(VbBus *bus)
{
        const char *names[G_N_ELEMENTS(service_properties) + 1] = { NULL };
        VbServiceField changed = bus->service_changed;
        gsize n = 0;

        while (bus->changed->len > 0)
                vb_bus_flush_domain(bus->changed->pdata[0]);
        bus->service_changed = 0;
        for (gsize i = 0; i < G_N_ELEMENTS(service_properties); i++)
                if (changed & service_properties[i].field)
                        names[n++] = service_properties[i].property;
        if (n > 0)
                emit(bus, VB_PATH_ROOT, VB_INTERFACE_MANAGER, names);
}

static int on_flush(sd_event_source *source, void *userdata)
{
        vb_bus_flush_changes(userdata);
        return 0;
}

static void flush_soon(VbBus *bus)
{
        if (bus->flush_source)
                (void) sd_event_source_set_enabled(bus->flush_source, SD_EVENT_ONESHOT);
        else if (sd_event_add_defer(sd_bus_get_event(bus->bus), &bus->flush_source, on_flush, bus) >= 0)
                (void) sd_event_source_set_priority(bus->flush_source, SD_EVENT_PRIORITY_NORMAL + 20);
}

void vb_bus_mark_domain(VbBusDomain *domain, VbField fields)
{
        if (!domain->changed)
                g_ptr_array_add(domain->bus->changed, domain);
        domain->changed |= fields;
        flush_soon(domain->bus);
}

void vb_bus_mark_service(VbBus *bus, VbServiceField fields)
{
        bus->service_changed |= fields;
        flush_soon(bus);
}
