/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads of the emulator that devices can be given to. A number of them, or each by itself: kept as each by
 * itself, and written so that either reader understands. */
#include "conf/domain-values.h"
#include "conf/iothreads.h"
#include "conf/section.h"
#include "util/error.h"

#define THREADS_MAX 1024

static bool check_pool(const VbNumber *min, const VbNumber *max, VbXmlNode *node, GError **error)
{
        return !min->given || !max->given || min->value <= max->value ||
               vb_xml_error(node, VB_ERROR_INVALID_XML, error,
                            "thread_pool_min='' is above thread_pool_max=''");
}

static bool check_thread(void *record, VbXmlNode *node, GError **error)
{
        const VbIothread *thread = record;

        return check_pool(&thread->pool_min, &thread->pool_max, node, error);
}

/* clang-format off */
static const VbXmlField poll_fields[] = {
        VB_XML("max", ATTRIBUTE, NUMBER, VbIothreadPoll, max),
        VB_XML("grow", ATTRIBUTE, NUMBER, VbIothreadPoll, grow),
        VB_XML("shrink", ATTRIBUTE, NUMBER, VbIothreadPoll, shrink),
        { 0 },
};
static const VbXmlRecord poll_record = { .size = sizeof(VbIothreadPoll), .fields = poll_fields };

#define POOL                                                                                                 \
        VB_XML_WITH("thread_pool_min", ATTRIBUTE, NUMBER, VbIothread, pool_min, .max = INT32_MAX),           \
        VB_XML_WITH("thread_pool_max", ATTRIBUTE, NUMBER, VbIothread, pool_max, .max = INT32_MAX)
static const VbXmlField thread_fields[] = {
        VB_XML_WITH("id", ATTRIBUTE, NUMBER, VbIothread, id, .required = true, .min = 1, .max = UINT32_MAX),
        POOL,
        VB_XML_WITH("poll", CHILD, RECORD, VbIothread, poll, .record = &poll_record),
        { 0 },
};
static const VbXmlRecord thread_record = { .size = sizeof(VbIothread), .fields = thread_fields, .check = check_thread };

static const VbXmlField threads_fields[] = {
        VB_XML_WITH("iothread", CHILD, LIST, VbIothreads, threads, .record = &thread_record),
        { 0 },
};
static const VbXmlRecord threads_record = { .size = sizeof(VbIothreads), .fields = threads_fields };

/* The emulator's own thread is told no more than its pool. */
static const VbXmlField default_fields[] = { POOL, { 0 } };
static const VbXmlRecord default_record = { .size = sizeof(VbIothread), .fields = default_fields, .check = check_thread };

static const VbXmlField section_fields[] = {
        VB_XML_WITH("iothreadids", CHILD, RECORD, VbDomainDef, iothreads, .record = &threads_record),
        VB_XML_WITH("defaultiothread", CHILD, RECORD, VbDomainDef, default_iothread, .record = &default_record),
        { 0 },
};
/* clang-format on */

const VbIothread *vb_iothreads_find(const VbIothreads *threads, uint32_t id)
{
        for (guint i = 0; threads && i < vb_list_length(threads->threads); i++) {
                const VbIothread *thread = g_ptr_array_index(threads->threads, i);

                if (thread->id.value == id)
                        return thread;
        }
        return NULL;
}

static bool check_ids(const VbIothreads *threads, GError **error)
{
        for (guint i = 0; threads && i < vb_list_length(threads->threads); i++) {
                const VbIothread *thread = g_ptr_array_index(threads->threads, i);

                if (vb_iothreads_find(threads, (uint32_t) thread->id.value) != thread)
                        return vb_error_set_at(error, VB_ERROR_INVALID_XML, thread->line,
                                               "<iothread>: id='%u' is given twice",
                                               (guint) thread->id.value);
        }
        return true;
}

/* More threads than are described get the smallest numbers that are free. */
static void add_threads(VbDomainDef *def, guint64 count)
{
        uint32_t id = 1;

        if (!def->iothreads)
                def->iothreads = vb_xml_record_new(&threads_record);
        if (!def->iothreads->threads)
                def->iothreads->threads = g_ptr_array_new();
        while (def->iothreads->threads->len < count) {
                VbIothread *thread;

                if (vb_iothreads_find(def->iothreads, id)) {
                        id++;
                        continue;
                }
                thread = vb_xml_record_new(&thread_record);
                thread->id = (VbNumber){ .value = id, .given = true };
                g_ptr_array_add(def->iothreads->threads, thread);
        }
}

static bool parse_iothreads(VbDomainDef *def, VbXmlNode *root, GError **error)
{
        VbXmlNode *node = vb_xml_take_child(root, "iothreads");
        const char *text = node ? vb_xml_take_text(node) : "0";
        guint64 count = 0;

        if (!g_ascii_string_to_unsigned(text, 10, 0, THREADS_MAX, &count, NULL))
                return vb_xml_error(node, VB_ERROR_INVALID_XML, error, "'%s' is not a number from 0 to %d",
                                    text, THREADS_MAX);
        if (!check_ids(def->iothreads, error))
                return false;
        if (count > 0)
                add_threads(def, count);
        return true;
}

static void format_count(const VbDomainDef *def, VbXmlWriter *writer)
{
        g_autofree char *text = NULL;

        if (!def->iothreads || vb_list_length(def->iothreads->threads) == 0)
                return;
        text = g_strdup_printf("%u", def->iothreads->threads->len);
        vb_xml_text_element(writer, "iothreads", text);
}

/* Canonical XML has the number first: a part of its own, only for that. */
const VbSection vb_section_iothread_count = {
        .format = format_count,
};

const VbSection vb_section_iothreads = {
        .fields = section_fields,
        .parse = parse_iothreads,
};
