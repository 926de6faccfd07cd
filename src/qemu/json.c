/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json-c in the forms that this folder needs: short ones to build with, and stricter ones to read with than
 * those of src/util/. */
#include "qemu/json.h"

#define NAME_MAX_LENGTH 255

void vb_json_set_string(json_object *object, const char *key, const char *value)
{
        json_object_object_add(object, key, json_object_new_string(value));
}

void vb_json_set_uint(json_object *object, const char *key, uint64_t value)
{
        json_object_object_add(object, key, json_object_new_uint64(value));
}

void vb_json_set_bool(json_object *object, const char *key, bool value)
{
        json_object_object_add(object, key, json_object_new_boolean(value));
}

void vb_json_set_string_if(json_object *object, const char *key, const char *value)
{
        if (value)
                vb_json_set_string(object, key, value);
}

void vb_json_set_positive_if(json_object *object, const char *key, int64_t value)
{
        if (value > 0)
                vb_json_set_uint(object, key, (uint64_t) value);
}

void vb_json_set_tristate_if(json_object *object, const char *key, VbTristate value)
{
        if (value != VB_TRISTATE_UNSET)
                vb_json_set_bool(object, key, value == VB_TRISTATE_ON);
}

bool vb_json_is_name(const char *text)
{
        gsize length = 0;

        for (; text && text[length]; length++)
                if (!g_ascii_isgraph(text[length]) || length >= NAME_MAX_LENGTH)
                        return false;
        return length > 0;
}

const char *vb_json_get_name(json_object *object, const char *key)
{
        const char *text = NULL;

        return vb_json_get_string(object, key, &text) && vb_json_is_name(text) ? text : NULL;
}

bool vb_json_get_bounded(json_object *object, const char *key, uint64_t max, uint64_t *ret)
{
        uint64_t value = 0;

        if (!vb_json_get_uint64(object, key, &value) || value > max)
                return false;
        *ret = value;
        return true;
}

bool vb_json_is_true(json_object *object, const char *key)
{
        bool value = false;

        return vb_json_get_bool(object, key, &value) && value;
}

json_object *vb_json_object(json_object *object, const char *key)
{
        json_object *value = NULL;

        return vb_json_get_object(object, key, &value) ? value : NULL;
}

json_object *vb_json_array(json_object *object, const char *key, gsize max)
{
        json_object *value = NULL;

        return vb_json_get_array(object, key, &value) && json_object_array_length(value) <= max ? value
                                                                                                : NULL;
}
