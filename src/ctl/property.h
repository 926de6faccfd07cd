/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

/* The value of the D-Bus property @name as people read it, with units; "" for "there is none". Not escaped.
 */
char *vb_ctl_property_text(const char *name, json_object *value);
/* The same for a property of @object, { property: value }. */
char *vb_ctl_property_of(json_object *object, const char *name);

/* What an object path ends with: the alias of a device, the id of a domain; "" for the path "/". */
char *vb_ctl_path_name(const char *path);
/* The path of the domain that the object @path is or belongs to; NULL if there is none. */
char *vb_ctl_path_domain(const char *path);
