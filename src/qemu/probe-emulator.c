/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The questions to an emulator as such that all else depends on, sent together: version, target, machine
 * types, and what types of devices, objects, character devices and accelerators there are. */
#include "qemu/probe-emulator.h"

#include "conf/arch.h"
#include "qemu/emulators.h"
#include "util/error.h"

/* Characters of the distribution's addition to the version that are kept. */
#define PACKAGE_MAX 128

#define OLDEST_VERSION 6002000

GHashTable *vb_bus_types_new(void)
{
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void vb_bus_types_set(GHashTable *types, const char *type, VbRootBus kind)
{
        g_hash_table_replace(types, g_strdup(type), GUINT_TO_POINTER(kind));
}

VbRootBus vb_bus_types_get(GHashTable *types, const char *type)
{
        return (VbRootBus) GPOINTER_TO_UINT(g_hash_table_lookup(types, type));
}

VbEmulatorProbe *vb_emulator_probe_new(const char *path)
{
        VbEmulatorProbe *probe = g_new0(VbEmulatorProbe, 1);

        probe->facts = vb_emulator_facts_new();
        probe->facts->path = g_strdup(path);
        probe->pci_buses = vb_bus_types_new();
        return probe;
}

void vb_emulator_probe_free(VbEmulatorProbe *probe)
{
        if (!probe)
                return;
        vb_emulator_facts_unref(probe->facts);
        g_hash_table_unref(probe->pci_buses);
        g_free(probe);
}

static bool on_version(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);
        json_object *qemu = vb_json_object(result, "qemu");
        const char *package = "";
        uint64_t major = 0, minor = 0, micro = 0;

        probe->has_version = vb_json_get_bounded(qemu, "major", 999, &major) &&
                             vb_json_get_bounded(qemu, "minor", 999, &minor) &&
                             vb_json_get_bounded(qemu, "micro", 999, &micro);
        probe->facts->version = (uint32_t) (major * 1000000 + minor * 1000 + micro);
        vb_json_get_string(result, "package", &package);
        g_free(probe->facts->package);
        probe->facts->package = g_utf8_substring(package, 0, MIN(g_utf8_strlen(package, -1), PACKAGE_MAX));
        return true;
}

static bool on_target(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);
        const char *target = vb_json_get_name(result, "arch");

        if (!target)
                return true;
        probe->has_target = true;
        g_free(probe->facts->arch);
        probe->facts->arch = g_strdup(vb_arch_from_target(target));
        return true;
}

/* The members are named as in QMP's MachineInfo. */
static VbMachineInfo *machine_info_from_qmp(json_object *entry)
{
        const char *name = vb_json_get_name(entry, "name");
        VbMachineInfo *info = NULL;
        uint64_t cpu_max = 0;

        if (!name || !vb_json_get_bounded(entry, "cpu-max", UINT32_MAX, &cpu_max))
                return NULL;
        info = vb_machine_info_new();
        info->name = g_strdup(name);
        info->alias = g_strdup(vb_json_get_name(entry, "alias"));
        info->default_cpu_type = g_strdup(vb_json_get_name(entry, "default-cpu-type"));
        info->default_ram_id = g_strdup(vb_json_get_name(entry, "default-ram-id"));
        info->cpu_max = (uint32_t) cpu_max;
        info->is_default = vb_json_is_true(entry, "is-default");
        info->hotpluggable_cpus = vb_json_is_true(entry, "hotpluggable-cpus");
        info->numa_memory = vb_json_is_true(entry, "numa-mem-supported");
        info->deprecated = vb_json_is_true(entry, "deprecated");
        return info;
}

static bool on_machines(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        if (!json_object_is_type(result, json_type_array) ||
            json_object_array_length(result) > VB_MACHINE_TYPES_MAX)
                return true;
        for (gsize i = 0; i < json_object_array_length(result); i++) {
                VbMachineInfo *info = machine_info_from_qmp(json_object_array_get_idx(result, i));

                if (info)
                        g_ptr_array_add(probe->facts->machines, info);
        }
        probe->has_machines = true;
        return true;
}

