/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs that show what there is to make domains of: emulators, machine types, and what a machine type is made
 * of. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/table.h"
#include "ctl/text.h"

#include <stdio.h>
#include <string.h>

#define SLOTS 32

static const VbCtlColumn emulator_columns[] = {
        { "ARCHITECTURE", false }, { "VERSION", false }, { "ACCELERATORS", false }, { "MACHINES", true },
        { "DEFAULT", false },      { "PATH", false },    { "PROBLEM", false },
};

static const VbCtlColumn machine_columns[] = {
        { "NAME", false },
        { "ALIAS", false },
        { "VCPUS", true },
        { "NOTES", false },
};

static char *join(json_object *object, const char *key, const char *separator)
{
        json_object *array = json_object_object_get(object, key);
        gsize n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
        GString *text = g_string_new(NULL);

        for (gsize i = 0; i < n; i++)
                g_string_append_printf(text, "%s%s", i ? separator : "",
                                       json_object_get_string(json_object_array_get_idx(array, i)));
        return g_string_free(text, FALSE);
}

static void print_table(VbCtlTable *table)
{
        g_autofree char *text = vb_ctl_table_format(table);

        fputs(text, stdout);
}

static void add_emulator(VbCtlTable *table, json_object *emulator)
{
        g_autofree char *accelerators = join(emulator, "Accelerators", ", ");
        g_autofree char *machines = g_strdup_printf("%" PRIu64, vb_ctl_json_number(emulator, "MachineTypes"));
        bool works = !*vb_ctl_json_string(emulator, "Problem");

        vb_ctl_table_add(table, (const char *const[]){ vb_ctl_json_string(emulator, "Architecture"),
                                                       vb_ctl_json_string(emulator, "Version"), accelerators,
                                                       works ? machines : "",
                                                       vb_ctl_json_string(emulator, "DefaultMachineType"),
                                                       vb_ctl_json_string(emulator, "Path"),
                                                       vb_ctl_json_string(emulator, "Problem") });
}

bool vb_ctl_emulators(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(json_object) emulators = NULL;
        g_autoptr(VbCtlTable) table = vb_ctl_table_new(emulator_columns, G_N_ELEMENTS(emulator_columns));

        if (!vb_ctl_call(ctl, VB_CTL_ACTS, VB_CTL_ROOT, VB_CTL_MANAGER, "ListEmulators", &reply, error, "") ||
            !vb_ctl_read_reply(reply, "aa{sv}", &emulators, error))
                return false;
        if (ctl->options & VB_CTL_OPTION_JSON) {
                vb_ctl_json_print(emulators, true);
                return true;
        }
        for (size_t i = 0; i < json_object_array_length(emulators); i++)
                add_emulator(table, json_object_array_get_idx(emulators, i));
        print_table(table);
        return true;
}

static char *machine_notes(json_object *machine)
{
        static const struct {
                const char *property, *note;
        } rows[] = {
                { "Default", "default" },
                { "CPUHotplug", "processors can be plugged" },
                { "Deprecated", "deprecated" },
        };
        GString *text = g_string_new(NULL);

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
                if (vb_ctl_json_bool(machine, rows[i].property))
                        g_string_append_printf(text, "%s%s", text->len ? ", " : "", rows[i].note);
        return g_string_free(text, FALSE);
}

/* The host's, unless one is named. */
static bool find_architecture(VbCtl *ctl, const char *named, char **ret, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(json_object) value = NULL;

        if (named) {
                *ret = g_strdup(named);
                return true;
        }
        if (!vb_ctl_call(ctl, VB_CTL_READS, VB_CTL_ROOT, VB_CTL_PROPERTIES, "Get", &reply, error, "ss",
                         VB_CTL_MANAGER, "HostArchitecture") ||
            !vb_ctl_read_reply(reply, "v", &value, error))
                return false;
        *ret = g_strdup(json_object_get_string(value));
        return true;
}

bool vb_ctl_machines(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(json_object) machines = NULL;
        g_autoptr(VbCtlTable) table = vb_ctl_table_new(machine_columns, G_N_ELEMENTS(machine_columns));
        g_autofree char *architecture = NULL;

        if (!find_architecture(ctl, args[0], &architecture, error) ||
            !vb_ctl_call(ctl, VB_CTL_ACTS, VB_CTL_ROOT, VB_CTL_MANAGER, "ListMachineTypes", &reply, error,
                         "s", architecture) ||
            !vb_ctl_read_reply(reply, "aa{sv}", &machines, error))
                return false;
        if (ctl->options & VB_CTL_OPTION_JSON) {
                vb_ctl_json_print(machines, true);
                return true;
        }
        for (size_t i = 0; i < json_object_array_length(machines); i++) {
                json_object *machine = json_object_array_get_idx(machines, i);
                g_autofree char *vcpus =
                        g_strdup_printf("%" PRIu64, vb_ctl_json_number(machine, "CPUsMaximum"));
                g_autofree char *notes = machine_notes(machine);

                vb_ctl_table_add(table,
                                 (const char *const[]){ vb_ctl_json_string(machine, "Name"),
                                                        vb_ctl_json_string(machine, "Alias"), vcpus, notes });
        }
        print_table(table);
        return true;
}

