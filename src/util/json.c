/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON that somebody else wrote: nothing in it is taken for granted, neither its size in memory nor
 * the type of any member. json-c's own strictness is not enough: it stops at a NUL, checks UTF-8 only within
 * one call, and has no limit but the depth. */
#include "util/json.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "util/error.h"

json_tokener *vb_json_tokener_new(void)
{
        json_tokener *tokener = json_tokener_new_ex(VB_JSON_DEPTH_MAX);

        g_assert(tokener);
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        return tokener;
}

/* Cheaper than parsing, and done for long texts only: a value takes more than a byte of text. Single quotes,
 * which json-c takes for strings, would hide values from this. */
static bool count_values(const char *text, size_t size, GError **error)
{
        bool in_string = false;
        size_t values = 1;

        for (size_t i = 0; i < size; i++) {
                char c = text[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"')
                        in_string = true;
                else if (c == ',' || c == '[' || c == '{')
                        values++;
                else if (c == '\'')
                        return vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: single quotes");
        }
        if (values > VB_JSON_VALUES_MAX)
                return vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: more than %u values",
                                    VB_JSON_VALUES_MAX);
        return true;
}

json_object *vb_json_parse(json_tokener *tokener, const char *text, size_t size, GError **error)
{
        g_autoptr(json_tokener) own = NULL;
        g_autoptr(json_object) result = NULL;
        enum json_tokener_error code;

        if (size > INT_MAX) {
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: too long");
                return NULL;
        }
        if (!g_utf8_validate_len(text, size, NULL)) {
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: not UTF-8");
                return NULL;
        }
        if (size > VB_JSON_VALUES_MAX && !count_values(text, size, error))
                return NULL;

        if (!tokener)
                tokener = own = vb_json_tokener_new();
        json_tokener_reset(tokener);
        result = json_tokener_parse_ex(tokener, text, (int) size);
        code = json_tokener_get_error(tokener);
        if (code == json_tokener_continue)
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: ends too early");
        else if (code != json_tokener_success)
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: %s at byte %zu",
                             json_tokener_error_desc(code), json_tokener_get_parse_end(tokener));
        else if (!json_object_is_type(result, json_type_object) &&
                 !json_object_is_type(result, json_type_array))
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "invalid JSON: neither an object nor an array");
        else
                return g_steal_pointer(&result);
        json_tokener_reset(tokener); /* drops what a failed parse has built */
        return NULL;
}

static json_object *get(json_object *object, const char *key, json_type type)
{
        json_object *value;

        if (!json_object_is_type(object, json_type_object) ||
            !json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
                return NULL;
        return value;
}

bool vb_json_get_object(json_object *object, const char *key, json_object **ret)
{
        json_object *value = get(object, key, json_type_object);

        if (value)
                *ret = value;
        return value;
}

bool vb_json_get_array(json_object *object, const char *key, json_object **ret)
{
        json_object *value = get(object, key, json_type_array);

        if (value)
                *ret = value;
        return value;
}

bool vb_json_get_string(json_object *object, const char *key, const char **ret)
{
        const char *text = vb_json_string(get(object, key, json_type_string));

        if (text)
                *ret = text;
        return text;
}

bool vb_json_get_bool(json_object *object, const char *key, bool *ret)
{
        json_object *value = get(object, key, json_type_boolean);

        if (value)
                *ret = json_object_get_boolean(value);
        return value;
}

bool vb_json_get_int64(json_object *object, const char *key, int64_t *ret)
{
        json_object *value = get(object, key, json_type_int);

        /* json-c gives the nearest int64_t for a larger number. */
        if (!value || json_object_get_uint64(value) > INT64_MAX)
                return false;
        *ret = json_object_get_int64(value);
        return true;
}

bool vb_json_get_uint64(json_object *object, const char *key, uint64_t *ret)
{
        json_object *value = get(object, key, json_type_int);

        if (!value || json_object_get_int64(value) < 0)
                return false;
        *ret = json_object_get_uint64(value);
        return true;
}

bool vb_json_get_double(json_object *object, const char *key, double *ret)
{
        json_object *value = get(object, key, json_type_double);

        if (!value)
                value = get(object, key, json_type_int);
        if (!value || !isfinite(json_object_get_double(value)))
                return false;
        *ret = json_object_get_double(value);
        return true;
}

const char *vb_json_string(json_object *value)
{
        const char *text;

        if (!json_object_is_type(value, json_type_string))
                return NULL;
        text = json_object_get_string(value);
        return strlen(text) == (size_t) json_object_get_string_len(value) ? text : NULL;
}
