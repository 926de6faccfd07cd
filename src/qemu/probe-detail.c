/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The questions whose answers are long or that few need at once: properties of the types that the table of
 * capabilities names, command line options, migration, TPM, GIC, processor models and the schema. All are
 * sent together. What an emulator refuses to answer is absent: a command that it does not know, a type that
 * it does not have. */
#include "qemu/probe-detail.h"

#include "conf/capabilities.h"
#include "qemu/facts-schema.h"

static void add_word(VbEmulatorFacts *facts, VbFactKind kind, const char *word)
{
        if (vb_json_is_name(word) && g_hash_table_size(facts->words[kind]) < VB_WORDS_MAX)
                vb_emulator_facts_add_word(facts, kind, word);
}

static gsize list_length(json_object *list)
{
        return json_object_is_type(list, json_type_array) ? MIN(json_object_array_length(list), VB_WORDS_MAX)
                                                          : 0;
}

/* A member @key of each element of @list, or the element itself where @key is NULL; after @prefix and a dot
 * if there is one. */
static void add_words(VbEmulatorFacts *facts, VbFactKind kind, json_object *list, const char *prefix,
                      const char *key)
{
        for (gsize i = 0; i < list_length(list); i++) {
                json_object *entry = json_object_array_get_idx(list, i);
                const char *word = key ? vb_json_get_name(entry, key) : vb_json_string(entry);
                g_autofree char *full =
                        word && prefix ? g_strconcat(prefix, ".", word, NULL) : g_strdup(word);

                add_word(facts, kind, full);
        }
}

static bool on_device_properties(VbProbeSession *session, json_object *result, const char *subject,
                                 GError **error)
{
        add_words(vb_probe_session_state(session), VB_FACT_DEVICE_PROPERTY, result, subject, "name");
        return true;
}

static bool on_object_properties(VbProbeSession *session, json_object *result, const char *subject,
                                 GError **error)
{
        add_words(vb_probe_session_state(session), VB_FACT_OBJECT_PROPERTY, result, subject, "name");
        return true;
}

static bool on_options(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorFacts *facts = vb_probe_session_state(session);

        add_words(facts, VB_FACT_OPTION, result, NULL, "option");
        for (gsize i = 0; i < list_length(result); i++) {
                json_object *entry = json_object_array_get_idx(result, i);
                const char *option = vb_json_get_name(entry, "option");

                if (option)
                        add_words(facts, VB_FACT_OPTION, vb_json_array(entry, "parameters", VB_WORDS_MAX),
                                  option, "name");
        }
        return true;
}

static bool on_migration_capabilities(VbProbeSession *session, json_object *result, const char *subject,
                                      GError **error)
{
        add_words(vb_probe_session_state(session), VB_FACT_MIGRATION_CAPABILITY, result, NULL, "capability");
        return true;
}

static bool on_migration_parameters(VbProbeSession *session, json_object *result, const char *subject,
                                    GError **error)
{
        if (!json_object_is_type(result, json_type_object))
                return true;
        json_object_object_foreach(result, name, value)
        {
                (void) value;
                add_word(vb_probe_session_state(session), VB_FACT_MIGRATION_PARAMETER, name);
        }
        return true;
}

static bool on_tpm_models(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        add_words(vb_probe_session_state(session), VB_FACT_TPM_MODEL, result, NULL, NULL);
        return true;
}

static bool on_tpm_backends(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        add_words(vb_probe_session_state(session), VB_FACT_TPM_BACKEND, result, NULL, NULL);
        return true;
}

static bool on_gic(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorFacts *facts = vb_probe_session_state(session);

        for (gsize i = 0; i < list_length(result); i++) {
                json_object *entry = json_object_array_get_idx(result, i);
                char word[4];
                uint64_t version = 0;

                if (!vb_json_get_bounded(entry, "version", 99, &version))
                        continue;
                (void) g_snprintf(word, sizeof(word), "%u", (unsigned) version);
                if (vb_json_is_true(entry, "emulated"))
                        add_word(facts, VB_FACT_GIC_EMULATED, word);
                if (vb_json_is_true(entry, "kernel"))
                        add_word(facts, VB_FACT_GIC_KVM, word);
        }
        return true;
}

