/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cutting what QEMU sends into messages. Every message is one JSON object that ends with CRLF, and has no
 * other line break in it (qmp-spec, "General Definitions"; QEMU's pretty=on is never asked for). Lines are
 * gathered whole and only then parsed: json-c's incremental parser would refuse a UTF-8 sequence that two
 * reads share. */
#include "qemu/qmp-parser.h"

#include <string.h>

#include "util/error.h"

/* What an idle session keeps. */
#define BUFFER_IDLE_MAX (8U * 1024)

struct VbQmpParser {
        json_tokener *tokener;
        GByteArray *buffer;
        size_t start;   /* of the first message not taken yet */
        size_t scanned; /* up to here there is no line end after start */
        GError *failed;
};

VbQmpParser *vb_qmp_parser_new(void)
{
        VbQmpParser *parser = g_new0(VbQmpParser, 1);

        parser->tokener = vb_json_tokener_new();
        parser->buffer = g_byte_array_new();
        return parser;
}

void vb_qmp_parser_free(VbQmpParser *parser)
{
        if (!parser)
                return;
        json_tokener_free(parser->tokener);
        g_byte_array_unref(parser->buffer);
        g_clear_error(&parser->failed);
        g_free(parser);
}

/* Drops what was taken, and the memory of a large message with it. */
static void compact(VbQmpParser *parser)
{
        guint rest = parser->buffer->len - (guint) parser->start;

        if (parser->start == 0)
                return;
        if (rest <= BUFFER_IDLE_MAX && parser->buffer->len > BUFFER_IDLE_MAX) {
                g_autoptr(GByteArray) old = g_steal_pointer(&parser->buffer);

                parser->buffer = g_byte_array_new();
                g_byte_array_append(parser->buffer, old->data + parser->start, rest);
        } else
                g_byte_array_remove_range(parser->buffer, 0, (guint) parser->start);
        parser->scanned -= parser->start;
        parser->start = 0;
}

void vb_qmp_parser_feed(VbQmpParser *parser, const void *data, size_t size)
{
        if (parser->failed)
                return;
        compact(parser);
        g_byte_array_append(parser->buffer, data, (guint) size);
}

static int fail(const VbQmpParser *parser, GError **error)
{
        g_propagate_error(error, g_error_copy(parser->failed));
        return -1;
}

static bool parse(VbQmpParser *parser, const char *line, size_t size, json_object **ret)
{
        g_autoptr(json_object) message = vb_json_parse(parser->tokener, line, size, &parser->failed);

        if (!message)
                return false;
        if (!json_object_is_type(message, json_type_object))
                return vb_error_set(&parser->failed, VB_ERROR_MONITOR, "not an object");
        *ret = g_steal_pointer(&message);
        return true;
}

int vb_qmp_parser_next(VbQmpParser *parser, json_object **ret, size_t *ret_size, GError **error)
{
        const char *data = (const char *) parser->buffer->data;
        const char *end = NULL;
        size_t size;

        if (parser->failed)
                return fail(parser, error);
        if (parser->scanned < parser->buffer->len)
                end = memchr(data + parser->scanned, '\n', parser->buffer->len - parser->scanned);
        size = (end ? (size_t) (end - data) : parser->buffer->len) - parser->start;
        if (size > VB_QMP_MESSAGE_MAX) {
                vb_error_set(&parser->failed, VB_ERROR_MONITOR, "message of more than %u bytes",
                             VB_QMP_MESSAGE_MAX);
                return fail(parser, error);
        }
        if (!end) {
                parser->scanned = parser->buffer->len;
                compact(parser);
                return 0;
        }
        if (!parse(parser, data + parser->start, size, ret))
                return fail(parser, error);
        parser->start = parser->scanned = (size_t) (end - data) + 1;
        *ret_size = size + 1;
        return 1;
}
