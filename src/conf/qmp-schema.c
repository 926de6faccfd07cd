/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schema as three flat arrays: of some thousand small things, most are never looked at. */
#include "conf/qmp-schema.h"

#include <string.h>

/* Steps of one search. No real path takes a hundred; a schema that goes in circles shall not hold us. */
#define STEPS_MAX 20000
#define DEPTH_MAX 64

typedef struct {
        const char *name; /* in words, or NULL */
        guint first;      /* entry */
} Type;

typedef struct {
        const char *word; /* in words */
        uint32_t type;
        VbQmpRole role;
} Entry;

struct VbQmpSchema {
        gint refs;
        GStringChunk *words;
        GArray *types;     /* Type */
        GArray *entries;   /* Entry */
        GHashTable *named; /* name, in words -> type */
};

VbQmpSchema *vb_qmp_schema_new(void)
{
        VbQmpSchema *schema = g_new0(VbQmpSchema, 1);

        schema->refs = 1;
        schema->words = g_string_chunk_new(4096);
        schema->types = g_array_new(FALSE, FALSE, sizeof(Type));
        schema->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        schema->named = g_hash_table_new(g_str_hash, g_str_equal);
        return schema;
}

VbQmpSchema *vb_qmp_schema_ref(VbQmpSchema *schema)
{
        g_atomic_int_inc(&schema->refs);
        return schema;
}

void vb_qmp_schema_unref(VbQmpSchema *schema)
{
        if (!schema || !g_atomic_int_dec_and_test(&schema->refs))
                return;
        g_hash_table_unref(schema->named);
        g_array_unref(schema->entries);
        g_array_unref(schema->types);
        g_string_chunk_free(schema->words);
        g_free(schema);
}

void vb_qmp_schema_add_type(VbQmpSchema *schema, const char *name)
{
        Type type = { .name = name ? g_string_chunk_insert_const(schema->words, name) : NULL,
                      .first = schema->entries->len };

        if (type.name)
                g_hash_table_insert(schema->named, (char *) type.name, GUINT_TO_POINTER(schema->types->len));
        g_array_append_val(schema->types, type);
}

void vb_qmp_schema_add_entry(VbQmpSchema *schema, VbQmpRole role, const char *word, uint32_t type)
{
        Entry entry = { .word = g_string_chunk_insert_const(schema->words, word ? word : ""),
                        .type = type,
                        .role = role };

        g_array_append_val(schema->entries, entry);
}

guint vb_qmp_schema_n_types(const VbQmpSchema *schema)
{
        return schema->types->len;
}

const char *vb_qmp_schema_type_name(const VbQmpSchema *schema, guint type)
{
        return g_array_index(schema->types, Type, type).name;
}

guint vb_qmp_schema_n_entries(const VbQmpSchema *schema, guint type)
{
        guint end = type + 1 < schema->types->len ? g_array_index(schema->types, Type, type + 1).first
                                                  : schema->entries->len;

        return end - g_array_index(schema->types, Type, type).first;
}

static const Entry *get_entry(const VbQmpSchema *schema, guint type, guint i)
{
        return &g_array_index(schema->entries, Entry, g_array_index(schema->types, Type, type).first + i);
}

void vb_qmp_schema_get_entry(const VbQmpSchema *schema, guint type, guint i, VbQmpRole *ret_role,
                             const char **ret_word, uint32_t *ret_type)
{
        const Entry *entry = get_entry(schema, type, i);

        *ret_role = entry->role;
        *ret_word = entry->word;
        *ret_type = entry->type;
}

static const struct {
        char sign;
        VbQmpRole role;
} signs[] = {
        { '.', VB_QMP_MEMBER },
        { ':', VB_QMP_CASE },
        { '=', VB_QMP_VALUE },
        { '+', VB_QMP_FEATURE },
};

typedef struct {
        const VbQmpSchema *schema;
        guint steps, depth;
} Search;

static gsize word_length(const char *word)
{
        return strcspn(word, ".:=+>");
}

static bool find(Search *search, uint32_t type, const char *path);

/* @path begins with a sign. */
static bool find_in(Search *search, guint type, const char *path)
{
        const char *word = path + 1;
        gsize length = word_length(word);

        for (guint i = 0; i < vb_qmp_schema_n_entries(search->schema, type); i++) {
                const Entry *entry = get_entry(search->schema, type, i);
                bool here = false;

                for (gsize s = 0; s < G_N_ELEMENTS(signs); s++)
                        here = here || (signs[s].sign == *path && signs[s].role == entry->role);
                if (here && strlen(entry->word) == length && memcmp(entry->word, word, length) == 0 &&
                    find(search, entry->type, word + length))
                        return true;
                /* What a case brings are members of the object, too. */
                if (*path == '.' && entry->role == VB_QMP_CASE && find(search, entry->type, path))
                        return true;
        }
        return false;
}

static bool find_through(Search *search, guint type, const char *path)
{
        for (guint i = 0; i < vb_qmp_schema_n_entries(search->schema, type); i++) {
                const Entry *entry = get_entry(search->schema, type, i);

                if (entry->role == VB_QMP_ELEMENT && find(search, entry->type, path))
                        return true;
        }
        return false;
}

static bool find(Search *search, uint32_t type, const char *path)
{
        bool found = false;

        if (!*path)
                return true;
        if (type >= search->schema->types->len || search->depth >= DEPTH_MAX || ++search->steps > STEPS_MAX)
                return false;
        search->depth++;
        found = find_through(search, type, path) || find_in(search, type, path);
        search->depth--;
        return found;
}

bool vb_qmp_schema_has(const VbQmpSchema *schema, const char *path)
{
        gsize length = word_length(path);
        g_autofree char *name = g_strndup(path, length), *rest = NULL;
        Search search = { .schema = schema };
        void *type = NULL;
        VbQmpRole role = path[length] == '>' ? VB_QMP_RESULT : VB_QMP_ARGUMENT;

        if (!g_hash_table_lookup_extended(schema->named, name, NULL, &type))
                return false;
        if (!path[length])
                return true;
        /* The first word after '>' is a member, whose sign is left out. */
        rest = role == VB_QMP_RESULT ? g_strconcat(".", path + length + 1, NULL) : g_strdup(path + length);
        for (guint i = 0; i < vb_qmp_schema_n_entries(schema, GPOINTER_TO_UINT(type)); i++) {
                const Entry *entry = get_entry(schema, GPOINTER_TO_UINT(type), i);

                if (entry->role == role && find(&search, entry->type, rest))
                        return true;
                if (entry->role == VB_QMP_FEATURE && *rest == '+' && g_str_equal(entry->word, rest + 1))
                        return true;
        }
        return false;
}
