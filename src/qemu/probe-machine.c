/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The questions to a machine type that has been started, in as few round trips as there are: each costs as
 * much as a thirtieth of the start. What the answers mean is board-facts.c's. */
#include "qemu/probe-machine.h"

#include <string.h>

#include "qemu/board-exceptions.h"
#include "qemu/board-facts.h"
#include "qemu/board-tree.h"
#include "qemu/probe-emulator.h"
#include "util/error.h"

#define MACHINE "/machine"
#define CONSOLE "/backend/console[0]"
#define GIC_VERSION "gic-version"

/* Far beyond any board. */
#define PROPS_MAX 1024
#define PCI_MAX 1024

/* The GIC versions that there are. */
static const char *const gic_versions[] = { "2", "3", "4" };

struct VbMachineProbe {
        VbEmulatorFacts *emulator;
        VbMachineFacts *facts;
        GHashTable *pci_buses; /* see vb_bus_types_new() */
        GHashTable *classes;   /* see vb_pci_classes_new() */
        GHashTable *common;    /* set of char *: properties that every machine has */
        GPtrArray *switches;   /* char *: properties that are on or off */
        char *tree, *display;
        bool has_properties;
};

VbMachineProbe *vb_machine_probe_new(VbEmulatorFacts *emulator, GHashTable *pci_buses, const char *machine)
{
        VbMachineProbe *probe = g_new0(VbMachineProbe, 1);

        probe->emulator = vb_emulator_facts_ref(emulator);
        probe->facts = vb_machine_facts_new();
        probe->facts->name = g_strdup(machine);
        probe->pci_buses = g_hash_table_ref(pci_buses);
        probe->classes = vb_pci_classes_new();
        probe->common = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        probe->switches = g_ptr_array_new_with_free_func(g_free);
        return probe;
}

void vb_machine_probe_free(VbMachineProbe *probe)
{
        if (!probe)
                return;
        vb_emulator_facts_unref(probe->emulator);
        vb_machine_facts_unref(probe->facts);
        g_hash_table_unref(probe->pci_buses);
        g_hash_table_unref(probe->classes);
        g_hash_table_unref(probe->common);
        g_ptr_array_unref(probe->switches);
        g_free(probe->tree);
        g_free(probe->display);
        g_free(probe);
}

VbMachineFacts *vb_machine_probe_facts(VbMachineProbe *probe)
{
        return probe->facts;
}

static void ask_property(VbProbeSession *session, const char *path, const char *property,
                         VbProbeAnswer answer)
{
        json_object *arguments = json_object_new_object();

        vb_json_set_string(arguments, "path", path);
        vb_json_set_string(arguments, "property", property);
        vb_probe_session_ask(session, "qom-get", arguments, NULL, answer);
}

static bool on_properties(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);

        if (!json_object_is_type(result, json_type_array) || json_object_array_length(result) > PROPS_MAX)
                return true;
        probe->has_properties = true;
        for (gsize i = 0; i < json_object_array_length(result); i++) {
                json_object *entry = json_object_array_get_idx(result, i);
                const char *name = vb_json_get_name(entry, "name"), *type = vb_json_get_name(entry, "type");

                if (!name || !type || g_str_equal(name, "type") || g_str_has_prefix(type, "child<"))
                        continue;
                g_hash_table_add(probe->facts->props, g_strdup(name));
                if (g_str_equal(type, "bool") || g_str_equal(type, "OnOffAuto"))
                        g_ptr_array_add(probe->switches, g_strdup(name));
        }
        return true;
}

static bool on_common(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);

        if (!json_object_is_type(result, json_type_array) || json_object_array_length(result) > PROPS_MAX)
                return true;
        for (gsize i = 0; i < json_object_array_length(result); i++) {
                const char *name = vb_json_get_name(json_object_array_get_idx(result, i), "name");

                if (name)
                        g_hash_table_add(probe->common, g_strdup(name));
        }
        return true;
}

static bool on_tree(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);

        g_free(probe->tree);
        probe->tree = g_strdup(vb_json_string(result));
        return true;
}

static bool on_pci(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        gsize n = json_object_is_type(result, json_type_array) ? json_object_array_length(result) : 0;

        for (gsize i = 0; i < MIN(n, PCI_MAX); i++) {
                json_object *devices =
                        vb_json_array(json_object_array_get_idx(result, i), "devices", PCI_MAX);

                for (gsize j = 0; devices && j < json_object_array_length(devices); j++) {
                        json_object *device = json_object_array_get_idx(devices, j),
                                    *id = vb_json_object(device, "id");
                        uint64_t slot = 0, function = 0, class_code = 0, vendor_id = 0, device_id = 0;

                        if (vb_json_get_bounded(device, "slot", 31, &slot) &&
                            vb_json_get_bounded(device, "function", 7, &function) &&
                            vb_json_get_bounded(vb_json_object(device, "class_info"), "class", 0xffff,
                                                &class_code) &&
                            vb_json_get_bounded(id, "vendor", 0xffff, &vendor_id) &&
                            vb_json_get_bounded(id, "device", 0xffff, &device_id))
                                vb_pci_classes_set(probe->classes, (uint32_t) vendor_id, (uint32_t) device_id,
                                                   (int) slot, (int) function, (uint16_t) class_code);
                }
        }
        return true;
}

