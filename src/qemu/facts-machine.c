/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts about one machine type as JSON, out and in. Reading takes nothing for granted. */
#include "qemu/facts-machine.h"

#include "qemu/json.h"

#define BUILTIN_PCI_MAX 256

json_object *vb_facts_machine_to_json(const VbMachineFacts *facts)
{
        json_object *object = json_object_new_object(), *builtin = json_object_new_array();

        vb_json_set_uint(object, "root-bus", facts->root_bus);
        vb_json_set_string_if(object, "root-bus-name", facts->root_bus_name);
        vb_json_set_string_if(object, "sata-bus", facts->sata_bus);
        vb_json_set_string_if(object, "ide-bus", facts->ide_bus);
        vb_json_set_bool(object, "isa", facts->has_isa);
        vb_json_set_bool(object, "floppy", facts->has_floppy);
        vb_json_set_bool(object, "i8042", facts->has_i8042);
        vb_json_set_bool(object, "acpi", facts->has_acpi);
        vb_json_set_bool(object, "vmport", facts->has_vmport);
        for (guint i = 0; i < facts->builtin_pci->len; i++) {
                const VbBuiltinPci *pci = &g_array_index(facts->builtin_pci, VbBuiltinPci, i);
                json_object *entry = json_object_new_object();

                vb_json_set_uint(entry, "slot", pci->slot);
                vb_json_set_uint(entry, "function", pci->function);
                vb_json_set_uint(entry, "class", pci->class_code);
                vb_json_set_string(entry, "driver", pci->driver);
                json_object_array_add(builtin, entry);
        }
        json_object_object_add(object, "builtin-pci", builtin);
        return object;
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

VbMachineFacts *vb_facts_machine_from_json(const char *name, json_object *object)
{
        g_autoptr(VbMachineFacts) facts = vb_machine_facts_new();
        json_object *builtin = vb_json_array(object, "builtin-pci", BUILTIN_PCI_MAX);
        uint64_t root_bus = 0;

        if (!builtin || !vb_json_get_bounded(object, "root-bus", VB_ROOT_BUS_PCIE, &root_bus))
                return NULL;
        facts->name = g_strdup(name);
        facts->root_bus = (VbRootBus) root_bus;
        facts->root_bus_name = g_strdup(vb_json_get_name(object, "root-bus-name"));
        if ((facts->root_bus == VB_ROOT_BUS_NONE) != !facts->root_bus_name)
                return NULL;
        facts->sata_bus = g_strdup(vb_json_get_name(object, "sata-bus"));
        facts->ide_bus = g_strdup(vb_json_get_name(object, "ide-bus"));
        facts->has_isa = vb_json_is_true(object, "isa");
        facts->has_floppy = vb_json_is_true(object, "floppy");
        facts->has_i8042 = vb_json_is_true(object, "i8042");
        facts->has_acpi = vb_json_is_true(object, "acpi");
        facts->has_vmport = vb_json_is_true(object, "vmport");
        for (gsize i = 0; i < json_object_array_length(builtin); i++)
                if (!builtin_from_json(facts, json_object_array_get_idx(builtin, i)))
                        return NULL;
        return g_steal_pointer(&facts);
}