static bool on_cpu_features(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorFacts *facts = vb_probe_session_state(session);

        for (gsize i = 0; i < list_length(result); i++) {
                json_object *entry = json_object_array_get_idx(result, i);
                const char *type = vb_json_get_name(entry, "type");

                if (g_strcmp0(type, "bool") == 0)
                        add_word(facts, VB_FACT_CPU_FEATURE, vb_json_get_name(entry, "name"));
        }
        return true;
}

/* Asked of the one model that has them all. */
static void ask_cpu_features(VbProbeSession *session)
{
        const VbCpuModel *model = vb_emulator_facts_find_cpu_model(vb_probe_session_state(session), "max");
        json_object *arguments = NULL;

        if (!model || !model->type)
                return;
        arguments = json_object_new_object();
        vb_json_set_string(arguments, "typename", model->type);
        vb_probe_session_ask(session, "device-list-properties", arguments, NULL, on_cpu_features);
}

static bool on_cpu_models(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorFacts *facts = vb_probe_session_state(session);

        for (gsize i = 0; i < MIN(list_length(result), VB_CPU_MODELS_MAX); i++) {
                json_object *entry = json_object_array_get_idx(result, i);
                json_object *missing = vb_json_array(entry, "unavailable-features", VB_WORDS_MAX);
                const char *name = vb_json_get_name(entry, "name");
                VbCpuModel *model = NULL;

                if (!name)
                        continue;
                model = g_new0(VbCpuModel, 1);
                model->name = g_strdup(name);
                model->type = g_strdup(vb_json_get_name(entry, "typename"));
                model->alias_of = g_strdup(vb_json_get_name(entry, "alias-of"));
                model->usable = !missing || json_object_array_length(missing) == 0;
                model->is_static = vb_json_is_true(entry, "static");
                model->migratable = vb_json_is_true(entry, "migration-safe");
                model->deprecated = vb_json_is_true(entry, "deprecated");
                g_ptr_array_add(facts->cpu_models, model);
        }
        ask_cpu_features(session);
        return true;
}

static bool on_schema(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        VbEmulatorFacts *facts = vb_probe_session_state(session);

        vb_qmp_schema_unref(facts->schema);
        facts->schema = result ? vb_qmp_schema_from_qmp(result) : NULL;
        return true;
}

/* clang-format off */
static const struct {
        const char *command;
        VbProbeAnswer answer;
} questions[] = {
        { "query-qmp-schema", on_schema },
        { "query-cpu-definitions", on_cpu_models },
        { "query-command-line-options", on_options },
        { "query-migrate-capabilities", on_migration_capabilities },
        { "query-migrate-parameters", on_migration_parameters },
        { "query-tpm-models", on_tpm_models },
        { "query-tpm-types", on_tpm_backends },
        { "query-gic-capabilities", on_gic },
};

static const struct {
        VbFactKind kind;
        const char *command;
        VbProbeAnswer answer;
} type_questions[] = {
        { VB_FACT_DEVICE_PROPERTY, "device-list-properties", on_device_properties },
        { VB_FACT_OBJECT_PROPERTY, "qom-list-properties", on_object_properties },
};
/* clang-format on */

static bool on_modules(VbProbeSession *session, json_object *result, const char *subject, GError **error)
{
        return true;
}

/* Options of a module are told when it is loaded: to ask for types loads all. */
static void load_modules(VbProbeSession *session)
{
        json_object *arguments = json_object_new_object();

        vb_json_set_string(arguments, "implements", "accel");
        vb_probe_session_ask(session, "qom-list-types", arguments, NULL, on_modules);
}

static void ask(VbProbeSession *session)
{
        load_modules(session);
        for (gsize i = 0; i < G_N_ELEMENTS(type_questions); i++) {
                g_autoptr(GPtrArray) types = vb_capability_types(type_questions[i].kind);

                for (guint t = 0; t < types->len; t++) {
                        json_object *arguments = json_object_new_object();

                        vb_json_set_string(arguments, "typename", types->pdata[t]);
                        vb_probe_session_ask(session, type_questions[i].command, arguments, types->pdata[t],
                                             type_questions[i].answer);
                }
        }
        for (gsize i = 0; i < G_N_ELEMENTS(questions); i++)
                vb_probe_session_ask(session, questions[i].command, NULL, NULL, questions[i].answer);
}

static bool conclude(VbProbeSession *session, GError **error)
{
        VbEmulatorFacts *facts = vb_probe_session_state(session);

        facts->has_detail = true;
        return true;
}

const VbProbeKind vb_probe_detail = { .ask = ask, .conclude = conclude };
