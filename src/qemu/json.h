/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/json.h"
#include "util/tristate.h"

/* Building objects; the _if forms leave out what is not given (NULL, not positive, unset). */
void vb_json_set_string(json_object *object, const char *key, const char *value);
void vb_json_set_uint(json_object *object, const char *key, uint64_t value);
void vb_json_set_bool(json_object *object, const char *key, bool value);
void vb_json_set_string_if(json_object *object, const char *key, const char *value);
void vb_json_set_positive_if(json_object *object, const char *key, int64_t value);
void vb_json_set_tristate_if(json_object *object, const char *key, VbTristate value);

/* Whether @text can be the name of a QEMU type, bus or device: printable ASCII without space, 1 to 255 long.
 * NULL is none. */
bool vb_json_is_name(const char *text);
/* A member that is such a name, borrowed from @object; NULL for anything else. */
const char *vb_json_get_name(json_object *object, const char *key);
/* A member between 0 and @max: false, and *ret untouched, for anything else. */
bool vb_json_get_bounded(json_object *object, const char *key, uint64_t max, uint64_t *ret);
/* A member that is true; anything else is not. */
bool vb_json_is_true(json_object *object, const char *key);
/* A member, borrowed, NULL for anything else; the array has at most @max elements. */
json_object *vb_json_object(json_object *object, const char *key);
json_object *vb_json_array(json_object *object, const char *key, gsize max);
