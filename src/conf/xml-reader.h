/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/device.h"
#include "util/error.h"
#include "util/tristate.h"

/* Reads XML so that nothing in it is ignored: whoever understands an attribute, a child or the text of an
 * element takes it, and what nobody took is refused in the end by vb_xml_document_finish(). */
typedef struct VbXmlDocument VbXmlDocument;

/* Deepest nesting that is read. Definitions need six levels. */
#define VB_XML_DEPTH_MAX 32

/* INVALID_XML for what is not well-formed, larger than VB_XML_SIZE_MAX, nested too deeply, or has a DOCTYPE.
 */
VbXmlDocument *vb_xml_document_parse(const char *text, gsize length, GError **error);
void vb_xml_document_free(VbXmlDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbXmlDocument, vb_xml_document_free)

VbXmlNode *vb_xml_document_root(VbXmlDocument *document);

/* Refuses the first thing that nobody took, with its line, its name and what would have been understood
 * there. */
bool vb_xml_document_finish(VbXmlDocument *document, GError **error);

/* Says of an element what of it is understood and not kept, for whoever tells the reader of a log. */
void vb_xml_note(const VbXmlNode *node, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* All that was said, a line each (char *); NULL: nothing. The caller unrefs; once only. */
GPtrArray *vb_xml_document_take_notes(VbXmlDocument *document);

const char *vb_xml_node_name(const VbXmlNode *node);
int vb_xml_node_line(const VbXmlNode *node);

/* The value of an attribute, NULL if it is not there. Names are literals: the document remembers the pointers
 * to say what is accepted. Results of all these live as long as the document. */
const char *vb_xml_take_attribute(VbXmlNode *node, const char *name);
/* The first child element of that name that was not taken yet, NULL if there is none. */
VbXmlNode *vb_xml_take_child(VbXmlNode *node, const char *name);
/* Says that a child of that name would be understood, for the messages. */
void vb_xml_expect_child(VbXmlNode *node, const char *name);
/* The next child element, whatever it is called, after @previous (NULL: the first). Not taken: see
 * vb_xml_take(). */
VbXmlNode *vb_xml_next_child(VbXmlNode *node, VbXmlNode *previous);
void vb_xml_take(VbXmlNode *node);
/* The same as vb_xml_take_child() for an element of a namespace. */
VbXmlNode *vb_xml_take_child_of(VbXmlNode *node, const char *name_space, const char *name);
/* As vb_xml_next_child(), with the elements of namespaces. */
VbXmlNode *vb_xml_next_of_any_namespace(VbXmlNode *node, VbXmlNode *previous);
/* NULL for none. */
const char *vb_xml_node_namespace(const VbXmlNode *node);
/* Takes an element with all that is in it, whatever it is, and returns it as text that stands for itself:
 * with the namespaces that it uses. Reading and taking that gives the same text. Caller frees. */
char *vb_xml_take_verbatim(VbXmlNode *node);
/* The text of an element without the white space around it, "" if there is none. */
const char *vb_xml_take_text(VbXmlNode *node);
/* The same with its white space. */
const char *vb_xml_take_text_verbatim(VbXmlNode *node);

/* INVALID_XML if the attribute is missing or empty. */
bool vb_xml_require_attribute(VbXmlNode *node, const char *name, const char **ret, GError **error);

/* What was asked of a document's elements, for its messages, and to hold the schema against the readers. */
typedef enum {
        VB_XML_ASKED_ATTRIBUTE,
        VB_XML_ASKED_CHILD,
        VB_XML_ASKED_TEXT,
        VB_XML_ASKED_ANYTHING
} VbXmlAskedFor;

typedef struct {
        const VbXmlNode *node;
        VbXmlAskedFor place; /* ANYTHING: children of any name and content */
        const char *name;    /* "" for TEXT and ANYTHING */
        const char *name_space;
        char **words; /* that an attribute can be, where they are kept; NULL: others too */
        bool is_number;
} VbXmlAsked;

/* To be called before anything is read. */
void vb_xml_document_keep_words(VbXmlDocument *document);
const VbXmlAsked *vb_xml_document_asked(const VbXmlDocument *document, guint *ret_n);
/* Says of the attribute asked for last what it can be; entries may be NULL or "" for none. */
void vb_xml_note_words(VbXmlNode *node, const char *const *words, int n);
void vb_xml_note_number(VbXmlNode *node);
extern const char *const vb_xml_switch_words[2], *const vb_xml_yes_no_words[2];
/* The names of the elements from the root to this one, "domain/devices/disk". Caller frees. */
char *vb_xml_node_path(const VbXmlNode *node);

/* The readers below leave *@ret alone where the attribute is missing, and fail where it cannot be read. */

/* One of @words, which is indexed by the result and ends with NULL at @n; entries may be NULL. @foreign (may
 * be NULL) lists words that libvirt knows and this version does not, separated by spaces: UNSUPPORTED instead
 * of INVALID_XML. */
bool vb_xml_take_word(VbXmlNode *node, const char *name, const char *const *words, int n, const char *foreign,
                      int *ret, GError **error);
bool vb_xml_take_switch(VbXmlNode *node, const char *name, VbTristate *ret, GError **error);
bool vb_xml_take_yes_no(VbXmlNode *node, const char *name, VbTristate *ret, GError **error);
/* Decimal, or hexadecimal with 0x, from @min to @max. */
bool vb_xml_take_number(VbXmlNode *node, const char *name, uint64_t min, uint64_t max, uint64_t *ret,
                        GError **error);
/* Hexadecimal, with 0x or without, up to @max: places on buses without numbers of their own have always been
 * read so. */
bool vb_xml_take_hex(VbXmlNode *node, const char *name, uint64_t max, uint64_t *ret, GError **error);
bool vb_xml_take_int(VbXmlNode *node, const char *name, int min, int max, int *ret, GError **error);
bool vb_xml_take_uint32(VbXmlNode *node, const char *name, uint32_t min, uint32_t max, uint32_t *ret,
                        GError **error);

/* A text that is such a number. Digits only: no sign, no space, no octal. */
bool vb_xml_read_number(const char *text, uint64_t *ret);

/* Cuts a message that quotes somebody's text to a size that a person reads. Takes and returns ownership. */
char *vb_xml_shorten(char *message);

/* Sets an error that names the element, for a value that its reader cannot take. */
bool vb_xml_error(VbXmlNode *node, VbError code, GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);
