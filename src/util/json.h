/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_object, json_object_put)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_tokener, json_tokener_free)

/* A chain of disk images nests one level for each image, and chains of 200 are in use. */
#define VB_JSON_DEPTH_MAX 256
/* An empty object of two bytes takes 800 in memory: without a limit of their number, 4 MiB become 1 GiB. The
 * largest thing known, QEMU's schema of itself, has 16,000 values. */
#define VB_JSON_VALUES_MAX (64U * 1024)

/* A tokener for vb_json_parse() that one caller uses again and again; freed with json_tokener_free(). */
json_tokener *vb_json_tokener_new(void);

/* Parses one whole JSON object or array, within the limits above, from @size bytes of valid UTF-8 without
 * NUL; whitespace may surround it. @tokener may be NULL. Caller puts the result; NULL and INVALID_ARGS else.
 */
json_object *vb_json_parse(json_tokener *tokener, const char *text, size_t size, GError **error);

/* Typed members of what may not be an object, may lack @key or have something else in it (also NULL): false,
 * and *ret untouched. What is returned is borrowed from @object. Integers that do not fit, numbers that are
 * not finite and strings with an embedded NUL are something else. */
bool vb_json_get_object(json_object *object, const char *key, json_object **ret);
bool vb_json_get_array(json_object *object, const char *key, json_object **ret);
bool vb_json_get_string(json_object *object, const char *key, const char **ret);
bool vb_json_get_bool(json_object *object, const char *key, bool *ret);
bool vb_json_get_int64(json_object *object, const char *key, int64_t *ret);
bool vb_json_get_uint64(json_object *object, const char *key, uint64_t *ret);
bool vb_json_get_double(json_object *object, const char *key, double *ret);

/* The text of a string value, under the same rules: NULL for anything else. */
const char *vb_json_string(json_object *value);
