/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"

typedef enum {
        VB_QMP_GREETING,
        VB_QMP_RETURN,
        VB_QMP_ERROR,
        VB_QMP_EVENT,
} VbQmpKind;

/* What a message of QEMU's says, checked. Everything is borrowed from the JSON it was read from. */
typedef struct {
        VbQmpKind kind;
        uint32_t version;  /* greeting: 7002022 for 7.2.22 */
        int64_t id;        /* return, error */
        json_object *data; /* return: not NULL; event: an object or NULL */
        const char *name;  /* event: its name; error: its class */
        const char *text;  /* error: its description, and how much of it is fit to be passed on */
        int text_size;
        uint64_t timestamp_usec; /* event: CLOCK_REALTIME, 0 if QEMU does not know */
} VbQmpMessage;

/* False with @error (MONITOR) for what is no message of the protocol. */
bool vb_qmp_message_read(json_object *json, VbQmpMessage *ret, GError **error);

/* The text of a command, ready to be sent. INVALID_ARGS for what QEMU's parser would not take: it answers
 * that without the id, and nobody could tell to whom. @arguments may be NULL. Caller frees. */
char *vb_qmp_command_format(const char *command, json_object *arguments, int64_t id, size_t *ret_size,
                            GError **error);
