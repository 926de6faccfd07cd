/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

/* Values that several parts of a definition have. Those that return false have set an error that names the
 * element; *@ret is left alone where nothing is given. */

/* The text of the child @name, verbatim; NULL for one that is missing or empty, as templates leave them. */
void vb_xml_take_text_child(VbXmlNode *parent, const char *name, char **ret);
/* Whether it is an absolute path of a length that the system takes. */
bool vb_xml_is_path(const char *text);
/* The same for a child that holds an absolute path. */
bool vb_xml_take_path_child(VbXmlNode *parent, const char *name, char **ret, GError **error);
/* An attribute that names something of QEMU's: no space, and nothing that separates options. */
bool vb_xml_is_identifier(const char *text);
bool vb_xml_take_identifier(VbXmlNode *node, const char *name, char **ret, GError **error);

/* A positive size with libvirt's unit='' (KiB where it has none), in bytes, rounded up to KiB as libvirt
 * does. https://libvirt.org/formatdomain.html#memory-allocation */
bool vb_xml_read_size(VbXmlNode *node, const char *text, uint64_t *ret, GError **error);
/* The same of the element's own text. */
bool vb_xml_take_size(VbXmlNode *node, uint64_t *ret, GError **error);
/* The same, or 0. */
bool vb_xml_take_size_or_none(VbXmlNode *node, uint64_t *ret, GError **error);
/* libvirt's words for units of memory: "KB" is 1000 bytes, "k" and "KiB" are 1024. 0 for any other. */
uint64_t vb_unit_bytes(const char *unit);
/* @number of libvirt's @unit (NULL: KiB) in bytes. */
bool vb_xml_scale(VbXmlNode *node, uint64_t number, const char *unit, uint64_t *ret, GError **error);
/* <element unit='KiB'>; nothing for 0. */
void vb_xml_size_element(VbXmlWriter *writer, const char *element, uint64_t bytes);
