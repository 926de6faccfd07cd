/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees as lsblk and systemctl draw them, one node a line. */
#include "ctl/tree.h"

typedef struct {
        const char *branch; /* to a node that has siblings after it */
        const char *last;   /* to the last one */
        const char *line;   /* past the children of a node that has siblings after it */
        const char *space;  /* past those of the last one */
} Glyphs;

static const Glyphs utf8_glyphs = { "├─", "└─", "│ ", "  " };
static const Glyphs ascii_glyphs = { "|-", "`-", "| ", "  " };

char *vb_ctl_tree_prefix(GNode *node, bool utf8)
{
        const Glyphs *glyphs = utf8 ? &utf8_glyphs : &ascii_glyphs;
        g_autoptr(GString) out = g_string_new(NULL);

        if (g_node_depth(node) <= 2)
                return g_string_free(g_steal_pointer(&out), FALSE);
        g_string_append(out, node->next ? glyphs->branch : glyphs->last);
        for (GNode *above = node->parent; g_node_depth(above) > 2; above = above->parent)
                g_string_prepend(out, above->next ? glyphs->line : glyphs->space);
        return g_string_free(g_steal_pointer(&out), FALSE);
}

void vb_ctl_tree_attach(GNode *root, GNode *parent, GNode *child)
{
        bool circle = parent && (parent == child || g_node_is_ancestor(child, parent));

        g_node_append(parent && !circle ? parent : root, child);
}
