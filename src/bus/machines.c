/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.virtbus1.Manager that show what emulators and machine types are: between messages and
 * the facts. */
#include "bus/machines.h"

#include "bus/bus-private.h"
#include "conf/bridge-kinds.h"
#include "conf/capabilities.h"
#include "qemu/emulators.h"
#include "qemu/json.h"
#include "util/error.h"

/* Appends an entry of a{sv}; what is not told is left out. */
static int add_string(sd_bus_message *reply, const char *key, const char *value)
{
        return value ? sd_bus_message_append(reply, "{sv}", key, "s", value) : 0;
}

static int add_bool(sd_bus_message *reply, const char *key, bool value)
{
        return sd_bus_message_append(reply, "{sv}", key, "b", (int) value);
}

static int add_number(sd_bus_message *reply, const char *key, uint32_t value)
{
        return sd_bus_message_append(reply, "{sv}", key, "u", value);
}

static int add_size(sd_bus_message *reply, const char *key, uint64_t value)
{
        return sd_bus_message_append(reply, "{sv}", key, "t", value);
}

static int add_strings(sd_bus_message *reply, const char *key, GPtrArray *values)
{
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        r = r < 0 ? r : sd_bus_message_append(reply, "s", key);
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'v', "as");
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && i < values->len; i++)
                r = sd_bus_message_append(reply, "s", (const char *) values->pdata[i]);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

typedef int (*AppendEntry)(sd_bus_message *reply, const void *data, guint i);

/* A list of a{sv} as an entry of a{sv}, or by itself where @key is NULL. */
static int add_dicts(sd_bus_message *reply, const char *key, const void *data, guint n, AppendEntry append)
{
        int r = 0;

        if (key) {
                r = sd_bus_message_open_container(reply, 'e', "sv");
                r = r < 0 ? r : sd_bus_message_append(reply, "s", key);
                r = r < 0 ? r : sd_bus_message_open_container(reply, 'v', "aa{sv}");
        }
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (guint i = 0; r >= 0 && i < n; i++) {
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
                r = r < 0 ? r : append(reply, data, i);
                r = r < 0 ? r : sd_bus_message_close_container(reply);
        }
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        if (key) {
                r = r < 0 ? r : sd_bus_message_close_container(reply);
                r = r < 0 ? r : sd_bus_message_close_container(reply);
        }
        return r;
}

/* Replies with what @append has made. */
static void reply_with(VbCall *call, int (*append)(sd_bus_message *reply, const void *data), const void *data)
{
        g_autoptr(VbBusMessage) reply = NULL;
        g_autoptr(GError) error = NULL;
        int r = sd_bus_message_new_method_return(call->message, &reply);

        r = r < 0 ? r : append(reply, data);
        if (r >= 0) {
                vb_call_reply_message(call, reply);
                return;
        }
        vb_error_set(&error, VB_ERROR_LIMITS_EXCEEDED, "the answer cannot be made: %s", g_strerror(-r));
        vb_call_reply_error(call, error);
}

static char *version_text(const VbEmulatorFacts *facts)
{
        return g_strdup_printf("%u.%u.%u", facts->version / 1000000, facts->version / 1000 % 1000,
                               facts->version % 1000);
}

/* -- emulators -- */

typedef struct {
        char *path, *arch;
        VbEmulatorFacts *facts; /* NULL: see problem */
        char *problem;
} Emulator;

static void emulator_free(Emulator *emulator)
{
        g_free(emulator->path);
        g_free(emulator->arch);
        vb_emulator_facts_unref(emulator->facts);
        g_free(emulator->problem);
        g_free(emulator);
}

/* One call of ListEmulators. */
typedef struct {
        VbCall *call;
        GPtrArray *emulators; /* Emulator * */
        guint open;           /* that are not known yet */
} Listing;

typedef struct {
        Listing *listing;
        Emulator *emulator; /* borrowed from it */
} Question;

