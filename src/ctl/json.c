/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages as JSON. The commands read replies through this and nothing else, so that what --json prints and
 * what a table shows is the same thing. */
#include "ctl/json.h"

#include "ctl/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static int read_container(sd_bus_message *message, char type, const char *contents, json_object **ret);

static int read_basic(sd_bus_message *message, char type, json_object **ret)
{
        union {
                uint8_t y;
                int b;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
                int h;
        } value;
        int r = sd_bus_message_read_basic(message, type, &value);

        if (r < 0)
                return r;
        switch (type) {
        case SD_BUS_TYPE_BYTE:
                *ret = json_object_new_int(value.y);
                return 0;
        case SD_BUS_TYPE_BOOLEAN:
                *ret = json_object_new_boolean(value.b);
                return 0;
        case SD_BUS_TYPE_INT16:
                *ret = json_object_new_int(value.n);
                return 0;
        case SD_BUS_TYPE_UINT16:
                *ret = json_object_new_int(value.q);
                return 0;
        case SD_BUS_TYPE_INT32:
                *ret = json_object_new_int(value.i);
                return 0;
        case SD_BUS_TYPE_UINT32:
                *ret = json_object_new_uint64(value.u);
                return 0;
        case SD_BUS_TYPE_INT64:
                *ret = json_object_new_int64(value.x);
                return 0;
        case SD_BUS_TYPE_UINT64:
                *ret = json_object_new_uint64(value.t);
                return 0;
        case SD_BUS_TYPE_DOUBLE:
                *ret = isfinite(value.d) ? json_object_new_double(value.d) : NULL;
                return 0;
        case SD_BUS_TYPE_STRING:
        case SD_BUS_TYPE_OBJECT_PATH:
        case SD_BUS_TYPE_SIGNATURE:
                *ret = json_object_new_string(value.s);
                return 0;
        default:
                *ret = NULL;
                return 0;
        }
}

int vb_ctl_json_read(sd_bus_message *message, json_object **ret)
{
        const char *contents = NULL;
        char type = 0;
        int r = sd_bus_message_peek_type(message, &type, &contents);

        if (r < 0)
                return r;
        if (r == 0)
                return -ENXIO;
        if (type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_STRUCT || type == SD_BUS_TYPE_VARIANT)
                return read_container(message, type, contents, ret);
        return read_basic(message, type, ret);
}

static int read_elements(sd_bus_message *message, json_object **ret)
{
        g_autoptr(json_object) array = json_object_new_array();
        int r;

        while ((r = sd_bus_message_at_end(message, false)) == 0) {
                json_object *element = NULL;

                r = vb_ctl_json_read(message, &element);
                if (r < 0)
                        return r;
                json_object_array_add(array, element);
        }
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&array);
        return 0;
}

static int read_dictionary(sd_bus_message *message, const char *entry, json_object **ret)
{
        g_autoptr(json_object) object = json_object_new_object();
        g_autofree char *contents = g_strndup(entry + 1, strlen(entry) - 2); /* without the braces */
        int r;

        while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, contents)) > 0) {
                g_autoptr(json_object) key = NULL;
                json_object *value = NULL;

                r = vb_ctl_json_read(message, &key);
                if (r < 0)
                        return r;
                r = vb_ctl_json_read(message, &value);
                if (r < 0)
                        return r;
                json_object_object_add(object, json_object_get_string(key), value);
                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&object);
        return 0;
}

static int read_container(sd_bus_message *message, char type, const char *contents, json_object **ret)
{
        g_autoptr(json_object) value = NULL;
        int r = sd_bus_message_enter_container(message, type, contents);

        if (r < 0)
                return r;
        if (type == SD_BUS_TYPE_VARIANT)
                r = vb_ctl_json_read(message, &value);
        else if (type == SD_BUS_TYPE_ARRAY && *contents == '{')
                r = read_dictionary(message, contents, &value);
        else
                r = read_elements(message, &value);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(message);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&value);
        return 0;
}

int vb_ctl_json_read_all(sd_bus_message *message, json_object **ret)
{
        return read_elements(message, ret);
}

const char *vb_ctl_json_string(json_object *object, const char *key)
{
        const char *value = "";

        vb_json_get_string(object, key, &value);
        return value;
}

uint64_t vb_ctl_json_number(json_object *object, const char *key)
{
        uint64_t value = 0;

        vb_json_get_uint64(object, key, &value);
        return value;
}

bool vb_ctl_json_bool(json_object *object, const char *key)
{
        bool value = false;

        vb_json_get_bool(object, key, &value);
        return value;
}

/* json-c escapes what JSON demands, which leaves DEL, the C1 controls and invisible characters to the
 * terminal. Outside of ASCII there is nothing but the inside of strings, where \u may stand for anything. */
char *vb_ctl_json_format(json_object *object, bool pretty)
{
        int flags = JSON_C_TO_STRING_NOSLASHESCAPE | JSON_C_TO_STRING_SPACED |
                    (pretty ? JSON_C_TO_STRING_PRETTY : 0);
        g_autoptr(GString) out = g_string_new(NULL);

        for (const char *p = json_object_to_json_string_ext(object, flags); *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (c == '\n' || vb_ctl_is_visible(c))
                        g_string_append_unichar(out, c);
                else if (c < 0x10000)
                        g_string_append_printf(out, "\\u%04x", c);
                else
                        g_string_append_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                                               0xdc00 + ((c - 0x10000) & 0x3ff));
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}

void vb_ctl_json_print(json_object *object, bool pretty)
{
        g_autofree char *text = vb_ctl_json_format(object, pretty);

        puts(text);
}
