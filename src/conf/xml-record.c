/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads, writes, copies and frees structs by their tables of fields. */
#include "conf/xml-record.h"

#include <errno.h>
#include <string.h>

#include "conf/cpuset.h"
#include "conf/domain-values.h"
#include "util/error.h"

/* One value, wherever it stands: @node is named in errors, @what says where in it. */
typedef struct {
        VbXmlNode *node;
        const char *text, *what;
} Value;

static void *at(const void *data, const VbXmlField *field)
{
        return (char *) (uintptr_t) data + field->offset;
}

static guint count_words(const char *const *words)
{
        guint n = 1;

        while (words[n])
                n++;
        return n;
}

static bool refuse(const Value *value, GError **error, const char *accepted)
{
        return vb_xml_error(value->node, VB_ERROR_INVALID_XML, error, "%s'%s' is not %s", value->what,
                            value->text, accepted);
}

static bool is_among(const char *list, const char *word)
{
        g_auto(GStrv) words = g_strsplit(list, " ", -1);

        return g_strv_contains((const char *const *) words, word);
}

static bool read_word(const VbXmlField *field, const Value *value, int *ret, GError **error)
{
        g_autofree char *accepted = NULL;

        for (guint i = 1; i < count_words(field->words); i++)
                if (g_str_equal(field->words[i], value->text)) {
                        *ret = (int) i;
                        return true;
                }
        accepted = g_strjoinv(", ", (char **) (uintptr_t) (field->words + 1));
        if (field->foreign && is_among(field->foreign, value->text))
                return vb_xml_error(value->node, VB_ERROR_UNSUPPORTED, error,
                                    "%s'%s' is not supported; accepted: %s", value->what, value->text,
                                    accepted);
        return vb_xml_error(value->node, VB_ERROR_INVALID_XML, error, "%s'%s' is not known; accepted: %s",
                            value->what, value->text, accepted);
}

static bool read_switch(const VbXmlField *field, const Value *value, VbTristate *ret, GError **error)
{
        if (field->type == VB_XML_SWITCH)
                return vb_tristate_from_switch(value->text, ret) ||
                       refuse(value, error, "known; accepted: on, off");
        return vb_tristate_from_yes_no(value->text, ret) || refuse(value, error, "known; accepted: yes, no");
}

static bool read_number(const VbXmlField *field, const Value *value, VbNumber *ret, GError **error)
{
        const char *text = value->text;
        bool negative = field->type == VB_XML_INTEGER && *text == '-', any = !field->min && !field->max;
        g_autofree char *range = NULL;
        uint64_t number = 0;
        int64_t integer;
        bool ok = vb_xml_read_number(negative ? text + 1 : text, &number);

        if (field->type == VB_XML_INTEGER) {
                ok = ok && number <= INT64_MAX;
                integer = negative ? -(int64_t) number : (int64_t) number;
                ok = ok && (any || (integer >= field->min && integer <= field->max));
                number = (uint64_t) integer;
        } else {
                ok = ok && (any || (number >= (uint64_t) field->min && number <= (uint64_t) field->max));
        }
        if (ok) {
                *ret = (VbNumber){ .value = number, .given = true };
                return true;
        }
        range = any ? g_strdup("a number")
                    : g_strdup_printf("a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, field->min,
                                      field->max);
        return refuse(value, error, range);
}