/* -- the board -- */

/* Prints a line of "LABEL: TEXT", if there is a text. */
static void G_GNUC_PRINTF(2, 3) print_row(const char *label, const char *format, ...)
{
        g_autofree char *text = NULL, *shown = NULL;
        va_list list;

        va_start(list, format);
        text = g_strdup_vprintf(format, list);
        va_end(list);
        shown = vb_ctl_escape(text, false);
        if (*shown)
                printf("%15s: %s\n", label, shown);
}

static void print_summary(json_object *board)
{
        const char *alias = vb_ctl_json_string(board, "Alias"), *virtio = vb_ctl_json_string(board, "Virtio");
        g_autofree char *memory = vb_ctl_size(vb_ctl_json_number(board, "MemoryDefault"));
        g_autofree char *step = vb_ctl_size(vb_ctl_json_number(board, "MemoryAlignment"));
        g_autofree char *gic = join(board, "GICVersions", ", "), *bridges = join(board, "PCIBridges", ", ");
        g_autofree char *switches = join(board, "Switches", ", "), *notes = machine_notes(board);

        print_row("Machine type", "%s%s%s%s", vb_ctl_json_string(board, "Name"), *alias ? " (" : "", alias,
                  *alias ? ")" : "");
        print_row("Notes", "%s", notes);
        print_row("Emulator", "%s, version %s, for %s", vb_ctl_json_string(board, "Emulator"),
                  vb_ctl_json_string(board, "EmulatorVersion"), vb_ctl_json_string(board, "Architecture"));
        print_row("Processors", "at most %" PRIu64 "%s", vb_ctl_json_number(board, "CPUsMaximum"),
                  vb_ctl_json_bool(board, "NUMA") ? ", in several NUMA nodes" : "");
        print_row("Memory", "%s if nothing is said, in steps of %s, %" PRIu64 " slots%s", memory, step,
                  vb_ctl_json_number(board, "MemorySlots"),
                  vb_ctl_json_bool(board, "NVDIMM") ? ", NVDIMM too" : "");
        if (g_str_equal(virtio, "mmio"))
                print_row("Virtio", "mmio, %" PRIu64 " slots", vb_ctl_json_number(board, "VirtioMMIOSlots"));
        else
                print_row("Virtio", "%s", virtio);
        if (*gic)
                print_row("GIC", "version %s; %" PRIu64 " if nothing is said", gic,
                          vb_ctl_json_number(board, "GICDefault"));
        print_row("Serial port", "%s", vb_ctl_json_string(board, "SerialDriver"));
        print_row("PCI bridges", "%s", bridges);
        print_row("Switches", "%s", switches);
}

static char *device_notes(json_object *device)
{
        const char *role = vb_ctl_json_string(device, "Role");

        return g_strdup_printf("%s%s%s", g_str_equal(role, "other") ? "" : role,
                               vb_ctl_json_bool(device, "Removable") && !g_str_equal(role, "other") ? ", "
                                                                                                    : "",
                               vb_ctl_json_bool(device, "Removable") ? "can be left out" : "");
}

static void print_line(const char *place, json_object *device, gsize times)
{
        g_autofree char *driver = vb_ctl_escape(vb_ctl_json_string(device, "Driver"), false);
        g_autofree char *notes = device_notes(device);
        g_autofree char *what = times > 1 ? g_strdup_printf("%zu %s", times, driver) : g_strdup(driver);

        if (*notes)
                printf("  %-12s %-26s %s\n", place, what, notes);
        else
                printf("  %-12s %s\n", place, what);
}

static bool has(json_object *device, const char *key)
{
        return json_object_object_get(device, key);
}

static bool slot_is_free(json_object *board, uint64_t slot)
{
        json_object *slots = json_object_object_get(board, "FreeSlots");

        for (gsize i = 0; slots && i < json_object_array_length(slots); i++)
                if (json_object_get_uint64(json_object_array_get_idx(slots, i)) == slot)
                        return true;
        return false;
}