static GPtrArray *capability_names(const VbEmulatorFacts *facts)
{
        GPtrArray *names = g_ptr_array_new();

        for (int i = 0; i < _VB_CAP_MAX; i++)
                if (vb_emulator_facts_has(facts, (VbCapability) i))
                        g_ptr_array_add(names, (char *) vb_capability_name((VbCapability) i));
        return names;
}

static GPtrArray *accelerators(const VbEmulatorFacts *facts)
{
        GPtrArray *names = g_ptr_array_new();

        if (facts->kvm_present)
                g_ptr_array_add(names, (char *) "kvm");
        if (vb_emulator_facts_has_word(facts, VB_FACT_ACCELERATOR, "tcg-accel"))
                g_ptr_array_add(names, (char *) "tcg");
        return names;
}

static int append_facts(sd_bus_message *reply, const VbEmulatorFacts *facts)
{
        const VbMachineInfo *standard = vb_emulator_facts_find_machine(facts, NULL);
        g_autoptr(GPtrArray) names = capability_names(facts), accelerated = accelerators(facts);
        g_autofree char *version = version_text(facts);
        int r = add_string(reply, "Version", version);

        r = r < 0 ? r : add_string(reply, "Package", facts->package);
        r = r < 0 ? r : add_strings(reply, "Accelerators", accelerated);
        r = r < 0 ? r : add_string(reply, "KVMProblem", facts->kvm_problem);
        r = r < 0 ? r : add_number(reply, "MachineTypes", facts->machines->len);
        r = r < 0 ? r : add_string(reply, "DefaultMachineType", standard ? standard->name : NULL);
        r = r < 0 ? r : add_number(reply, "DeviceTypes", g_hash_table_size(facts->words[VB_FACT_DEVICE]));
        r = r < 0 ? r : add_number(reply, "CPUModels", facts->cpu_models ? facts->cpu_models->len : 0);
        return r < 0 ? r : add_strings(reply, "Capabilities", names);
}

static int append_emulator(sd_bus_message *reply, const void *data, guint i)
{
        const Emulator *emulator = ((const Listing *) data)->emulators->pdata[i];
        int r = add_string(reply, "Path", emulator->path);

        r = r < 0 ? r : add_string(reply, "Architecture", emulator->arch);
        r = r < 0 ? r : add_string(reply, "Problem", emulator->problem);
        return r < 0 || !emulator->facts ? r : append_facts(reply, emulator->facts);
}

static int append_emulators(sd_bus_message *reply, const void *data)
{
        return add_dicts(reply, NULL, data, ((const Listing *) data)->emulators->len, append_emulator);
}

static void listing_close_one(Listing *listing)
{
        if (--listing->open > 0)
                return;
        reply_with(listing->call, append_emulators, listing);
        g_ptr_array_unref(listing->emulators);
        g_free(listing);
}

static void on_emulator(VbEmulatorFacts *facts, VbMachineFacts *machine, const GError *error, void *userdata)
{
        g_autofree Question *question = userdata;
        Emulator *emulator = question->emulator;

        if (error)
                emulator->problem = g_strdup(error->message);
        else
                emulator->facts = vb_emulator_facts_ref(facts);
        listing_close_one(question->listing);
}

bool vb_method_list_emulators(VbCall *call, GError **error)
{
        g_autoptr(GPtrArray) paths = vb_emulator_list();
        Listing *listing = g_new0(Listing, 1);

        listing->call = call;
        listing->emulators = g_ptr_array_new_with_free_func((GDestroyNotify) emulator_free);
        listing->open = 1;
        for (guint i = 0; i < paths->len; i++) {
                Emulator *emulator = g_new0(Emulator, 1);
                Question *question = g_new0(Question, 1);

                emulator->path = g_strdup(paths->pdata[i]);
                emulator->arch = g_strdup(vb_arch_of_emulator(emulator->path));
                g_ptr_array_add(listing->emulators, emulator);
                *question = (Question){ listing, emulator };
                listing->open++;
                vb_prober_ask(call->bus->service->prober,
                              &(VbProbeQuestion){ .arch = emulator->arch,
                                                  .path = emulator->path,
                                                  .found = true,
                                                  .owner = call->uid,
                                                  .scope = VB_PROBE_SCOPE_EMULATOR_ALL },
                              on_emulator, question);
        }
        listing_close_one(listing);
        return true;
}

