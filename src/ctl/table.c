/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Aligned columns. Widths are counted in terminal columns, and every cell is escaped here, so that no caller
 * can forget it. */
#include "ctl/table.h"

#include "ctl/text.h"

struct VbCtlTable {
        const VbCtlColumn *columns; /* borrowed: static */
        size_t n_columns;
        size_t *widths;
        GPtrArray *cells; /* all rows, one after the other */
};

static void add_cell(VbCtlTable *table, size_t column, char *text)
{
        table->widths[column] = MAX(table->widths[column], vb_ctl_width(text));
        g_ptr_array_add(table->cells, text);
}

VbCtlTable *vb_ctl_table_new(const VbCtlColumn *columns, size_t n_columns)
{
        VbCtlTable *table = g_new0(VbCtlTable, 1);

        table->columns = columns;
        table->n_columns = n_columns;
        table->widths = g_new0(size_t, n_columns);
        table->cells = g_ptr_array_new_with_free_func(g_free);
        for (size_t i = 0; i < n_columns; i++)
                add_cell(table, i, g_strdup(columns[i].title));
        return table;
}

void vb_ctl_table_free(VbCtlTable *table)
{
        if (!table)
                return;
        g_ptr_array_unref(table->cells);
        g_free(table->widths);
        g_free(table);
}

void vb_ctl_table_add(VbCtlTable *table, const char *const *cells)
{
        for (size_t i = 0; i < table->n_columns; i++) {
                bool empty = !cells[i] || !*cells[i];

                add_cell(table, i, vb_ctl_escape(empty ? "-" : cells[i], false));
        }
}

static void append_spaces(GString *out, size_t n)
{
        while (n-- > 0)
                g_string_append_c(out, ' ');
}

char *vb_ctl_table_format(const VbCtlTable *table)
{
        g_autoptr(GString) out = g_string_new(NULL);

        for (guint i = 0; i < table->cells->len; i++) {
                const char *cell = table->cells->pdata[i];
                size_t column = i % table->n_columns;
                size_t padding = table->widths[column] - vb_ctl_width(cell);
                bool last = column + 1 == table->n_columns;

                if (table->columns[column].right)
                        append_spaces(out, padding);
                g_string_append(out, cell);
                if (!table->columns[column].right && !last)
                        append_spaces(out, padding);
                g_string_append(out, last ? "\n" : "  ");
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}
