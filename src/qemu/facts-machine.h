/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "conf/machine-facts.h"

/* The caller owns the object. */
json_object *vb_facts_machine_to_json(const VbMachineFacts *facts);
/* NULL unless all of it is well formed. */
VbMachineFacts *vb_facts_machine_from_json(const char *name, json_object *object);
