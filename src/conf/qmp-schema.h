/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What an emulator's monitor protocol consists of: its commands and events and the types that these reach,
 * which have no names of their own. Filled once by src/qemu/, then only looked at. */
typedef struct VbQmpSchema VbQmpSchema;

typedef enum {
        VB_QMP_MEMBER,   /* of an object: its name and type */
        VB_QMP_CASE,     /* of an object: a value of its tag and the object with the members that it brings */
        VB_QMP_VALUE,    /* of an enumeration */
        VB_QMP_ELEMENT,  /* of an array; or one of the types that an alternate can be */
        VB_QMP_ARGUMENT, /* of a command or event: the object that it takes */
        VB_QMP_RESULT,   /* of a command */
        VB_QMP_FEATURE,
        _VB_QMP_ROLE_MAX,
} VbQmpRole;

/* Type of an entry that has none, or of which nothing is known. */
#define VB_QMP_NO_TYPE UINT32_MAX

VbQmpSchema *vb_qmp_schema_new(void);
VbQmpSchema *vb_qmp_schema_ref(VbQmpSchema *schema);
void vb_qmp_schema_unref(VbQmpSchema *schema);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbQmpSchema, vb_qmp_schema_unref)

/* Types are numbered from 0 as they are added; @name is NULL for all but commands and events. What follows
 * belongs to the last one, and may refer to types that come later. */
void vb_qmp_schema_add_type(VbQmpSchema *schema, const char *name);
void vb_qmp_schema_add_entry(VbQmpSchema *schema, VbQmpRole role, const char *word, uint32_t type);

guint vb_qmp_schema_n_types(const VbQmpSchema *schema);
/* For writing it down. */
const char *vb_qmp_schema_type_name(const VbQmpSchema *schema, guint type);
guint vb_qmp_schema_n_entries(const VbQmpSchema *schema, guint type);
void vb_qmp_schema_get_entry(const VbQmpSchema *schema, guint type, guint i, VbQmpRole *ret_role,
                             const char **ret_word, uint32_t *ret_type);

/* Whether there is what @path leads to:
 *
 *     blockdev-add                 the command or event
 *     blockdev-add.node-name       a member of its argument, which any case may bring
 *     blockdev-add.driver=rbd      a value of that member
 *     blockdev-add:file.aio        a member that the case "file" has
 *     blockdev-add:file+feature    a feature
 *     query-version>qemu.major     a member of a member of its result
 *
 * Arrays and alternates are passed through. */
bool vb_qmp_schema_has(const VbQmpSchema *schema, const char *path);
