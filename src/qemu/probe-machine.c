/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The questions to a machine type. Its object tree is walked from the root, all nodes of a depth in one go: a
 * child whose type is a device is part of the board, a child whose type is a bus says what can be plugged
 * into its parent. Nothing is concluded from the machine type's name. */
#include "qemu/probe-machine.h"

#include <string.h>

#include "qemu/probe-emulator.h"
#include "util/error.h"

/* What the builtin_pci array and the tree may grow to: far beyond any board. */
#define DEPTH_MAX 8
#define PCI_CLASS_IDE 0x0101
#define PCI_CLASS_SATA 0x0106

#define MACHINE "/machine"

/* QOM type names of buses. */
#define BUS_ISA "ISA"
#define BUS_IDE "IDE"
#define BUS_FLOPPY "floppy-bus"
#define DEVICE_I8042 "i8042"

typedef struct {
        char *path; /* in the object tree */
        char *type;
        char *parent_bus; /* path, NULL: none */
        int devfn;        /* of a PCI device; -1: none */
} Node;

typedef struct {
        char *path, *name, *type;
        Node *owner; /* borrowed from the probe's table */
} Bus;

struct VbMachineProbe {
        VbEmulatorFacts *emulator;
        VbMachineFacts *facts;
        GHashTable *nodes;     /* path -> Node *, devices only */
        GPtrArray *buses;      /* Bus * */
        GHashTable *pci_buses; /* see vb_bus_types_new() */
        int classes[256];      /* PCI class of each devfn of bus 0; -1: nothing there */
        bool has_tree;
};

static void node_free(Node *node)
{
        g_free(node->path);
        g_free(node->type);
        g_free(node->parent_bus);
        g_free(node);
}

static void bus_free(Bus *bus)
{
        g_free(bus->path);
        g_free(bus->name);
        g_free(bus->type);
        g_free(bus);
}

VbMachineProbe *vb_machine_probe_new(VbEmulatorFacts *emulator, GHashTable *pci_buses, const char *machine)
{
        VbMachineProbe *probe = g_new0(VbMachineProbe, 1);

        probe->emulator = vb_emulator_facts_ref(emulator);
        probe->facts = vb_machine_facts_new();
        probe->facts->name = g_strdup(machine);
        probe->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) node_free);
        probe->buses = g_ptr_array_new_with_free_func((GDestroyNotify) bus_free);
        probe->pci_buses = g_hash_table_ref(pci_buses);
        for (gsize i = 0; i < G_N_ELEMENTS(probe->classes); i++)
                probe->classes[i] = -1;
        return probe;
}

void vb_machine_probe_free(VbMachineProbe *probe)
{
        if (!probe)
                return;
        vb_emulator_facts_unref(probe->emulator);
        vb_machine_facts_unref(probe->facts);
        g_ptr_array_unref(probe->buses);
        g_hash_table_unref(probe->nodes);
        g_hash_table_unref(probe->pci_buses);
        g_free(probe);
}

VbMachineFacts *vb_machine_probe_facts(VbMachineProbe *probe)
{
        return probe->facts;
}

static bool on_address(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        Node *node = g_hash_table_lookup(probe->nodes, subject);

        /* "addr" is -1 before a device has a place. */
        if (json_object_is_type(result, json_type_int) && json_object_get_int64(result) >= 0 &&
            json_object_get_int64(result) <= 255)
                node->devfn = json_object_get_int(result);
        return true;
}

static bool on_parent_bus(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        Node *node = g_hash_table_lookup(probe->nodes, subject);

        if (json_object_is_type(result, json_type_string)) {
                g_free(node->parent_bus);
                node->parent_bus = g_strdup(json_object_get_string(result));
        }
        return true;
}

static void ask_property(VbProbeSession *session, const char *path, const char *property,
                         VbProbeAnswer answer)
{
        json_object *arguments = json_object_new_object();

        vb_json_set_string(arguments, "path", path);
        vb_json_set_string(arguments, "property", property);
        vb_probe_session_ask(session, "qom-get", arguments, path, answer);
}

static bool on_children(VbProbeSession *session, json_object *result, const char *subject, GError **error);

