/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* Reads the next value of @message, whatever it is: dictionaries become objects, structs and arrays become
 * arrays, variants what is in them, object paths strings, descriptors null. Negative errno on failure. */
int vb_ctl_json_read(sd_bus_message *message, json_object **ret);
/* All that is left of @message, as an array. */
int vb_ctl_json_read_all(sd_bus_message *message, json_object **ret);

/* Properties of an object: "", 0 and false where there is none of that name and type. Strings belong to
 * @object. */
const char *vb_ctl_json_string(json_object *object, const char *key);
uint64_t vb_ctl_json_number(json_object *object, const char *key);
bool vb_ctl_json_bool(json_object *object, const char *key);

/* JSON for programs and terminals: slashes as they are, invisible characters as \uXXXX. */
char *vb_ctl_json_format(json_object *object, bool pretty);
/* Prints that with a newline. */
void vb_ctl_json_print(json_object *object, bool pretty);