static bool read_value(const VbXmlField *field, const Value *value, void *ret, GError **error)
{
        switch (field->type) {
        case VB_XML_WORD:
                return read_word(field, value, ret, error);
        case VB_XML_SWITCH:
        case VB_XML_YES_NO:
                return read_switch(field, value, ret, error);
        case VB_XML_NUMBER:
        case VB_XML_INTEGER:
                return read_number(field, value, ret, error);
        case VB_XML_SIZE:
                return vb_xml_read_size(value->node, value->text, ret, error);
        case VB_XML_PATH:
                if (*value->text != '\0' && !vb_xml_is_path(value->text))
                        return refuse(value, error, "an absolute path");
                G_GNUC_FALLTHROUGH;
        case VB_XML_STRING:
                *(char **) ret = *value->text != '\0' ? g_strdup(value->text) : NULL;
                return true;
        case VB_XML_CPUSET:
                *(char **) ret = vb_cpuset_canonical(value->text);
                return *(char **) ret || refuse(value, error, "a list of numbers, as in 0-3,^2,8");
        case VB_XML_PRESENT:
        case VB_XML_RECORD:
        case VB_XML_LIST:
                break;
        }
        g_assert_not_reached();
}

static bool parse_record(const VbXmlRecord *record, VbXmlNode *node, void **ret, GError **error)
{
        void *data = vb_xml_record_new(record);

        *(int *) data = vb_xml_node_line(node);
        if (vb_xml_fields_parse(record->fields, node, data, error) &&
            (!record->check || record->check(data, node, error))) {
                *ret = data;
                return true;
        }
        vb_xml_record_free(record, data);
        return false;
}

static bool parse_list(const VbXmlField *field, VbXmlNode *node, GPtrArray **ret, GError **error)
{
        VbXmlNode *child;

        while ((child = vb_xml_take_child(node, field->name))) {
                void *data = NULL;

                if (!*ret)
                        *ret = g_ptr_array_new();
                if ((*ret)->len >= VB_XML_RECORDS_MAX)
                        return vb_xml_error(child, VB_ERROR_INVALID_XML, error,
                                            "there are at most %d of these", VB_XML_RECORDS_MAX);
                if (!parse_record(field->record, child, &data, error))
                        return false;
                g_ptr_array_add(*ret, data);
        }
        return true;
}

/* What the attribute that was just asked for can be. */
static void note_type(const VbXmlField *field, VbXmlNode *node)
{
        if (field->type == VB_XML_WORD)
                vb_xml_note_words(node, field->words + 1, (int) count_words(field->words) - 1);
        else if (field->type == VB_XML_SWITCH)
                vb_xml_note_words(node, vb_xml_switch_words, 2);
        else if (field->type == VB_XML_YES_NO)
                vb_xml_note_words(node, vb_xml_yes_no_words, 2);
        else if (field->type == VB_XML_NUMBER)
                vb_xml_note_number(node);
}

static bool parse_attribute(const VbXmlField *field, VbXmlNode *node, void *ret, GError **error)
{
        g_autofree char *what = g_strconcat(field->name, "=", NULL);
        Value value = { .node = node, .what = what };

        value.text = vb_xml_take_attribute(node, field->name);
        note_type(field, node);
        if (value.text && (*value.text != '\0' || !field->required))
                return read_value(field, &value, ret, error);
        return !field->required ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error, "the attribute '%s' is missing", field->name);
}

static bool parse_text(const VbXmlField *field, VbXmlNode *node, void *ret, GError **error)
{
        Value value = { .node = node, .what = "" };

        if (field->type == VB_XML_SIZE)
                return vb_xml_take_size(node, ret, error);
        value.text = field->type == VB_XML_STRING ? vb_xml_take_text_verbatim(node) : vb_xml_take_text(node);
        if (*value.text != '\0')
                return read_value(field, &value, ret, error);
        return !field->required || vb_xml_error(node, VB_ERROR_INVALID_XML, error, "it is empty");
}

static bool parse_child(const VbXmlField *field, VbXmlNode *node, void *ret, GError **error)
{
        VbXmlNode *child = NULL;

        if (field->type == VB_XML_LIST)
                return parse_list(field, node, ret, error);
        child = vb_xml_take_child(node, field->name);
        if (!child)
                return !field->required || field->place == VB_AT_STATE ||
                       vb_xml_error(node, VB_ERROR_INVALID_XML, error, "<%s> is missing", field->name);
        if (field->place == VB_AT_STATE) {
                const char *state;

                if (field->required && !vb_xml_require_attribute(child, "state", &state, error))
                        return false;
                *(VbTristate *) ret = VB_TRISTATE_ON;
                return vb_xml_take_switch(child, "state", ret, error);
        }
        if (field->type == VB_XML_PRESENT) {
                *(bool *) ret = true;
                return true;
        }
        if (field->type == VB_XML_RECORD)
                return parse_record(field->record, child, ret, error);
        return parse_text(field, child, ret, error);
}

