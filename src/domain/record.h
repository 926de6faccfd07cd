/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>

#include "conf/domain-def.h"

/* What the service keeps of a domain beside its XML. */
typedef struct {
        uid_t owner;
        bool autostart;
        GPtrArray *grants; /* VbGrant * */
} VbRecord;

/* JSON text with the record and the marks (implicit, built in) of @def's devices. Caller frees. */
char *vb_record_write(const VbRecord *record, const VbDomainDef *def);
/* Reads it back and sets the marks on @def; the grants are the caller's. STORAGE for text that is no record. */
bool vb_record_read(const char *text, VbRecord *ret, VbDomainDef *def, GError **error);

/* The marks alone, for a file that holds other things too. */
json_object *vb_record_marks(const VbDomainDef *def);
void vb_record_apply_marks(json_object *marks, VbDomainDef *def);

/* A definition that was read back must be complete: name, uuid, machine, and aliases everywhere. STORAGE. */
bool vb_record_check_def(const VbDomainDef *def, GError **error);
