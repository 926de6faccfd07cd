/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts about one machine type as JSON, out and in. Reading takes nothing for granted. */
#include "qemu/facts-machine.h"

#include <stddef.h>
#include <string.h>

#include "qemu/json.h"

/* Far beyond any board. */
#define DEVICES_MAX 8192
#define PROPS_MAX 1024
#define PROBLEM_MAX 16384

/* Fields of a kind: where they are kept, and under what name. */
typedef struct {
        const char *name;
        gsize offset;
} Field;

#define FIELD(name, field)                                                                                   \
        {                                                                                                    \
                name, offsetof(VbMachineFacts, field)                                                        \
        }
#define AT(type, facts, field) ((type *) ((char *) (facts) + (field)->offset))

static const Field names[] = {
        FIELD("root-bus-name", root_bus_name), FIELD("sata-bus", sata_bus), FIELD("ide-bus", ide_bus),
        FIELD("scsi-bus", scsi_bus),           FIELD("usb-bus", usb_bus),   FIELD("sd-bus", sd_bus),
        FIELD("serial-driver", serial_driver),
};

static const Field bools[] = {
        FIELD("isa", has_isa),   FIELD("floppy", has_floppy), FIELD("i8042", has_i8042),
        FIELD("acpi", has_acpi), FIELD("vmport", has_vmport), FIELD("spapr-vio", has_spapr_vio),
        FIELD("numa", has_numa), FIELD("detailed", detailed),
};

static const Field numbers[] = {
        FIELD("virtio-mmio-slots", virtio_mmio_slots),
        FIELD("gic-versions", gic_versions),
        FIELD("gic-default", gic_default),
        FIELD("memory-slots", memory_slots),
};

static const Field sizes[] = {
        FIELD("ram-default", ram_default),
        FIELD("memory-alignment", memory_alignment),
};

static json_object *hosts_to_json(const VbMachineFacts *facts)
{
        json_object *array = json_object_new_array();

        for (guint i = 0; i < facts->pci_hosts->len; i++) {
                const VbPciHost *host = &g_array_index(facts->pci_hosts, VbPciHost, i);
                json_object *entry = json_object_new_object();

                vb_json_set_string(entry, "driver", host->driver);
                vb_json_set_string(entry, "bus", host->bus);
                vb_json_set_uint(entry, "kind", host->kind);
                if (host->index >= 0)
                        vb_json_set_uint(entry, "index", (uint64_t) host->index);
                json_object_array_add(array, entry);
        }
        return array;
}

static json_object *builtin_to_json(const VbMachineFacts *facts)
{
        json_object *array = json_object_new_array();

        for (guint i = 0; i < facts->builtin_pci->len; i++) {
                const VbBuiltinPci *pci = &g_array_index(facts->builtin_pci, VbBuiltinPci, i);
                json_object *entry = json_object_new_object();

                vb_json_set_uint(entry, "slot", pci->slot);
                vb_json_set_uint(entry, "function", pci->function);
                vb_json_set_uint(entry, "class", pci->class_code);
                vb_json_set_string(entry, "driver", pci->driver);
                json_object_array_add(array, entry);
        }
        return array;
}

static json_object *device_to_json(const VbBoardDevice *device)
{
        const struct {
                const char *name;
                int64_t value;
        } places[] = {
                { "slot", device->slot },        { "function", device->function },
                { "class", device->class_code }, { "iobase", device->iobase },
                { "irq", device->irq },
        };
        json_object *entry = json_object_new_object();

        vb_json_set_string(entry, "driver", device->driver);
        vb_json_set_string_if(entry, "bus", device->bus);
        vb_json_set_string_if(entry, "bus-type", device->bus_type);
        if (device->role != VB_ROLE_OTHER)
                vb_json_set_string(entry, "role", vb_role_to_string(device->role));
        for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
                if (places[i].value >= 0)
                        vb_json_set_uint(entry, places[i].name, (uint64_t) places[i].value);
        if (device->mmio != UINT64_MAX)
                vb_json_set_uint(entry, "mmio", device->mmio);
        vb_json_set_tristate_if(entry, "removable", device->removable);
        return entry;
}

static json_object *devices_to_json(GArray *devices)
{
        json_object *array = json_object_new_array();

        for (guint i = 0; i < devices->len; i++)
                json_object_array_add(array, device_to_json(&g_array_index(devices, VbBoardDevice, i)));
        return array;
}

