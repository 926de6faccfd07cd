/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts about one emulator as JSON, out and in. Reading takes nothing for granted: whoever could write
 * the file would otherwise decide what hardware a domain gets. */
#include "qemu/facts-record.h"

#include "qemu/facts-machine.h"
#include "qemu/facts-schema.h"
#include "qemu/json.h"
#include "qemu/probe-detail.h"
#include "qemu/probe-emulator.h"

VbFactsRecord *vb_facts_record_new(const char *path, VbFactsStamp *stamp)
{
        VbFactsRecord *record = g_new0(VbFactsRecord, 1);

        record->refs = 1;
        record->path = g_strdup(path);
        record->stamp = stamp;
        record->machines =
                g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) vb_machine_facts_unref);
        return record;
}

VbFactsRecord *vb_facts_record_ref(VbFactsRecord *record)
{
        g_atomic_int_inc(&record->refs);
        return record;
}

static void forget(VbFactsRecord *record)
{
        g_clear_pointer(&record->emulator, vb_emulator_facts_unref);
        g_clear_pointer(&record->detail, vb_emulator_facts_unref);
        g_clear_pointer(&record->pci_buses, g_hash_table_unref);
        g_hash_table_remove_all(record->machines);
}

void vb_facts_record_unref(VbFactsRecord *record)
{
        if (!record || !g_atomic_int_dec_and_test(&record->refs))
                return;
        forget(record);
        g_clear_pointer(&record->variants, g_hash_table_unref);
        g_hash_table_unref(record->machines);
        vb_facts_stamp_unref(record->stamp);
        vb_identity_free(record->runner);
        g_free(record->directory);
        g_free(record->path);
        g_free(record);
}

VbFactsRecord *vb_facts_record_snapshot(const VbFactsRecord *record)
{
        VbFactsRecord *copy = vb_facts_record_new(record->path, vb_facts_stamp_ref(record->stamp));
        GHashTableIter iter;
        VbMachineFacts *machine = NULL;

        copy->directory = g_strdup(record->directory);
        copy->emulator = record->emulator ? vb_emulator_facts_ref(record->emulator) : NULL;
        copy->pci_buses = record->pci_buses ? g_hash_table_ref(record->pci_buses) : NULL;
        copy->kvm_built_in = record->kvm_built_in;
        g_hash_table_iter_init(&iter, record->machines);
        while (g_hash_table_iter_next(&iter, NULL, (void **) &machine))
                g_hash_table_insert(copy->machines, machine->name, vb_machine_facts_ref(machine));
        return copy;
}

static json_object *machine_info_to_json(const VbMachineInfo *info)
{
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "name", info->name);
        vb_json_set_string_if(object, "alias", info->alias);
        vb_json_set_string_if(object, "default-cpu-type", info->default_cpu_type);
        vb_json_set_string_if(object, "default-ram-id", info->default_ram_id);
        vb_json_set_uint(object, "cpu-max", info->cpu_max);
        vb_json_set_bool(object, "is-default", info->is_default);
        vb_json_set_bool(object, "hotpluggable-cpus", info->hotpluggable_cpus);
        vb_json_set_bool(object, "numa-memory", info->numa_memory);
        vb_json_set_bool(object, "deprecated", info->deprecated);
        return object;
}

static VbMachineInfo *machine_info_from_json(json_object *object)
{
        const char *name = vb_json_get_name(object, "name");
        VbMachineInfo *info = NULL;
        uint64_t cpu_max = 0;

        if (!name || !vb_json_get_bounded(object, "cpu-max", UINT32_MAX, &cpu_max))
                return NULL;
        info = vb_machine_info_new();
        info->name = g_strdup(name);
        info->alias = g_strdup(vb_json_get_name(object, "alias"));
        info->default_cpu_type = g_strdup(vb_json_get_name(object, "default-cpu-type"));
        info->default_ram_id = g_strdup(vb_json_get_name(object, "default-ram-id"));
        info->cpu_max = (uint32_t) cpu_max;
        info->is_default = vb_json_is_true(object, "is-default");
        info->hotpluggable_cpus = vb_json_is_true(object, "hotpluggable-cpus");
        info->numa_memory = vb_json_is_true(object, "numa-memory");
        info->deprecated = vb_json_is_true(object, "deprecated");
        return info;
}