/* -- machine types -- */

static bool check_word(const char *what, const char *word, GError **error)
{
        return vb_json_is_name(word) ||
               vb_error_set(error, VB_ERROR_INVALID_ARGS,
                            "this is no name of %s: 1 to 255 visible ASCII characters are", what);
}

static bool read_words(VbCall *call, const char **arch, const char **machine, GError **error)
{
        int r = machine ? sd_bus_message_read(call->message, "ss", arch, machine)
                        : sd_bus_message_read(call->message, "s", arch);

        if (r < 0)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "the arguments cannot be read: %s",
                                    g_strerror(-r));
        return check_word("an architecture", *arch, error) &&
               (!machine || check_word("a machine type", *machine, error));
}

static int append_info(sd_bus_message *reply, const VbMachineInfo *info)
{
        int r = add_string(reply, "Name", info->name);

        r = r < 0 ? r : add_string(reply, "Alias", info->alias);
        r = r < 0 ? r : add_bool(reply, "Default", info->is_default);
        r = r < 0 ? r : add_bool(reply, "Deprecated", info->deprecated);
        r = r < 0 ? r : add_number(reply, "CPUsMaximum", info->cpu_max);
        r = r < 0 ? r : add_bool(reply, "CPUHotplug", info->hotpluggable_cpus);
        r = r < 0 ? r : add_string(reply, "DefaultCPU", info->default_cpu_type);
        return r < 0 ? r : add_string(reply, "MemoryBackend", info->default_ram_id);
}

static int append_machine(sd_bus_message *reply, const void *data, guint i)
{
        return append_info(reply, ((const VbEmulatorFacts *) data)->machines->pdata[i]);
}

static int append_machines(sd_bus_message *reply, const void *data)
{
        return add_dicts(reply, NULL, data, ((const VbEmulatorFacts *) data)->machines->len, append_machine);
}

static void on_machines(VbEmulatorFacts *facts, VbMachineFacts *machine, const GError *error, void *userdata)
{
        if (error)
                vb_call_reply_error(userdata, error);
        else
                reply_with(userdata, append_machines, facts);
}

bool vb_method_list_machine_types(VbCall *call, GError **error)
{
        const char *arch;

        if (!read_words(call, &arch, NULL, error))
                return false;
        vb_prober_ask(
                call->bus->service->prober,
                &(VbProbeQuestion){ .arch = arch, .owner = call->uid, .scope = VB_PROBE_SCOPE_EMULATOR },
                on_machines, call);
        return true;
}

/* -- one machine type -- */

typedef struct {
        const VbEmulatorFacts *emulator;
        const VbMachineFacts *machine;
} Description;

static const char *const root_names[] = {
        [VB_ROOT_BUS_NONE] = "none",
        [VB_ROOT_BUS_PCI] = "pci",
        [VB_ROOT_BUS_PCIE] = "pcie",
};

static const char *const virtio_names[] = {
        [VB_VIRTIO_NONE] = "none",
        [VB_VIRTIO_PCI] = "pci",
        [VB_VIRTIO_MMIO] = "mmio",
        [VB_VIRTIO_CCW] = "ccw",
};

