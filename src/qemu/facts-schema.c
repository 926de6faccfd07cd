/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's schema of its monitor protocol, read into a VbQmpSchema: as QEMU says it, and as it is kept. QEMU
 * calls types by numbers that mean nothing from one binary to the next; here they are their places in the
 * list. */
#include "qemu/facts-schema.h"

#include "qemu/json.h"

/* Twice and more of QEMU's own. */
#define TYPES_MAX 8192
#define ENTRIES_MAX (64U * 1024)

/* Where the entries of a type are in QEMU's words. */
/* clang-format off */
static const struct {
        const char *list; /* NULL: the member is no list */
        const char *word; /* NULL: the entry has none, or is a string itself */
        const char *type; /* NULL: it has none */
        VbQmpRole role;
} places[] = {
        { "members",  "name", "type",         VB_QMP_MEMBER },
        { "variants", "case", "type",         VB_QMP_CASE },
        { "values",   NULL,   NULL,           VB_QMP_VALUE },
        { "features", NULL,   NULL,           VB_QMP_FEATURE },
        { NULL,       NULL,   "element-type", VB_QMP_ELEMENT },
        { NULL,       NULL,   "arg-type",     VB_QMP_ARGUMENT },
        { NULL,       NULL,   "ret-type",     VB_QMP_RESULT },
};
/* clang-format on */

typedef struct {
        VbQmpSchema *schema;
        GHashTable *numbers; /* QEMU's word for a type, borrowed -> GUINT_TO_POINTER */
        gsize n_entries;
} Reader;

static uint32_t number_of(const Reader *reader, const char *type)
{
        void *number = NULL;

        return type && g_hash_table_lookup_extended(reader->numbers, type, NULL, &number)
                       ? GPOINTER_TO_UINT(number)
                       : VB_QMP_NO_TYPE;
}

static bool read_list(Reader *reader, json_object *type, gsize place)
{
        json_object *list = vb_json_array(type, places[place].list, TYPES_MAX);

        for (gsize i = 0; list && i < json_object_array_length(list); i++) {
                json_object *entry = json_object_array_get_idx(list, i);
                const char *word = places[place].word ? vb_json_get_name(entry, places[place].word)
                                                      : vb_json_string(entry);
                const char *of = places[place].type ? vb_json_get_name(entry, places[place].type) : NULL;
                VbQmpRole role = places[place].role;

                /* An alternate's members have no names: they are what it can be. */
                if (role == VB_QMP_MEMBER && !word)
                        role = VB_QMP_ELEMENT;
                if ((role != VB_QMP_ELEMENT && !vb_json_is_name(word)) || ++reader->n_entries > ENTRIES_MAX)
                        return false;
                vb_qmp_schema_add_entry(reader->schema, role, word, number_of(reader, of));
        }
        return true;
}

static bool read_type(Reader *reader, json_object *type)
{
        for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
                const char *of = NULL;

                if (places[i].list && !read_list(reader, type, i))
                        return false;
                of = places[i].list ? NULL : vb_json_get_name(type, places[i].type);
                if (of && ++reader->n_entries > ENTRIES_MAX)
                        return false;
                if (of)
                        vb_qmp_schema_add_entry(reader->schema, places[i].role, NULL, number_of(reader, of));
        }
        return true;
}

static bool is_callable(json_object *type)
{
        const char *meta = vb_json_get_name(type, "meta-type");

        return g_strcmp0(meta, "command") == 0 || g_strcmp0(meta, "event") == 0;
}

VbQmpSchema *vb_qmp_schema_from_qmp(json_object *result)
{
        g_autoptr(VbQmpSchema) schema = vb_qmp_schema_new();
        g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
        Reader reader = { .schema = schema, .numbers = numbers };
        gsize n = json_object_is_type(result, json_type_array) ? json_object_array_length(result) : 0;

        if (n == 0 || n > TYPES_MAX)
                return NULL;
        for (gsize i = 0; i < n; i++) {
                const char *name = vb_json_get_name(json_object_array_get_idx(result, i), "name");

                if (!name)
                        return NULL;
                g_hash_table_insert(numbers, (char *) name, GSIZE_TO_POINTER(i));
        }
        for (gsize i = 0; i < n; i++) {
                json_object *type = json_object_array_get_idx(result, i);

                vb_qmp_schema_add_type(schema, is_callable(type) ? vb_json_get_name(type, "name") : NULL);
                if (!read_type(&reader, type))
                        return NULL;
        }
        return g_steal_pointer(&schema);
}

/* A type is an array: its name or null, then of each entry the role, the word and the type's number or -1. */
json_object *vb_qmp_schema_to_json(const VbQmpSchema *schema)
{
        json_object *types = json_object_new_array();

        for (guint i = 0; i < vb_qmp_schema_n_types(schema); i++) {
                const char *name = vb_qmp_schema_type_name(schema, i);
                json_object *type = json_object_new_array();

                json_object_array_add(type, name ? json_object_new_string(name) : NULL);
                for (guint e = 0; e < vb_qmp_schema_n_entries(schema, i); e++) {
                        VbQmpRole role = VB_QMP_MEMBER;
                        const char *word = NULL;
                        uint32_t of = 0;

                        vb_qmp_schema_get_entry(schema, i, e, &role, &word, &of);
                        json_object_array_add(type, json_object_new_int((int) role));
                        json_object_array_add(type, json_object_new_string(word));
                        json_object_array_add(
                                type, json_object_new_int64(of == VB_QMP_NO_TYPE ? -1 : (int64_t) of));
                }
                json_object_array_add(types, type);
        }
        return types;
}

static bool get_integer(json_object *array, gsize i, int64_t min, int64_t max, int64_t *ret)
{
        json_object *value = json_object_array_get_idx(array, i);

        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < min ||
            json_object_get_int64(value) > max)
                return false;
        *ret = json_object_get_int64(value);
        return true;
}

static bool type_from_json(Reader *reader, json_object *type, gsize n_types)
{
        gsize n = json_object_is_type(type, json_type_array) ? json_object_array_length(type) : 0;
        json_object *first = n > 0 ? json_object_array_get_idx(type, 0) : NULL;
        const char *name = vb_json_string(first);

        if (n % 3 != 1 || (first && !vb_json_is_name(name)) || (reader->n_entries += n / 3) > ENTRIES_MAX)
                return false;
        vb_qmp_schema_add_type(reader->schema, name);
        for (gsize i = 1; i < n; i += 3) {
                const char *word = vb_json_string(json_object_array_get_idx(type, i + 1));
                int64_t role = 0, of = 0;

                if (!get_integer(type, i, 0, _VB_QMP_ROLE_MAX - 1, &role) || !word ||
                    (*word && !vb_json_is_name(word)) ||
                    !get_integer(type, i + 2, -1, (int64_t) n_types - 1, &of))
                        return false;
                vb_qmp_schema_add_entry(reader->schema, (VbQmpRole) role, word,
                                        of < 0 ? VB_QMP_NO_TYPE : (uint32_t) of);
        }
        return true;
}

VbQmpSchema *vb_qmp_schema_from_json(json_object *object)
{
        g_autoptr(VbQmpSchema) schema = vb_qmp_schema_new();
        Reader reader = { .schema = schema };
        gsize n = json_object_is_type(object, json_type_array) ? json_object_array_length(object) : 0;

        if (n == 0 || n > TYPES_MAX)
                return NULL;
        for (gsize i = 0; i < n; i++)
                if (!type_from_json(&reader, json_object_array_get_idx(object, i), n))
                        return NULL;
        return g_steal_pointer(&schema);
}