static json_object *props_to_json(const VbMachineFacts *facts)
{
        g_autoptr(GList) list = g_list_sort(g_hash_table_get_keys(facts->props), (GCompareFunc) g_strcmp0);
        json_object *array = json_object_new_array();

        for (GList *l = list; l; l = l->next)
                json_object_array_add(array, json_object_new_string(l->data));
        return array;
}

static json_object *strv_to_json(char **strv)
{
        json_object *array = json_object_new_array();

        for (gsize i = 0; strv[i]; i++)
                json_object_array_add(array, json_object_new_string(strv[i]));
        return array;
}

json_object *vb_facts_machine_to_json(const VbMachineFacts *facts)
{
        json_object *object = json_object_new_object();

        vb_json_set_uint(object, "root-bus", facts->root_bus);
        vb_json_set_uint(object, "virtio", facts->virtio);
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
                vb_json_set_string_if(object, names[i].name, *AT(char *const, facts, &names[i]));
        for (gsize i = 0; i < G_N_ELEMENTS(bools); i++)
                vb_json_set_bool(object, bools[i].name, *AT(const bool, facts, &bools[i]));
        for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
                vb_json_set_uint(object, numbers[i].name, *AT(const uint32_t, facts, &numbers[i]));
        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
                vb_json_set_uint(object, sizes[i].name, *AT(const uint64_t, facts, &sizes[i]));
        vb_json_set_string_if(object, "problem", facts->problem);
        json_object_object_add(object, "pci-hosts", hosts_to_json(facts));
        json_object_object_add(object, "builtin-pci", builtin_to_json(facts));
        json_object_object_add(object, "props", props_to_json(facts));
        json_object_object_add(object, "switches", strv_to_json(facts->switches));
        json_object_object_add(object, "devices", devices_to_json(facts->devices));
        json_object_object_add(object, "defaults", devices_to_json(facts->defaults));
        return object;
}

static bool host_from_json(VbMachineFacts *facts, json_object *entry)
{
        const char *driver = vb_json_get_name(entry, "driver"), *bus = vb_json_get_name(entry, "bus");
        uint64_t kind = 0, index = 0;
        VbPciHost host = { .index = -1 };

        if (!driver || !bus || !vb_json_get_bounded(entry, "kind", VB_ROOT_BUS_PCIE, &kind))
                return false;
        if (vb_json_get_bounded(entry, "index", INT64_MAX, &index))
                host.index = (int64_t) index;
        host.driver = g_strdup(driver);
        host.bus = g_strdup(bus);
        host.kind = (VbRootBus) kind;
        g_array_append_val(facts->pci_hosts, host);
        return true;
}

static bool builtin_from_json(VbMachineFacts *facts, json_object *entry)
{
        const char *driver = NULL;
        uint64_t slot = 0, function = 0, class_code = 0;
        VbBuiltinPci pci = { 0 };

        if (!vb_json_get_string(entry, "driver", &driver) || (*driver && !vb_json_is_name(driver)) ||
            !vb_json_get_bounded(entry, "slot", 31, &slot) ||
            !vb_json_get_bounded(entry, "function", 7, &function) ||
            !vb_json_get_bounded(entry, "class", UINT16_MAX, &class_code))
                return false;
        pci = (VbBuiltinPci){ .slot = (uint8_t) slot,
                              .function = (uint8_t) function,
                              .class_code = (uint16_t) class_code,
                              .driver = g_strdup(driver) };
        g_array_append_val(facts->builtin_pci, pci);
        return true;
}

static int64_t place_from_json(json_object *entry, const char *name, uint64_t max)
{
        uint64_t value = 0;

        return vb_json_get_bounded(entry, name, max, &value) ? (int64_t) value : -1;
}

static bool device_from_json(GArray *devices, json_object *entry)
{
        const char *driver = vb_json_get_name(entry, "driver"), *role = vb_json_get_name(entry, "role");
        bool removable = false;
        VbBoardDevice *device = NULL;

        if (!driver)
                return false;
        device = vb_board_device_add(devices, driver);
        device->bus = g_strdup(vb_json_get_name(entry, "bus"));
        device->bus_type = g_strdup(vb_json_get_name(entry, "bus-type"));
        device->slot = (int16_t) place_from_json(entry, "slot", 31);
        device->function = (int16_t) place_from_json(entry, "function", 7);
        device->class_code = (int32_t) place_from_json(entry, "class", UINT16_MAX);
        device->iobase = place_from_json(entry, "iobase", INT64_MAX);
        device->irq = place_from_json(entry, "irq", INT64_MAX);
        vb_json_get_uint64(entry, "mmio", &device->mmio);
        if (vb_json_get_bool(entry, "removable", &removable))
                device->removable = vb_tristate_from_bool(removable);
        return (device->slot < 0 || (device->function >= 0 && device->bus)) &&
               (!role || vb_role_from_string(role, &device->role));
}