static bool on_memory(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);

        vb_json_get_bounded(result, "base-memory", INT64_MAX, &probe->facts->ram_default);
        return true;
}

static bool on_display_type(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);

        g_free(probe->display);
        probe->display = g_strdup(vb_json_string(result));
        return true;
}

/* The console is the text of a monitor where there is no display: then it has no device. */
static bool on_console(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        const char *path = vb_json_string(result);

        if (path && *path)
                ask_property(session, path, "type", on_display_type);
        return true;
}

static bool on_gic_set(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);

        if (result)
                probe->facts->gic_versions |= 1U << (*subject - '0');
        return true;
}

/* The guest never runs, and the board is made: to set the property does nothing but check the value. */
static bool on_gic(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        for (gsize i = 0; result && i < G_N_ELEMENTS(gic_versions); i++) {
                json_object *arguments = json_object_new_object();

                vb_json_set_string(arguments, "path", MACHINE);
                vb_json_set_string(arguments, "property", GIC_VERSION);
                vb_json_set_string(arguments, "value", gic_versions[i]);
                vb_probe_session_ask(session, "qom-set", arguments, gic_versions[i], on_gic_set);
        }
        return true;
}

static void ask_board(VbProbeSession *session)
{
        json_object *arguments = json_object_new_object();

        vb_json_set_string(arguments, "command-line", "info qtree");
        vb_probe_session_ask(session, "human-monitor-command", arguments, NULL, on_tree);
        vb_probe_session_ask(session, "query-pci", NULL, NULL, on_pci);
        ask_property(session, CONSOLE, "device", on_console);
}

static void ask(VbProbeSession *session)
{
        json_object *machine = json_object_new_object(), *common = json_object_new_object();

        vb_json_set_string(machine, "path", MACHINE);
        vb_probe_session_ask(session, "qom-list", machine, NULL, on_properties);
        vb_json_set_string(common, "typename", "machine");
        vb_probe_session_ask(session, "qom-list-properties", common, NULL, on_common);
        vb_probe_session_ask(session, "query-memory-size-summary", NULL, NULL, on_memory);
        ask_board(session);
        ask_property(session, MACHINE, GIC_VERSION, on_gic);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void fill_switches(VbMachineProbe *probe)
{
        GPtrArray *own = g_ptr_array_new();

        for (guint i = 0; i < probe->switches->len; i++)
                if (!g_hash_table_contains(probe->common, probe->switches->pdata[i]))
                        g_ptr_array_add(own, g_strdup(probe->switches->pdata[i]));
        g_ptr_array_sort(own, compare_names);
        g_ptr_array_add(own, NULL);
        g_strfreev(probe->facts->switches);
        probe->facts->switches = (char **) g_ptr_array_free(own, FALSE);
}

static bool conclude_board(VbProbeSession *session, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        VbMachineFacts *facts = probe->facts;
        uint32_t gic_versions_set = facts->gic_versions;
        g_autoptr(VbTree) tree = NULL;
        g_autoptr(GError) cause = NULL;

        tree = probe->tree ? vb_tree_parse(probe->tree, &cause) : NULL;
        if (!tree)
                return vb_error_set(error, VB_ERROR_EMULATOR_FAILED,
                                    "%s does not show what %s is made of%s%s", probe->emulator->path,
                                    facts->name, cause ? ": " : "", cause ? cause->message : "");
        vb_board_facts_fill(facts, &(VbBoard){ .tree = tree,
                                               .classes = probe->classes,
                                               .pci_buses = probe->pci_buses,
                                               .display = probe->display,
                                               .emulator = probe->emulator });
        facts->gic_versions |= gic_versions_set;
        vb_board_exceptions_apply(facts, tree);
        return true;
}

static bool conclude(VbProbeSession *session, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        VbMachineFacts *facts = probe->facts;

        if (!conclude_board(session, error))
                return false;
        if (!probe->has_properties)
                return vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "%s does not show the properties of %s",
                                    probe->emulator->path, facts->name);
        fill_switches(probe);
        facts->has_acpi = vb_machine_facts_has_prop(facts, "acpi");
        facts->has_vmport = vb_machine_facts_has_prop(facts, "vmport");
        /* The table of memory latencies is only there where there are nodes that it could speak of. */
        facts->has_numa = vb_machine_facts_has_prop(facts, "hmat");
        return true;
}

const VbProbeKind vb_probe_machine = { .ask = ask, .conclude = conclude };
const VbProbeKind vb_probe_machine_board = { .ask = ask_board, .conclude = conclude_board };
const VbProbeKind vb_probe_machine_defaults = { .ask = ask_board,
                                                .conclude = conclude_board,
                                                .defaults = true };