bool vb_xml_fields_parse(const VbXmlField *fields, VbXmlNode *node, void *data, GError **error)
{
        static bool (*const parsers[])(const VbXmlField *, VbXmlNode *, void *, GError **) = {
                [VB_AT_ATTRIBUTE] = parse_attribute,
                [VB_AT_TEXT] = parse_text,
                [VB_AT_CHILD] = parse_child,
                [VB_AT_STATE] = parse_child,
        };

        for (const VbXmlField *field = fields; field->name; field++)
                if (!parsers[field->place](field, node, at(data, field), error))
                        return false;
        return true;
}

static bool is_empty(const VbXmlRecord *record, const void *data);

static bool is_given(const VbXmlField *field, const void *data)
{
        const void *value = at(data, field);

        switch (field->type) {
        case VB_XML_WORD:
                return *(const int *) value != 0;
        case VB_XML_SWITCH:
        case VB_XML_YES_NO:
                return *(const VbTristate *) value != VB_TRISTATE_UNSET;
        case VB_XML_NUMBER:
        case VB_XML_INTEGER:
                return ((const VbNumber *) value)->given;
        case VB_XML_SIZE:
                return *(const uint64_t *) value != 0;
        case VB_XML_STRING:
        case VB_XML_PATH:
        case VB_XML_CPUSET:
                return *(char *const *) value != NULL;
        case VB_XML_PRESENT:
                return *(const bool *) value;
        case VB_XML_RECORD:
                return *(void *const *) value && !is_empty(field->record, *(void *const *) value);
        case VB_XML_LIST:
                return vb_list_length(*(GPtrArray *const *) value) > 0;
        }
        g_assert_not_reached();
}

static bool is_empty(const VbXmlRecord *record, const void *data)
{
        if (record->keep_empty)
                return false;
        for (const VbXmlField *field = record->fields; field->name; field++)
                if (is_given(field, data))
                        return false;
        return true;
}

/* @buffer holds what is made for the occasion. */
static const char *value_text(const VbXmlField *field, const void *value, char buffer[static 24])
{
        switch (field->type) {
        case VB_XML_WORD:
                return field->words[*(const int *) value];
        case VB_XML_SWITCH:
                return vb_tristate_to_switch(*(const VbTristate *) value);
        case VB_XML_YES_NO:
                return vb_tristate_to_yes_no(*(const VbTristate *) value);
        case VB_XML_NUMBER:
                g_snprintf(buffer, 24, "%" G_GUINT64_FORMAT, ((const VbNumber *) value)->value);
                return buffer;
        case VB_XML_INTEGER:
                g_snprintf(buffer, 24, "%" G_GINT64_FORMAT, (int64_t) ((const VbNumber *) value)->value);
                return buffer;
        case VB_XML_SIZE:
                g_snprintf(buffer, 24, "%" G_GUINT64_FORMAT, *(const uint64_t *) value / 1024);
                return buffer;
        default:
                return *(char *const *) value;
        }
}