static bool device_entry(VbMachineFacts *facts, json_object *entry)
{
        return device_from_json(facts->devices, entry);
}

static bool default_entry(VbMachineFacts *facts, json_object *entry)
{
        return device_from_json(facts->defaults, entry);
}

static bool prop_entry(VbMachineFacts *facts, json_object *entry)
{
        const char *name = vb_json_string(entry);

        return vb_json_is_name(name) && g_hash_table_add(facts->props, g_strdup(name));
}

/* Lists, and what reads each of their entries. */
static const struct {
        const char *name;
        gsize max;
        bool (*read)(VbMachineFacts *facts, json_object *entry);
} lists[] = {
        { "pci-hosts", DEVICES_MAX, host_from_json }, { "builtin-pci", 256, builtin_from_json },
        { "props", PROPS_MAX, prop_entry },           { "devices", DEVICES_MAX, device_entry },
        { "defaults", DEVICES_MAX, default_entry },
};

static bool lists_from_json(VbMachineFacts *facts, json_object *object)
{
        for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
                json_object *array = vb_json_array(object, lists[i].name, lists[i].max);

                if (!array)
                        return false;
                for (gsize j = 0; j < json_object_array_length(array); j++)
                        if (!lists[i].read(facts, json_object_array_get_idx(array, j)))
                                return false;
        }
        return true;
}

/* Those of the properties that are switches. */
static bool switches_from_json(VbMachineFacts *facts, json_object *object)
{
        json_object *array = vb_json_array(object, "switches", PROPS_MAX);
        gsize n = array ? json_object_array_length(array) : 0;

        if (!array)
                return false;
        g_strfreev(facts->switches);
        facts->switches = g_new0(char *, n + 1);
        for (gsize i = 0; i < n; i++) {
                const char *name = vb_json_string(json_object_array_get_idx(array, i));

                if (!name || !vb_machine_facts_has_prop(facts, name))
                        return false;
                facts->switches[i] = g_strdup(name);
        }
        return true;
}

static bool fields_from_json(VbMachineFacts *facts, json_object *object)
{
        uint64_t root_bus = 0, virtio = 0, number = 0;
        const char *problem = NULL;

        if (!vb_json_get_bounded(object, "root-bus", VB_ROOT_BUS_PCIE, &root_bus) ||
            !vb_json_get_bounded(object, "virtio", VB_VIRTIO_CCW, &virtio))
                return false;
        facts->root_bus = (VbRootBus) root_bus;
        facts->virtio = (VbVirtioTransport) virtio;
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
                *AT(char *, facts, &names[i]) = g_strdup(vb_json_get_name(object, names[i].name));
        for (gsize i = 0; i < G_N_ELEMENTS(bools); i++)
                *AT(bool, facts, &bools[i]) = vb_json_is_true(object, bools[i].name);
        for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
                if (!vb_json_get_bounded(object, numbers[i].name, UINT32_MAX, &number))
                        return false;
                *AT(uint32_t, facts, &numbers[i]) = (uint32_t) number;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
                if (!vb_json_get_bounded(object, sizes[i].name, INT64_MAX, AT(uint64_t, facts, &sizes[i])))
                        return false;
        if (vb_json_get_string(object, "problem", &problem)) {
                if (strlen(problem) > PROBLEM_MAX)
                        return false;
                facts->problem = g_strdup(problem);
        }
        return (facts->root_bus == VB_ROOT_BUS_NONE) == !facts->root_bus_name;
}

VbMachineFacts *vb_facts_machine_from_json(const char *name, json_object *object)
{
        g_autoptr(VbMachineFacts) facts = vb_machine_facts_new();

        facts->name = g_strdup(name);
        if (!fields_from_json(facts, object) || !lists_from_json(facts, object) ||
            !switches_from_json(facts, object))
                return NULL;
        return g_steal_pointer(&facts);
}
