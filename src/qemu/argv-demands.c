/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options ask of an emulator by their very type: that it has such objects, character devices, block
 * drivers, displays, and that objects and devices have the properties that are set. One rule for all
 * builders; what only some values of an option need is a row of the table of capabilities, and devices are
 * looked for as they are built. */
#include "qemu/argv-demands.h"

#include <string.h>

#include "util/error.h"

/* Not a set of words, but a path into the schema of the monitor protocol. */
#define SCHEMA _VB_FACT_MAX

/* clang-format off */
static const struct {
        const char *option, *key; /* the member of JSON that says the type */
        const char *what;         /* in words */
        VbFactKind kind;          /* or SCHEMA */
        const char *before;       /* the type, in the word or path that is looked for */
} demands[] = {
        { "-object",   "qom-type", "object",           VB_FACT_OBJECT,  "" },
        { "-chardev",  "backend",  "character device", VB_FACT_CHARDEV, "chardev-" },
        { "-blockdev", "driver",   "block driver",     SCHEMA,          "blockdev-add.driver=" },
        { "-display",  "type",     "display",          SCHEMA,          "query-display-options>type=" },
};

/* Whose members are properties of the type, and which are not. */
static const struct {
        const char *option, *key;
        VbFactKind kind;
        const char *others[3];
} properties[] = {
        { "-object", "qom-type", VB_FACT_OBJECT_PROPERTY, { "id" } },
        { "-device", "driver",   VB_FACT_DEVICE_PROPERTY, { "id", "bus" } },
};

/* Options that are there as a whole, or not. */
static const char *const options[] = { "vnc", "spice", "fsdev" };
/* clang-format on */

/* Caller frees. NULL: it does not say. */
static char *type_of(const char *value, const char *key)
{
        g_autoptr(json_object) object = NULL;

        if (*value != '{')
                return g_strndup(value, strcspn(value, ","));
        object = vb_json_parse(NULL, value, strlen(value), NULL);
        return g_strdup(vb_json_get_name(object, key));
}

static bool refuse(const VbArgv *argv, const VbDevice *device, const char *what, const char *word,
                   GError **error)
{
        return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, device ? device->line : 0,
                               "%s needs the %s '%s', which %s does not have",
                               device ? device->alias : "the domain", what, word,
                               argv->context->emulator->path);
}

static bool check_type(const VbArgv *argv, gsize row, const char *value, const VbDevice *device,
                       GError **error)
{
        const VbEmulatorFacts *facts = argv->context->emulator;
        g_autofree char *type = type_of(value, demands[row].key), *word = NULL;
        bool has = true;

        if (!type)
                return true;
        word = g_strconcat(demands[row].before, type, NULL);
        if (demands[row].kind == SCHEMA)
                has = facts->schema && vb_qmp_schema_has(facts->schema, word);
        else
                has = vb_emulator_facts_has_word(facts, demands[row].kind, word);
        return has || refuse(argv, device, demands[row].what, type, error);
}

static bool check_option(const VbArgv *argv, const char *option, const VbDevice *device, GError **error)
{
        for (gsize i = 0; *option == '-' && i < G_N_ELEMENTS(options); i++)
                if (g_str_equal(option + 1, options[i]) &&
                    !vb_emulator_facts_has_word(argv->context->emulator, VB_FACT_OPTION, options[i]))
                        return refuse(argv, device, "option", option, error);
        return true;
}

/* Whether the properties of a type were asked for, and told. */
static bool is_known(const VbEmulatorFacts *facts, VbFactKind kind, const char *type)
{
        g_autofree char *prefix = g_strconcat(type, ".", NULL);
        GHashTableIter iter;
        gpointer word = NULL;

        g_hash_table_iter_init(&iter, facts->words[kind]);
        while (g_hash_table_iter_next(&iter, &word, NULL))
                if (g_str_has_prefix(word, prefix))
                        return true;
        return false;
}

/* Of a type whose properties are known, that it has those that are set. */
static bool check_properties(const VbArgv *argv, gsize row, const char *value, const VbDevice *device,
                             GError **error)
{
        const VbEmulatorFacts *facts = argv->context->emulator;
        VbFactKind kind = properties[row].kind;
        g_autoptr(json_object) object =
                *value == '{' ? vb_json_parse(NULL, value, strlen(value), NULL) : NULL;
        const char *type = vb_json_get_name(object, properties[row].key);

        if (!type || !is_known(facts, kind, type))
                return true;
        json_object_object_foreach(object, key, ignored)
        {
                g_autofree char *word = g_strconcat(type, ".", key, NULL);

                (void) ignored;
                if (!g_str_equal(key, properties[row].key) && !g_strv_contains(properties[row].others, key) &&
                    !vb_emulator_facts_has_word(facts, kind, word))
                        return refuse(argv, device, vb_fact_kind_to_string(kind), word, error);
        }
        return true;
}

static bool check_value(const VbArgv *argv, const char *option, const char *value, const VbDevice *device,
                        GError **error)
{
        for (gsize row = 0; row < G_N_ELEMENTS(demands); row++)
                if (g_str_equal(option, demands[row].option) && !check_type(argv, row, value, device, error))
                        return false;
        for (gsize row = 0; row < G_N_ELEMENTS(properties); row++)
                if (g_str_equal(option, properties[row].option) &&
                    !check_properties(argv, row, value, device, error))
                        return false;
        return true;
}

bool vb_argv_check_demands(const VbArgv *argv, guint first, const VbDevice *device, GError **error)
{
        if (!argv->context->emulator->has_detail)
                return true;
        for (guint i = first; i < argv->args->len; i++) {
                const char *option = argv->args->pdata[i];

                if (!check_option(argv, option, device, error))
                        return false;
                if (i + 1 < argv->args->len &&
                    !check_value(argv, option, argv->args->pdata[i + 1], device, error))
                        return false;
        }
        return true;
}
