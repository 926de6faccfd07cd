/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
        const char *title;
        bool right; /* aligned to the right: numbers */
} VbCtlColumn;

typedef struct VbCtlTable VbCtlTable;

/* @columns outlives the table. */
VbCtlTable *vb_ctl_table_new(const VbCtlColumn *columns, size_t n_columns);
void vb_ctl_table_free(VbCtlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbCtlTable, vb_ctl_table_free)

/* Adds a row of as many cells as there are columns; they are escaped. NULL and "" are shown as "-". */
void vb_ctl_table_add(VbCtlTable *table, const char *const *cells);
/* The titles and the rows, one line each. */
char *vb_ctl_table_format(const VbCtlTable *table);
