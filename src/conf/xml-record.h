/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

/* Elements that only hold values: one table of fields says how a struct is read, written, copied and freed.
 * What needs more than a value's range is the record's check, or the reader of whoever owns the record. */
typedef struct VbXmlRecord VbXmlRecord;

/* A number that may be missing. */
typedef struct {
        uint64_t value;
        bool given;
} VbNumber;

typedef enum {
        VB_XML_WORD,    /* int: index in words, of which 0 stands for nothing given */
        VB_XML_SWITCH,  /* VbTristate: on, off */
        VB_XML_YES_NO,  /* VbTristate: yes, no */
        VB_XML_NUMBER,  /* VbNumber, from min to max */
        VB_XML_INTEGER, /* VbNumber with a sign, its value cast from int64_t */
        VB_XML_SIZE,    /* uint64_t, bytes; with the attribute unit='', 0: not given */
        VB_XML_STRING,  /* char * */
        VB_XML_PATH,    /* char *, absolute */
        VB_XML_CPUSET,  /* char *, see cpuset.h */
        VB_XML_PRESENT, /* bool: an empty child */
        VB_XML_RECORD,  /* a struct of its own, NULL: not given */
        VB_XML_LIST,    /* GPtrArray * of structs, NULL: none */
} VbXmlType;

typedef enum {
        VB_AT_ATTRIBUTE,
        VB_AT_TEXT,  /* of the element itself */
        VB_AT_CHILD, /* the child's text; the child itself for PRESENT, RECORD and LIST */
        VB_AT_STATE, /* the child's attribute state='', "on" where it is missing and not required; SWITCH */
} VbXmlPlace;

typedef struct {
        const char *name;
        VbXmlPlace place;
        VbXmlType type;
        size_t offset;
        bool required;
        const char *const *words;  /* WORD: NULL-terminated from words[1] on; words[0] is skipped */
        const char *foreign;       /* WORD: see vb_xml_take_word() */
        int64_t min, max;          /* NUMBER, INTEGER; both 0: any */
        const VbXmlRecord *record; /* RECORD, LIST */
} VbXmlField;

/* Every struct begins with "int line", the line of its element. */
struct VbXmlRecord {
        size_t size;
        const VbXmlField *fields; /* ends with a NULL name; in the order of canonical XML, attributes first */
        /* What cannot be said field by field; may put values into their canonical form. */
        bool (*check)(void *record, VbXmlNode *node, GError **error);
        bool keep_empty; /* written also where nothing is in it */
};

/* Most elements of one list: far more than any real definition has. */
#define VB_XML_RECORDS_MAX 8192

/* The fields of an element that is already taken. What they do not take is left for
 * vb_xml_document_finish(). */
bool vb_xml_fields_parse(const VbXmlField *fields, VbXmlNode *node, void *data, GError **error);
/* Attributes, text and children of the element that is open. */
void vb_xml_fields_format(const VbXmlField *fields, const void *data, VbXmlWriter *writer);
/* Frees what the fields own, and sets it to nothing given. */
void vb_xml_fields_clear(const VbXmlField *fields, void *data);
/* @copy is @data bit by bit: replaces what the fields own with copies. */
void vb_xml_fields_copy(const VbXmlField *fields, void *copy, const void *data);

void *vb_xml_record_new(const VbXmlRecord *record);
void vb_xml_record_free(const VbXmlRecord *record, void *data);

/* Elements of a list, 0 where there is none. */
static inline guint vb_list_length(const GPtrArray *list)
{
        return list ? list->len : 0;
}

/* A row: VB_XML("id", ATTRIBUTE, NUMBER, VbThing, id), and with designated members behind it. */
/* clang-format off */
#define VB_XML(name_, place_, type_, struct_, member_) \
        { .name = name_, .place = VB_AT_##place_, .type = VB_XML_##type_, .offset = offsetof(struct_, member_) }
#define VB_XML_WITH(name_, place_, type_, struct_, member_, ...) \
        { .name = name_, .place = VB_AT_##place_, .type = VB_XML_##type_, .offset = offsetof(struct_, member_), \
          __VA_ARGS__ }
/* clang-format on */
