/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

/* For who walks over canonical XML as it is, and has nothing to take or refuse: see xml-reader.h for that. */

/* NULL where there is none. Caller frees. */
char *vb_xml_tree_attribute(const xmlNode *node, const char *name);
/* The text of an element that has no others in it, "" for none. Caller frees. */
char *vb_xml_tree_text(const xmlNode *node);