static int append_device(sd_bus_message *reply, const void *data, guint i)
{
        const VbBoardDevice *device = &g_array_index((GArray *) data, VbBoardDevice, i);
        int r = add_string(reply, "Driver", device->driver);

        r = r < 0 ? r : add_string(reply, "Role", vb_role_to_string(device->role));
        r = r < 0 ? r : add_string(reply, "Bus", device->bus);
        r = r < 0 ? r : add_string(reply, "BusType", device->bus_type);
        if (r >= 0 && device->slot >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}", "Slot", "y", (uint8_t) device->slot, "Function",
                                          "y", (uint8_t) device->function);
        if (r >= 0 && device->class_code >= 0)
                r = sd_bus_message_append(reply, "{sv}", "Class", "q", (uint16_t) device->class_code);
        if (r >= 0 && device->iobase >= 0)
                r = add_number(reply, "IOBase", (uint32_t) device->iobase);
        if (r >= 0 && device->irq >= 0)
                r = add_number(reply, "IRQ", (uint32_t) device->irq);
        if (r >= 0 && device->mmio != UINT64_MAX)
                r = add_size(reply, "MMIO", device->mmio);
        if (r >= 0 && device->removable != VB_TRISTATE_UNSET)
                r = add_bool(reply, "Removable", device->removable == VB_TRISTATE_ON);
        return r;
}

static int append_host(sd_bus_message *reply, const void *data, guint i)
{
        const VbPciHost *host = &g_array_index((GArray *) data, VbPciHost, i);
        int r = add_string(reply, "Driver", host->driver);

        r = r < 0 ? r : add_string(reply, "Bus", host->bus);
        r = r < 0 ? r : add_string(reply, "Kind", root_names[host->kind]);
        return r < 0 || host->index < 0 ? r : add_number(reply, "Index", (uint32_t) host->index);
}

static GPtrArray *sorted_props(const VbMachineFacts *machine)
{
        g_autoptr(GList) list = g_list_sort(g_hash_table_get_keys(machine->props), (GCompareFunc) g_strcmp0);
        GPtrArray *names = g_ptr_array_new();

        for (GList *l = list; l; l = l->next)
                g_ptr_array_add(names, l->data);
        return names;
}

static GPtrArray *from_strv(char **strv)
{
        GPtrArray *names = g_ptr_array_new();

        for (; *strv; strv++)
                g_ptr_array_add(names, *strv);
        return names;
}

static int append_free_slots(sd_bus_message *reply, const VbMachineFacts *machine)
{
        uint8_t slots[32];
        gsize n = 0;
        int r;

        for (uint8_t slot = 0; machine->root_bus != VB_ROOT_BUS_NONE && slot < 32; slot++) {
                bool used = false;

                for (guint i = 0; i < machine->builtin_pci->len; i++)
                        used = used || g_array_index(machine->builtin_pci, VbBuiltinPci, i).slot == slot;
                if (!used)
                        slots[n++] = slot;
        }
        r = sd_bus_message_open_container(reply, 'e', "sv");
        r = r < 0 ? r : sd_bus_message_append(reply, "s", "FreeSlots");
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'v', "ay");
        r = r < 0 ? r : sd_bus_message_append_array(reply, 'y', slots, n);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_gic(sd_bus_message *reply, const VbMachineFacts *machine)
{
        int r = 0;

        if (machine->gic_versions == 0)
                return 0;
        r = sd_bus_message_open_container(reply, 'e', "sv");
        r = r < 0 ? r : sd_bus_message_append(reply, "s", "GICVersions");
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'v', "au");
        r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "u");
        for (uint32_t version = 0; r >= 0 && version < 32; version++)
                if (machine->gic_versions & 1U << version)
                        r = sd_bus_message_append(reply, "u", version);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
        return r < 0 || machine->gic_default == 0 ? r : add_number(reply, "GICDefault", machine->gic_default);
}