static json_object *buses_to_json(GHashTable *types)
{
        json_object *object = json_object_new_object();
        GHashTableIter iter;
        void *type = NULL, *kind = NULL;

        g_hash_table_iter_init(&iter, types);
        while (g_hash_table_iter_next(&iter, &type, &kind))
                vb_json_set_uint(object, type, GPOINTER_TO_UINT(kind));
        return object;
}

static GHashTable *buses_from_json(json_object *object)
{
        g_autoptr(GHashTable) types = vb_bus_types_new();

        if (!object || json_object_object_length(object) > VB_BUS_TYPES_MAX)
                return NULL;
        json_object_object_foreach(object, type, value)
        {
                uint64_t kind = 0;

                if (!value || !vb_json_is_name(type) ||
                    !vb_json_get_bounded(object, type, VB_ROOT_BUS_PCIE, &kind))
                        return NULL;
                vb_bus_types_set(types, type, (VbRootBus) kind);
        }
        return g_steal_pointer(&types);
}

static json_object *words_to_json(const VbEmulatorFacts *facts)
{
        json_object *object = json_object_new_object();

        for (gsize kind = 0; kind < _VB_FACT_MAX; kind++) {
                json_object *words = json_object_new_array();
                GHashTableIter iter;
                void *word = NULL;

                g_hash_table_iter_init(&iter, facts->words[kind]);
                while (g_hash_table_iter_next(&iter, &word, NULL))
                        json_object_array_add(words, json_object_new_string(word));
                json_object_object_add(object, vb_fact_kind_to_string((VbFactKind) kind), words);
        }
        return object;
}

static bool words_from_json(VbEmulatorFacts *facts, json_object *object)
{
        for (gsize kind = 0; kind < _VB_FACT_MAX; kind++) {
                json_object *words =
                        vb_json_array(object, vb_fact_kind_to_string((VbFactKind) kind), VB_WORDS_MAX);

                if (!words)
                        return false;
                for (gsize i = 0; i < json_object_array_length(words); i++) {
                        const char *word = vb_json_string(json_object_array_get_idx(words, i));

                        if (!vb_json_is_name(word))
                                return false;
                        vb_emulator_facts_add_word(facts, (VbFactKind) kind, word);
                }
        }
        return true;
}

static json_object *detail_to_json(const VbEmulatorFacts *facts)
{
        json_object *object = json_object_new_object(), *models = json_object_new_array();

        for (guint i = 0; i < facts->cpu_models->len; i++) {
                const VbCpuModel *model = g_ptr_array_index(facts->cpu_models, i);
                json_object *entry = json_object_new_object();

                vb_json_set_string(entry, "name", model->name);
                vb_json_set_string_if(entry, "type", model->type);
                vb_json_set_string_if(entry, "alias-of", model->alias_of);
                vb_json_set_bool(entry, "usable", model->usable);
                vb_json_set_bool(entry, "static", model->is_static);
                vb_json_set_bool(entry, "migratable", model->migratable);
                vb_json_set_bool(entry, "deprecated", model->deprecated);
                json_object_array_add(models, entry);
        }
        json_object_object_add(object, "cpu-models", models);
        if (facts->schema)
                json_object_object_add(object, "schema", vb_qmp_schema_to_json(facts->schema));
        return object;
}

static bool detail_from_json(VbEmulatorFacts *facts, json_object *object)
{
        json_object *models = vb_json_array(object, "cpu-models", VB_CPU_MODELS_MAX), *schema = NULL;

        if (!models)
                return false;
        for (gsize i = 0; i < json_object_array_length(models); i++) {
                json_object *entry = json_object_array_get_idx(models, i);
                const char *name = vb_json_get_name(entry, "name");
                VbCpuModel *model = NULL;

                if (!name)
                        return false;
                model = g_new0(VbCpuModel, 1);
                model->name = g_strdup(name);
                model->type = g_strdup(vb_json_get_name(entry, "type"));
                model->alias_of = g_strdup(vb_json_get_name(entry, "alias-of"));
                model->usable = vb_json_is_true(entry, "usable");
                model->is_static = vb_json_is_true(entry, "static");
                model->migratable = vb_json_is_true(entry, "migratable");
                model->deprecated = vb_json_is_true(entry, "deprecated");
                g_ptr_array_add(facts->cpu_models, model);
        }
        if (vb_json_get_array(object, "schema", &schema)) {
                facts->schema = vb_qmp_schema_from_json(schema);
                if (!facts->schema)
                        return false;
        }
        facts->has_detail = true;
        return true;
}

