/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Whether libvirt's format knows an element or attribute of that name, somewhere, which this version has no
 * place for: "not supported" is a better answer than "not known". */
bool vb_xml_is_foreign_element(const char *name);
bool vb_xml_is_foreign_attribute(const char *name);
