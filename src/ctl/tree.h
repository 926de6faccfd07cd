/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What is drawn in front of @node: the lines that connect it with its parent and its siblings. The root of
 * the tree is not drawn, and its children have nothing in front of them. */
char *vb_ctl_tree_prefix(GNode *node, bool utf8);

/* Makes @child a child of @parent, or of @root where there is no parent or where it would close a circle. */
void vb_ctl_tree_attach(GNode *root, GNode *parent, GNode *child);