static json_object *emulator_to_json(const VbFactsRecord *record)
{
        const VbEmulatorFacts *facts = record->emulator;
        json_object *object = json_object_new_object(), *machines = json_object_new_array();

        vb_json_set_string(object, "arch", facts->arch);
        vb_json_set_uint(object, "version", facts->version);
        vb_json_set_string(object, "package", facts->package);
        vb_json_set_bool(object, "kvm-built-in", record->kvm_built_in);
        for (guint i = 0; i < facts->machines->len; i++)
                json_object_array_add(machines, machine_info_to_json(g_ptr_array_index(facts->machines, i)));
        json_object_object_add(object, "machines", machines);
        json_object_object_add(object, "words", words_to_json(facts));
        json_object_object_add(object, "pci-buses", buses_to_json(record->pci_buses));
        if (facts->has_detail)
                json_object_object_add(object, "detail", detail_to_json(facts));
        return object;
}

static bool emulator_from_json(VbFactsRecord *record, json_object *object)
{
        g_autoptr(VbEmulatorFacts) facts = vb_emulator_facts_new();
        const char *arch = vb_json_get_name(object, "arch"), *package = NULL;
        json_object *machines = vb_json_array(object, "machines", VB_MACHINE_TYPES_MAX), *detail = NULL;
        uint64_t version = 0;

        if (!arch || !vb_json_get_string(object, "package", &package) || !machines ||
            !vb_json_get_bounded(object, "version", UINT32_MAX, &version) ||
            !words_from_json(facts, vb_json_object(object, "words")))
                return false;
        facts->path = g_strdup(record->path);
        facts->arch = g_strdup(arch);
        facts->package = g_strdup(package);
        facts->version = (uint32_t) version;
        for (gsize i = 0; i < json_object_array_length(machines); i++) {
                VbMachineInfo *info = machine_info_from_json(json_object_array_get_idx(machines, i));

                if (!info)
                        return false;
                g_ptr_array_add(facts->machines, info);
        }
        if (vb_json_get_object(object, "detail", &detail) && !detail_from_json(facts, detail))
                return false;
        record->pci_buses = buses_from_json(vb_json_object(object, "pci-buses"));
        if (!record->pci_buses)
                return false;
        record->emulator = g_steal_pointer(&facts);
        record->kvm_built_in = vb_json_is_true(object, "kvm-built-in");
        return true;
}

char *vb_facts_record_to_json(const VbFactsRecord *record)
{
        json_object *object = json_object_new_object(), *machines = json_object_new_object();
        GHashTableIter iter;
        void *facts = NULL;
        char *text = NULL;

        json_object_object_add(object, "key", vb_facts_stamp_to_json(record->stamp));
        json_object_object_add(object, "emulator", emulator_to_json(record));
        g_hash_table_iter_init(&iter, record->machines);
        while (g_hash_table_iter_next(&iter, NULL, &facts))
                json_object_object_add(machines, ((VbMachineFacts *) facts)->name,
                                       vb_facts_machine_to_json(facts));
        json_object_object_add(object, "machines", machines);
        text = g_strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
        json_object_put(object);
        return text;
}

static bool machines_from_json(VbFactsRecord *record, json_object *machines)
{
        if (!machines || json_object_object_length(machines) > VB_MACHINE_TYPES_MAX)
                return false;
        json_object_object_foreach(machines, name, value)
        {
                VbMachineFacts *facts = NULL;

                if (!vb_emulator_facts_find_machine(record->emulator, name))
                        return false;
                facts = vb_facts_machine_from_json(name, value);
                if (!facts)
                        return false;
                g_hash_table_insert(record->machines, facts->name, facts);
        }
        return true;
}

bool vb_facts_record_from_json(VbFactsRecord *record, const char *text, gsize length)
{
        g_autoptr(json_object) object = vb_json_parse(NULL, text, length, NULL);
        g_autoptr(json_object) key = vb_facts_stamp_to_json(record->stamp);
        bool ok = object && json_object_equal(vb_json_object(object, "key"), key) &&
                  emulator_from_json(record, vb_json_object(object, "emulator")) &&
                  machines_from_json(record, vb_json_object(object, "machines"));
        if (!ok)
                forget(record);
        return ok;
}
