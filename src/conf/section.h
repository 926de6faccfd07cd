/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-record.h"
#include "conf/xml-writer.h"

/* A part of <domain> beside its devices: some of its children that belong together. One row per part in
 * section.c, in the order of canonical XML, and one file per row. Hooks may be NULL. */
typedef struct {
        /* Children of <domain> that go into the VbDomainDef by a table: read before @parse and written before
         * @format, which do what is left; cleared and copied, too. */
        const VbXmlField *fields;
        bool after_devices; /* canonical XML has it behind <devices> */
        /* Takes the children of <domain> that it understands out of @root. */
        bool (*parse)(VbDomainDef *def, VbXmlNode *root, GError **error);
        void (*format)(const VbDomainDef *def, VbXmlWriter *writer);
        /* Frees what the part owns. */
        void (*clear)(VbDomainDef *def);
        /* @copy is @def bit by bit: replaces what the part owns with copies. */
        void (*copy)(VbDomainDef *copy, const VbDomainDef *def);
        /* Fills in what was left out, after the machine type is known and before devices are completed. */
        bool (*complete)(VbCompletion *completion, GError **error);
} VbSection;

/* NULL-terminated. */
extern const VbSection *const vb_sections[];

extern const VbSection vb_section_identity;
extern const VbSection vb_section_metadata;
extern const VbSection vb_section_memory;
extern const VbSection vb_section_blkiotune;
extern const VbSection vb_section_memtune;
extern const VbSection vb_section_memory_backing;
extern const VbSection vb_section_vcpu;
extern const VbSection vb_section_iothread_count;
extern const VbSection vb_section_iothreads;
extern const VbSection vb_section_cputune;
extern const VbSection vb_section_numatune;
extern const VbSection vb_section_resource;
extern const VbSection vb_section_sysinfo;
extern const VbSection vb_section_os;
extern const VbSection vb_section_features;
extern const VbSection vb_section_cpu;
extern const VbSection vb_section_memory_size;
extern const VbSection vb_section_clock;
extern const VbSection vb_section_lifecycle;
extern const VbSection vb_section_lock_failure;
extern const VbSection vb_section_pm;
extern const VbSection vb_section_perf;
extern const VbSection vb_section_seclabel;
extern const VbSection vb_section_confidential;
extern const VbSection vb_section_commandline;