static int append_buses(sd_bus_message *reply, const Description *description)
{
        const VbMachineFacts *machine = description->machine;
        g_autoptr(GPtrArray) bridges = vb_bridge_kinds(description->emulator, machine);
        int r = add_string(reply, "RootBus", root_names[machine->root_bus]);

        r = r < 0 ? r : add_string(reply, "RootBusName", machine->root_bus_name);
        r = r < 0 ? r
                  : add_dicts(reply, "PCIHosts", machine->pci_hosts, machine->pci_hosts->len, append_host);
        r = r < 0 ? r : append_free_slots(reply, machine);
        r = r < 0 ? r : add_strings(reply, "PCIBridges", bridges);
        r = r < 0 ? r : add_string(reply, "SATABus", machine->sata_bus);
        r = r < 0 ? r : add_string(reply, "IDEBus", machine->ide_bus);
        r = r < 0 ? r : add_string(reply, "SCSIBus", machine->scsi_bus);
        r = r < 0 ? r : add_string(reply, "USBBus", machine->usb_bus);
        r = r < 0 ? r : add_string(reply, "SDBus", machine->sd_bus);
        r = r < 0 ? r : add_bool(reply, "ISA", machine->has_isa);
        r = r < 0 ? r : add_bool(reply, "Floppy", machine->has_floppy);
        r = r < 0 ? r : add_bool(reply, "PS2", machine->has_i8042);
        r = r < 0 ? r : add_bool(reply, "SpaprVIO", machine->has_spapr_vio);
        r = r < 0 ? r : add_string(reply, "Virtio", virtio_names[machine->virtio]);
        return r < 0 ? r : add_number(reply, "VirtioMMIOSlots", machine->virtio_mmio_slots);
}

static int append_description(sd_bus_message *reply, const void *data)
{
        const Description *description = data;
        const VbMachineFacts *machine = description->machine;
        g_autoptr(GPtrArray) props = sorted_props(machine), switches = from_strv(machine->switches);
        g_autofree char *version = version_text(description->emulator);
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        r = r < 0 ? r
                  : append_info(reply, vb_emulator_facts_find_machine(description->emulator, machine->name));
        r = r < 0 ? r : add_string(reply, "Architecture", description->emulator->arch);
        r = r < 0 ? r : add_string(reply, "Emulator", description->emulator->path);
        r = r < 0 ? r : add_string(reply, "EmulatorVersion", version);
        r = r < 0 ? r : append_buses(reply, description);
        r = r < 0 ? r : add_bool(reply, "NUMA", machine->has_numa);
        r = r < 0 ? r : add_size(reply, "MemoryDefault", machine->ram_default);
        r = r < 0 ? r : add_size(reply, "MemoryAlignment", machine->memory_alignment);
        r = r < 0 ? r : add_number(reply, "MemorySlots", machine->memory_slots);
        r = r < 0 ? r : add_bool(reply, "NVDIMM", vb_machine_facts_has_prop(machine, "nvdimm"));
        r = r < 0 ? r : add_string(reply, "SerialDriver", machine->serial_driver);
        r = r < 0 ? r : append_gic(reply, machine);
        r = r < 0 ? r : add_strings(reply, "Properties", props);
        r = r < 0 ? r : add_strings(reply, "Switches", switches);
        r = r < 0 ? r : add_dicts(reply, "Devices", machine->devices, machine->devices->len, append_device);
        r = r < 0 ? r
                  : add_dicts(reply, "DefaultDevices", machine->defaults, machine->defaults->len,
                              append_device);
        r = r < 0 ? r : add_string(reply, "Problem", machine->problem);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void on_described(VbEmulatorFacts *emulator, VbMachineFacts *machine, const GError *error,
                         void *userdata)
{
        if (error)
                vb_call_reply_error(userdata, error);
        else
                reply_with(userdata, append_description, &(Description){ emulator, machine });
}

bool vb_method_describe_machine_type(VbCall *call, GError **error)
{
        const char *arch, *machine;

        if (!read_words(call, &arch, &machine, error))
                return false;
        vb_prober_ask(call->bus->service->prober,
                      &(VbProbeQuestion){ .arch = arch,
                                          .machine = machine,
                                          .owner = call->uid,
                                          .scope = VB_PROBE_SCOPE_DESCRIPTION },
                      on_described, call);
        return true;
}
