/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of QMP: greeting, reply, error and event in, command out.
 * https://www.qemu.org/docs/master/interop/qmp-spec.html */
#include "qemu/qmp-message.h"

#include <json-c/json_visit.h>
#include <math.h>
#include <string.h>

#include "util/error.h"

/* Far above any name in QEMU; what is longer does not belong into a log or an error. */
#define NAME_MAX_LENGTH 128

/* A description is a sentence, at times with a path in it; the whole becomes a D-Bus error. */
#define TEXT_MAX_SIZE 8192

#define NAME_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_.-"

/* Names go into errors, logs and the command's text as they are. */
static bool name_is_valid(const char *name)
{
        size_t length = strspn(name, NAME_CHARACTERS);

        return length > 0 && length <= NAME_MAX_LENGTH && name[length] == '\0';
}

/* For "%.*s": as much as may be passed on, in whole characters. */
static int text_size(const char *text)
{
        size_t size = strlen(text);

        if (size <= TEXT_MAX_SIZE)
                return (int) size;
        return (int) (g_utf8_find_prev_char(text, text + TEXT_MAX_SIZE + 1) - text);
}

static bool bad(GError **error, const char *what)
{
        return vb_error_set(error, VB_ERROR_MONITOR, "%s", what);
}

static bool read_greeting(json_object *greeting, VbQmpMessage *ret, GError **error)
{
        uint64_t major, minor, micro;
        json_object *version, *qemu;

        if (!vb_json_get_object(greeting, "version", &version) ||
            !vb_json_get_object(version, "qemu", &qemu) || !vb_json_get_uint64(qemu, "major", &major) ||
            !vb_json_get_uint64(qemu, "minor", &minor) || !vb_json_get_uint64(qemu, "micro", &micro) ||
            major > 999 || minor > 999 || micro > 999)
                return bad(error, "greeting without a version");
        *ret = (VbQmpMessage){
                .kind = VB_QMP_GREETING,
                .version = (uint32_t) (major * 1000000 + minor * 1000 + micro),
        };
        return true;
}

/* QEMU sends -1 where the clock failed. */
static uint64_t read_timestamp(json_object *json)
{
        uint64_t seconds, microseconds;
        json_object *timestamp;

        if (!vb_json_get_object(json, "timestamp", &timestamp) ||
            !vb_json_get_uint64(timestamp, "seconds", &seconds) ||
            !vb_json_get_uint64(timestamp, "microseconds", &microseconds) || microseconds >= G_USEC_PER_SEC ||
            seconds > INT64_MAX / G_USEC_PER_SEC - 1)
                return 0;
        return seconds * G_USEC_PER_SEC + microseconds;
}

static bool read_event(json_object *json, VbQmpMessage *ret, GError **error)
{
        VbQmpMessage message = { .kind = VB_QMP_EVENT, .timestamp_usec = read_timestamp(json) };

        if (!vb_json_get_string(json, "event", &message.name) || !name_is_valid(message.name))
                return bad(error, "event without a name");
        if (!vb_json_get_object(json, "data", &message.data) && json_object_object_get_ex(json, "data", NULL))
                return bad(error, "event with data that is no object");
        *ret = message;
        return true;
}

static bool read_error(json_object *json, VbQmpMessage *ret, GError **error)
{
        VbQmpMessage message = { .kind = VB_QMP_ERROR };
        json_object *body;

        if (!vb_json_get_object(json, "error", &body) || !vb_json_get_string(body, "class", &message.name) ||
            !name_is_valid(message.name) || !vb_json_get_string(body, "desc", &message.text))
                return bad(error, "error without class and description");
        message.text_size = text_size(message.text);
        if (!vb_json_get_int64(json, "id", &message.id))
                return vb_error_set(error, VB_ERROR_MONITOR, "error that answers no command: %.*s",
                                    message.text_size, message.text);
        *ret = message;
        return true;
}

static bool read_return(json_object *json, json_object *value, VbQmpMessage *ret, GError **error)
{
        VbQmpMessage message = { .kind = VB_QMP_RETURN, .data = value };

        if (!vb_json_get_int64(json, "id", &message.id))
                return bad(error, "reply that answers no command");
        if (!value) {
                /* No command returns null; whoever asked need not be ready for it. */
                message.kind = VB_QMP_ERROR;
                message.name = "GenericError";
                message.text = "the answer is null";
                message.text_size = text_size(message.text);
        }
        *ret = message;
        return true;
}

bool vb_qmp_message_read(json_object *json, VbQmpMessage *ret, GError **error)
{
        json_object *value;

        if (json_object_object_get_ex(json, "return", &value))
                return read_return(json, value, ret, error);
        if (json_object_object_get_ex(json, "event", NULL))
                return read_event(json, ret, error);
        if (json_object_object_get_ex(json, "error", NULL))
                return read_error(json, ret, error);
        if (json_object_object_get_ex(json, "QMP", &value))
                return read_greeting(value, ret, error);
        return bad(error, "neither a greeting nor a reply nor an event");
}

static int visit_number(json_object *value, int flags, json_object *parent, const char *key, size_t *index,
                        void *userdata)
{
        if (!json_object_is_type(value, json_type_double) || isfinite(json_object_get_double(value)))
                return JSON_C_VISIT_RETURN_CONTINUE;
        *(bool *) userdata = true;
        return JSON_C_VISIT_RETURN_STOP;
}

/* QEMU takes no noncharacters (util/unicode.c). */
static bool text_is_valid(const char *text, size_t size)
{
        if (!g_utf8_validate_len(text, size, NULL))
                return false;
        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c;

                if ((guchar) *p < 0x80)
                        continue;
                c = g_utf8_get_char(p);
                if ((c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef))
                        return false;
        }
        return true;
}

char *vb_qmp_command_format(const char *command, json_object *arguments, int64_t id, size_t *ret_size,
                            GError **error)
{
        bool not_finite = false;
        const char *text = NULL;
        size_t size = 0;
        char *result;

        if (!name_is_valid(command)) {
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "not the name of a monitor command");
                return NULL;
        }
        if (!arguments) {
                result = g_strdup_printf("{\"execute\":\"%s\",\"id\":%" G_GINT64_FORMAT "}\n", command, id);
                *ret_size = strlen(result);
                return result;
        }
        if (!json_object_is_type(arguments, json_type_object)) {
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: the arguments are no JSON object", command);
                return NULL;
        }

        (void) json_c_visit(arguments, 0, visit_number, &not_finite);
        text = json_object_to_json_string_length(
                arguments, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
        if (not_finite || !text_is_valid(text, size)) {
                vb_error_set(error, VB_ERROR_INVALID_ARGS, "%s: the arguments have %s", command,
                             not_finite ? "a number that is not finite" : "text that is not valid UTF-8");
                return NULL;
        }
        result = g_strdup_printf("{\"execute\":\"%s\",\"arguments\":%s,\"id\":%" G_GINT64_FORMAT "}\n",
                                 command, text, id);
        *ret_size = strlen(result);
        return result;
}
