/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/device.h"

/* Writes XML text as `virsh dumpxml` lays it out: two spaces a level, attributes in single quotes. Element
 * and attribute names are literals that need no escaping; values are escaped. An element that gets neither
 * children nor text is written <closed/>. */
VbXmlWriter *vb_xml_writer_new(void);
/* For another release, which may be older: see vb_domain_def_format_migratable(). */
void vb_xml_writer_set_migratable(VbXmlWriter *writer);
bool vb_xml_writer_is_migratable(const VbXmlWriter *writer);
/* Frees the writer and returns the text, to be freed by the caller. */
char *vb_xml_writer_finish(VbXmlWriter *writer);

void vb_xml_open(VbXmlWriter *writer, const char *element);
void vb_xml_close(VbXmlWriter *writer);

/* Of the element opened last, before its children. A NULL value writes nothing. */
void vb_xml_attribute(VbXmlWriter *writer, const char *name, const char *value);
void vb_xml_attribute_number(VbXmlWriter *writer, const char *name, uint64_t value);
/* Lower-case hexadecimal with 0x and at least @width digits. */
void vb_xml_attribute_hex(VbXmlWriter *writer, const char *name, uint64_t value, int width);

/* <element>text</element>; nothing for NULL. */
void vb_xml_text_element(VbXmlWriter *writer, const char *element, const char *text);
/* <element/>. */
void vb_xml_empty_element(VbXmlWriter *writer, const char *element);
/* The text of the element opened last, which has no children. */
void vb_xml_text(VbXmlWriter *writer, const char *text);
/* A whole element that is text already, see vb_xml_take_verbatim(). */
void vb_xml_verbatim(VbXmlWriter *writer, const char *text);
