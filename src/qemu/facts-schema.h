/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/qmp-schema.h"
#include "util/json.h"

/* The schema from query-qmp-schema's answer; NULL if that makes no sense. */
VbQmpSchema *vb_qmp_schema_from_qmp(json_object *result);

/* The form in which it is kept; the caller owns the object. */
json_object *vb_qmp_schema_to_json(const VbQmpSchema *schema);
/* NULL unless all of it is well formed. */
VbQmpSchema *vb_qmp_schema_from_json(json_object *object);
