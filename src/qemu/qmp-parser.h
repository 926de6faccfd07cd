/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>

#include "util/json.h"

/* One message of QEMU's: a line. The largest known, query-qmp-schema's answer, is 200 KiB; lists of disks
 * with thousands of images and bitmaps come near to this. */
#define VB_QMP_MESSAGE_MAX (4U * 1024 * 1024)

/* Bytes in, JSON objects out. Pure: knows nothing of sockets. */
typedef struct VbQmpParser VbQmpParser;

VbQmpParser *vb_qmp_parser_new(void);
void vb_qmp_parser_free(VbQmpParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbQmpParser, vb_qmp_parser_free)

/* Adds @size bytes, in whatever pieces they arrive. */
void vb_qmp_parser_feed(VbQmpParser *parser, const void *data, size_t size);

/* Takes the next whole message: 1 and *ret (the caller puts it) and how long it was; 0 if more bytes are
 * needed; -1 and @error if what came is no message, and from then on always. To be called until it is not 1
 * before more is fed. */
int vb_qmp_parser_next(VbQmpParser *parser, json_object **ret, size_t *ret_size, GError **error);