static bool add_types(VbEmulatorFacts *facts, VbFactKind kind, json_object *result)
{
        if (!json_object_is_type(result, json_type_array) ||
            json_object_array_length(result) > VB_DEVICE_TYPES_MAX)
                return false;
        for (gsize i = 0; i < json_object_array_length(result); i++) {
                const char *name = vb_json_get_name(json_object_array_get_idx(result, i), "name");

                if (name)
                        vb_emulator_facts_add_word(facts, kind, name);
        }
        return true;
}

static bool on_device_types(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        probe->has_devices = add_types(probe->facts, VB_FACT_DEVICE, result);
        return true;
}

static bool on_object_types(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        (void) add_types(probe->facts, VB_FACT_OBJECT, result);
        return true;
}

static bool on_chardev_types(VbProbeSession *session, json_object *result, const char *subject,
                             GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        (void) add_types(probe->facts, VB_FACT_CHARDEV, result);
        return true;
}

static bool on_accelerators(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        (void) add_types(probe->facts, VB_FACT_ACCELERATOR, result);
        return true;
}

static void collect_buses(VbProbeSession *session, json_object *result, VbRootBus kind)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        if (!json_object_is_type(result, json_type_array) ||
            json_object_array_length(result) > VB_BUS_TYPES_MAX)
                return;
        for (gsize i = 0; i < json_object_array_length(result); i++) {
                const char *name = vb_json_get_name(json_object_array_get_idx(result, i), "name");

                if (name)
                        vb_bus_types_set(probe->pci_buses, name, kind);
        }
}

static bool on_pci_buses(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        collect_buses(session, result, VB_ROOT_BUS_PCI);
        return true;
}

/* Asked second: PCI Express buses are PCI buses too. */
static bool on_pcie_buses(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        collect_buses(session, result, VB_ROOT_BUS_PCIE);
        return true;
}

static bool on_kvm(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        probe->kvm_built_in = vb_json_is_true(result, "present");
        return true;
}

/* Makes QEMU load all its modules: so only here, and not in the probe of each machine type. */
static void ask_types(VbProbeSession *session, const char *type, VbProbeAnswer answer)
{
        json_object *arguments = json_object_new_object();

        vb_json_set_string(arguments, "implements", type);
        vb_json_set_bool(arguments, "abstract", false);
        vb_probe_session_ask(session, "qom-list-types", arguments, NULL, answer);
}

static void ask(VbProbeSession *session)
{
        vb_probe_session_ask(session, "query-version", NULL, NULL, on_version);
        vb_probe_session_ask(session, "query-target", NULL, NULL, on_target);
        vb_probe_session_ask(session, "query-machines", NULL, NULL, on_machines);
        ask_types(session, "device", on_device_types);
        ask_types(session, "user-creatable", on_object_types);
        ask_types(session, "chardev", on_chardev_types);
        ask_types(session, "accel", on_accelerators);
        ask_types(session, "PCI", on_pci_buses);
        ask_types(session, "PCIE", on_pcie_buses);
        vb_probe_session_ask(session, "query-kvm", NULL, NULL, on_kvm);
}

/* Said before anything that an old one may not be able to answer. */
static bool is_new_enough(const VbEmulatorProbe *probe, GError **error)
{
        uint32_t version = probe->facts->version;

        return !probe->has_version || version >= OLDEST_VERSION ||
               vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s is QEMU %u.%u.%u; 6.2 or newer is supported",
                            probe->facts->path, version / 1000000, version / 1000 % 1000, version % 1000);
}

static bool conclude(VbProbeSession *session, GError **error)
{
        VbEmulatorProbe *probe = vb_probe_session_state(session);

        if (!is_new_enough(probe, error))
                return false;
        if (probe->has_version && probe->has_target && probe->has_machines && probe->has_devices)
                return true;
        return vb_error_set(error, VB_ERROR_EMULATOR_FAILED, "%s does not say what it is: no answer to %s",
                            probe->facts->path,
                            !probe->has_version    ? "query-version"
                            : !probe->has_target   ? "query-target"
                            : !probe->has_machines ? "query-machines"
                                                   : "qom-list-types");
}

const VbProbeKind vb_probe_emulator = { .ask = ask, .conclude = conclude };