static void ask_children(VbProbeSession *session, const char *path)
{
        json_object *arguments = json_object_new_object();

        vb_json_set_string(arguments, "path", path);
        vb_probe_session_ask(session, "qom-list", arguments, path, on_children);
}

static guint depth_of(const char *path)
{
        guint depth = 0;

        for (; *path; path++)
                depth += *path == '/';
        return depth;
}

static void add_child(VbProbeSession *session, VbMachineProbe *probe, Node *owner, const char *parent_path,
                      const char *name, const char *type)
{
        g_autofree char *path = g_strdup_printf("%s/%s", parent_path, name);

        if (g_str_equal(type, "container")) {
                if (depth_of(path) <= DEPTH_MAX)
                        ask_children(session, path);
        } else if (vb_emulator_facts_has_device(probe->emulator, type)) {
                Node *node = NULL;

                if (depth_of(path) > DEPTH_MAX || g_hash_table_contains(probe->nodes, path))
                        return;
                node = g_new0(Node, 1);
                node->path = g_strdup(path);
                node->type = g_strdup(type);
                node->devfn = -1;
                g_hash_table_insert(probe->nodes, node->path, node);
                ask_children(session, path);
        } else if (owner) {
                Bus *bus = g_new0(Bus, 1);

                /* Whether it is a bus is seen by its type once all types are known. */
                bus->path = g_steal_pointer(&path);
                bus->name = g_strdup(name);
                bus->type = g_strdup(type);
                bus->owner = owner;
                g_ptr_array_add(probe->buses, bus);
        }
}

static bool is_memory(const char *type)
{
        return g_str_equal(type, "memory-region") || g_str_equal(type, "irq");
}

static bool on_children(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        Node *owner = g_hash_table_lookup(probe->nodes, subject);
        bool is_device = false;

        if (!json_object_is_type(result, json_type_array))
                return true;
        probe->has_tree = true;
        for (gsize i = 0; i < json_object_array_length(result); i++) {
                json_object *entry = json_object_array_get_idx(result, i);
                const char *name = vb_json_get_name(entry, "name"), *type = vb_json_get_name(entry, "type");
                gsize length = type ? strlen(type) : 0;

                if (!name || !type)
                        continue;
                is_device = is_device || g_str_equal(name, "addr");
                if (g_str_equal(subject, MACHINE)) {
                        probe->facts->has_acpi = probe->facts->has_acpi || g_str_equal(name, "acpi");
                        probe->facts->has_vmport = probe->facts->has_vmport || g_str_equal(name, "vmport");
                }
                if (g_str_has_prefix(type, "child<") && type[length - 1] == '>') {
                        g_autofree char *inner = g_strndup(type + 6, length - 7);

                        /* Most children of most nodes, and never of interest. */
                        if (!is_memory(inner))
                                add_child(session, probe, owner, subject, name, inner);
                }
        }
        if (owner && is_device) {
                ask_property(session, subject, "addr", on_address);
                ask_property(session, subject, "parent_bus", on_parent_bus);
        }
        return true;
}

static bool on_pci(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        json_object *first = NULL, *devices = NULL;
        uint64_t slot = 0, function = 0, class_code = 0;

        if (json_object_is_type(result, json_type_array) && json_object_array_length(result) > 0)
                first = json_object_array_get_idx(result, 0);
        devices = vb_json_array(first, "devices", 256);
        for (gsize i = 0; devices && i < json_object_array_length(devices); i++) {
                json_object *device = json_object_array_get_idx(devices, i);

                if (vb_json_get_bounded(device, "slot", 31, &slot) &&
                    vb_json_get_bounded(device, "function", 7, &function) &&
                    vb_json_get_bounded(vb_json_object(device, "class_info"), "class", 0xffff, &class_code))
                        probe->classes[slot << 3 | function] = (int) class_code;
        }
        return true;
}

static void ask(VbProbeSession *session)
{
        vb_probe_session_ask(session, "query-pci", NULL, NULL, on_pci);
        ask_children(session, MACHINE);
}