/* Runs of slots that are free, before @slot and from *next on. */
static void print_free(json_object *board, uint64_t *next, uint64_t slot)
{
        uint64_t first = *next;

        while (first < slot && !slot_is_free(board, first))
                first++;
        if (first + 1 < slot)
                printf("  %02" PRIx64 " to %02" PRIx64 "     free\n", first, slot - 1);
        else if (first < slot)
                printf("  %02" PRIx64 "           free\n", first);
        *next = slot + 1;
}

/* The devices of the board that are on @bus, in the order in which they are told: PCI by slot. */
static void print_pci_bus(json_object *board, json_object *host, bool root)
{
        json_object *devices = json_object_object_get(board, "Devices");
        const char *bus = vb_ctl_json_string(host, "Bus"), *driver = vb_ctl_json_string(host, "Driver");
        uint64_t next = 0;

        printf("\n%s: %s, behind %s\n", bus,
               g_str_equal(vb_ctl_json_string(host, "Kind"), "pcie") ? "PCI Express" : "PCI", driver);
        for (gsize i = 0; devices && i < json_object_array_length(devices); i++) {
                json_object *device = json_object_array_get_idx(devices, i);
                uint64_t slot = vb_ctl_json_number(device, "Slot");
                g_autofree char *place = NULL;

                if (!has(device, "Slot") || !g_str_equal(vb_ctl_json_string(device, "Bus"), bus))
                        continue;
                if (root)
                        print_free(board, &next, slot);
                place = g_strdup_printf("%02" PRIx64 ".%" PRIx64, slot,
                                        vb_ctl_json_number(device, "Function"));
                print_line(place, device, 1);
        }
        if (root)
                print_free(board, &next, SLOTS);
}

static char *place_of(json_object *device)
{
        if (has(device, "Slot"))
                return g_strdup_printf("%02" PRIx64 ".%" PRIx64, vb_ctl_json_number(device, "Slot"),
                                       vb_ctl_json_number(device, "Function"));
        if (has(device, "IOBase"))
                return g_strdup_printf("0x%03" PRIx64, vb_ctl_json_number(device, "IOBase"));
        if (has(device, "MMIO"))
                return g_strdup_printf("0x%08" PRIx64, vb_ctl_json_number(device, "MMIO"));
        return g_strdup("-");
}

/* How many devices from @i on differ in nothing but their place. */
static gsize count_alike(json_object *devices, gsize i)
{
        json_object *first = json_object_array_get_idx(devices, i);
        gsize n = 1;

        for (; i + n < json_object_array_length(devices); n++) {
                json_object *other = json_object_array_get_idx(devices, i + n);

                if (has(first, "Slot") || has(first, "IOBase") ||
                    !g_str_equal(vb_ctl_json_string(first, "Driver"), vb_ctl_json_string(other, "Driver")) ||
                    vb_ctl_json_bool(first, "Removable") != vb_ctl_json_bool(other, "Removable"))
                        break;
        }
        return n;
}

/* Those of @devices that are on no PCI bus, unless @all. */
static void print_devices(json_object *board, const char *key, const char *title, bool all)
{
        json_object *devices = json_object_object_get(board, key);
        bool any = false;

        for (gsize i = 0, n = 0; devices && i < json_object_array_length(devices); i += n) {
                json_object *device = json_object_array_get_idx(devices, i);
                g_autofree char *place = place_of(device);

                n = count_alike(devices, i);
                if (!all && has(device, "Slot"))
                        continue;
                if (!any)
                        printf("\n%s\n", title);
                any = true;
                print_line(place, device, n);
        }
}

static void print_board(json_object *board)
{
        json_object *hosts = json_object_object_get(board, "PCIHosts");
        g_autofree char *problem = vb_ctl_escape(vb_ctl_json_string(board, "Problem"), true);

        print_summary(board);
        for (gsize i = 0; hosts && i < json_object_array_length(hosts); i++)
                print_pci_bus(board, json_object_array_get_idx(hosts, i), i == 0);
        if (g_str_equal(vb_ctl_json_string(board, "RootBus"), "none"))
                puts("\nThere is no PCI bus.");
        print_devices(board, "Devices", "Other devices of the board:", false);
        print_devices(board, "DefaultDevices",
                      "Added by the emulator where nobody says what there is to be:", true);
        if (*problem)
                printf("\nNot all could be found out: %s\n", problem);
}

bool vb_ctl_machine(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(json_object) board = NULL;

        if (!vb_ctl_call(ctl, VB_CTL_ACTS, VB_CTL_ROOT, VB_CTL_MANAGER, "DescribeMachineType", &reply, error,
                         "ss", args[0], args[1]) ||
            !vb_ctl_read_reply(reply, "a{sv}", &board, error))
                return false;
        if (ctl->options & VB_CTL_OPTION_JSON)
                vb_ctl_json_print(board, true);
        else
                print_board(board);
        return true;
}