static void format_child(const VbXmlField *field, const void *value, VbXmlWriter *writer)
{
        char buffer[24];

        switch (field->type) {
        case VB_XML_LIST: {
                const GPtrArray *list = *(GPtrArray *const *) value;

                for (guint i = 0; i < list->len; i++) {
                        vb_xml_open(writer, field->name);
                        vb_xml_fields_format(field->record->fields, g_ptr_array_index(list, i), writer);
                        vb_xml_close(writer);
                }
                return;
        }
        case VB_XML_PRESENT:
                vb_xml_empty_element(writer, field->name);
                return;
        case VB_XML_RECORD:
                vb_xml_open(writer, field->name);
                vb_xml_fields_format(field->record->fields, *(void *const *) value, writer);
                vb_xml_close(writer);
                return;
        case VB_XML_SIZE:
                vb_xml_size_element(writer, field->name, *(const uint64_t *) value);
                return;
        default:
                vb_xml_text_element(writer, field->name, value_text(field, value, buffer));
        }
}

void vb_xml_fields_format(const VbXmlField *fields, const void *data, VbXmlWriter *writer)
{
        char buffer[24];

        for (const VbXmlField *field = fields; field->name; field++) {
                const void *value = at(data, field);

                if (!is_given(field, data))
                        continue;
                switch (field->place) {
                case VB_AT_ATTRIBUTE:
                        vb_xml_attribute(writer, field->name, value_text(field, value, buffer));
                        if (field->type == VB_XML_SIZE)
                                vb_xml_attribute(writer, "unit", "KiB");
                        break;
                case VB_AT_TEXT:
                        if (field->type == VB_XML_SIZE)
                                vb_xml_attribute(writer, "unit", "KiB");
                        vb_xml_text(writer, value_text(field, value, buffer));
                        break;
                case VB_AT_CHILD:
                        format_child(field, value, writer);
                        break;
                case VB_AT_STATE:
                        vb_xml_open(writer, field->name);
                        vb_xml_attribute(writer, "state", value_text(field, value, buffer));
                        vb_xml_close(writer);
                        break;
                }
        }
}

static void free_list(const VbXmlRecord *record, GPtrArray *list)
{
        for (guint i = 0; i < vb_list_length(list); i++)
                vb_xml_record_free(record, g_ptr_array_index(list, i));
        if (list)
                g_ptr_array_unref(list);
}

void vb_xml_fields_clear(const VbXmlField *fields, void *data)
{
        for (const VbXmlField *field = fields; field->name; field++) {
                void **value = at(data, field);

                switch (field->type) {
                case VB_XML_STRING:
                case VB_XML_PATH:
                case VB_XML_CPUSET:
                        g_clear_pointer((char **) value, g_free);
                        break;
                case VB_XML_RECORD:
                        vb_xml_record_free(field->record, *value);
                        *value = NULL;
                        break;
                case VB_XML_LIST:
                        free_list(field->record, *value);
                        *value = NULL;
                        break;
                default:
                        break;
                }
        }
}

static void *copy_record(const VbXmlRecord *record, const void *data)
{
        void *copy = data ? g_memdup2(data, record->size) : NULL;

        if (copy)
                vb_xml_fields_copy(record->fields, copy, data);
        return copy;
}

void vb_xml_fields_copy(const VbXmlField *fields, void *copy, const void *data)
{
        for (const VbXmlField *field = fields; field->name; field++) {
                void **value = at(copy, field);

                switch (field->type) {
                case VB_XML_STRING:
                case VB_XML_PATH:
                case VB_XML_CPUSET:
                        *value = g_strdup(*value);
                        break;
                case VB_XML_RECORD:
                        *value = copy_record(field->record, *value);
                        break;
                case VB_XML_LIST: {
                        const GPtrArray *list = *value;

                        *value = list ? g_ptr_array_sized_new(list->len) : NULL;
                        for (guint i = 0; i < vb_list_length(list); i++)
                                g_ptr_array_add(*value,
                                                copy_record(field->record, g_ptr_array_index(list, i)));
                        break;
                }
                default:
                        break;
                }
        }
}

void *vb_xml_record_new(const VbXmlRecord *record)
{
        return g_malloc0(record->size);
}

void vb_xml_record_free(const VbXmlRecord *record, void *data)
{
        if (!data)
                return;
        vb_xml_fields_clear(record->fields, data);
        g_free(data);
}