/* The PCI bus behind a host bridge, which is no PCI device itself. Of several the first by path. */
static const Bus *find_root_bus(const VbMachineProbe *probe)
{
        const Bus *root = NULL;

        for (guint i = 0; i < probe->buses->len; i++) {
                const Bus *bus = g_ptr_array_index(probe->buses, i);

                if (vb_bus_types_get(probe->pci_buses, bus->type) != VB_ROOT_BUS_NONE &&
                    bus->owner->devfn < 0 && (!root || strcmp(bus->path, root->path) < 0))
                        root = bus;
        }
        return root;
}

static int compare_builtin(const void *a, const void *b)
{
        const VbBuiltinPci *x = a, *y = b;

        return x->slot != y->slot ? x->slot - y->slot : x->function - y->function;
}

static void add_builtin(VbMachineFacts *facts, int devfn, int class_code, const char *driver)
{
        VbBuiltinPci builtin = {
                .slot = (uint8_t) (devfn >> 3),
                .function = (uint8_t) (devfn & 7),
                .class_code = (uint16_t) class_code,
                .driver = g_strdup(driver),
        };

        g_array_append_val(facts->builtin_pci, builtin);
}

static void fill_builtin(VbMachineProbe *probe, const Bus *root)
{
        GHashTableIter iter;
        Node *node = NULL;

        g_hash_table_iter_init(&iter, probe->nodes);
        while (g_hash_table_iter_next(&iter, NULL, (void **) &node))
                if (node->devfn >= 0 && g_strcmp0(node->parent_bus, root->path) == 0)
                        add_builtin(probe->facts, node->devfn, MAX(probe->classes[node->devfn], 0),
                                    node->type);
        for (int devfn = 0; devfn < 256; devfn++) {
                bool known = false;

                for (guint i = 0; i < probe->facts->builtin_pci->len; i++) {
                        const VbBuiltinPci *builtin =
                                &g_array_index(probe->facts->builtin_pci, VbBuiltinPci, i);

                        known = known || (builtin->slot << 3 | builtin->function) == devfn;
                }
                if (!known && probe->classes[devfn] >= 0)
                        add_builtin(probe->facts, devfn, probe->classes[devfn], "");
        }
        g_array_sort(probe->facts->builtin_pci, compare_builtin);
}

static char *bus_prefix(const Bus *bus)
{
        const char *dot = strrchr(bus->name, '.');

        return dot ? g_strndup(bus->name, (gsize) (dot - bus->name)) : g_strdup(bus->name);
}

static void fill_from_buses(VbMachineProbe *probe)
{
        VbMachineFacts *facts = probe->facts;

        for (guint i = 0; i < probe->buses->len; i++) {
                const Bus *bus = g_ptr_array_index(probe->buses, i);
                int class_code = bus->owner->devfn >= 0 ? probe->classes[bus->owner->devfn] : -1;

                facts->has_isa = facts->has_isa || g_str_equal(bus->type, BUS_ISA);
                facts->has_floppy = facts->has_floppy || g_str_equal(bus->type, BUS_FLOPPY);
                if (!g_str_equal(bus->type, BUS_IDE))
                        continue;
                if (class_code == PCI_CLASS_SATA && !facts->sata_bus)
                        facts->sata_bus = bus_prefix(bus);
                else if ((class_code == PCI_CLASS_IDE || class_code < 0) && !facts->ide_bus)
                        facts->ide_bus = bus_prefix(bus);
        }
}

static bool conclude(VbProbeSession *session, GError **error)
{
        VbMachineProbe *probe = vb_probe_session_state(session);
        const Bus *root = find_root_bus(probe);
        GHashTableIter iter;
        Node *node = NULL;

        if (!probe->has_tree)
                return vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "%s does not show what %s is made of",
                                    probe->emulator->path, probe->facts->name);
        if (root) {
                probe->facts->root_bus = vb_bus_types_get(probe->pci_buses, root->type);
                probe->facts->root_bus_name = g_strdup(root->name);
                fill_builtin(probe, root);
        }
        fill_from_buses(probe);
        g_hash_table_iter_init(&iter, probe->nodes);
        while (g_hash_table_iter_next(&iter, NULL, (void **) &node))
                probe->facts->has_i8042 = probe->facts->has_i8042 || g_str_equal(node->type, DEVICE_I8042);
        return true;
}

const VbProbeKind vb_probe_machine = { .ask = ask, .conclude = conclude };
