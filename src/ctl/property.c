/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How each property is shown to people. Whatever is not in the table is shown by its type, so that a service
 * that is newer than this client can still be read. */
#include "ctl/property.h"

#include "ctl/bus.h"
#include "ctl/text.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

char *vb_ctl_path_name(const char *path)
{
        const char *last = strrchr(path, '/');
        g_autofree char *prefix = NULL;
        char *name = NULL;

        if (!last || !last[1])
                return g_strdup("");
        prefix = last == path ? g_strdup("/") : g_strndup(path, (gsize) (last - path));
        if (sd_bus_path_decode(path, prefix, &name) <= 0)
                return g_strdup(last + 1);
        return name;
}

char *vb_ctl_path_domain(const char *path)
{
        size_t length;

        if (!g_str_has_prefix(path, VB_CTL_DOMAINS))
                return NULL;
        length = strcspn(path + strlen(VB_CTL_DOMAINS), "/");
        return length > 0 ? g_strndup(path, strlen(VB_CTL_DOMAINS) + length) : NULL;
}

static char *format_size(json_object *value)
{
        return vb_ctl_size(json_object_get_uint64(value));
}

static char *format_time(json_object *value)
{
        uint64_t usec = json_object_get_uint64(value);

        return usec > 0 ? vb_ctl_time(usec, false) : g_strdup("");
}

static char *format_pid(json_object *value)
{
        uint64_t pid = json_object_get_uint64(value);

        return pid > 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, pid) : g_strdup("");
}

static char *format_uid(json_object *value)
{
        uint64_t uid = json_object_get_uint64(value);
        struct passwd *user = getpwuid((uid_t) uid);

        return user ? g_strdup(user->pw_name) : g_strdup_printf("%" G_GUINT64_FORMAT, uid);
}

static char *format_path(json_object *value)
{
        const char *path = json_object_get_string(value);

        return vb_ctl_path_name(path ? path : "");
}

static char *format_paths(json_object *value)
{
        g_autoptr(GString) out = g_string_new(NULL);

        if (!json_object_is_type(value, json_type_array))
                return format_path(value);
        for (size_t i = 0; i < json_object_array_length(value); i++) {
                g_autofree char *name = format_path(json_object_array_get_idx(value, i));

                g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", name);
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}

static const char *string_at(json_object *array, size_t i)
{
        const char *string = NULL;

        if (json_object_is_type(array, json_type_array) && i < json_object_array_length(array))
                string = json_object_get_string(json_object_array_get_idx(array, i));
        return string ? string : "";
}

/* By model, that of the process, and of its files where that is another. */
static char *format_labels(json_object *value)
{
        g_autoptr(GString) out = g_string_new(NULL);

        if (!json_object_is_type(value, json_type_array))
                return vb_ctl_json_format(value, false);
        for (size_t i = 0; i < json_object_array_length(value); i++) {
                json_object *label = json_object_array_get_idx(value, i);
                const char *files = string_at(label, 2);

                g_string_append_printf(out, "%s%s %s", out->len > 0 ? ", " : "", string_at(label, 0),
                                       string_at(label, 1));
                if (*files && !g_str_equal(files, string_at(label, 1)))
                        g_string_append_printf(out, " (files: %s)", files);
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool is_empty(json_object *value)
{
        return (json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0) ||
               (json_object_is_type(value, json_type_object) && json_object_object_length(value) == 0);
}

static const struct {
        const char *name;
        char *(*format)(json_object *value);
} formats[] = {
        { "Attached",       format_paths  },
        { "Companions",     format_paths  },
        { "Controller",     format_path   },
        { "Controllers",    format_paths  },
        { "Devices",        format_paths  },
        { "Jobs",           format_paths  },
        { "Master",         format_path   },
        { "MemoryActual",   format_size   },
        { "MemoryMaximum",  format_size   },
        { "Owner",          format_uid    },
        { "ProcessID",      format_pid    },
        { "SecurityLabels", format_labels },
        { "StartTime",      format_time   },
};

char *vb_ctl_property_text(const char *name, json_object *value)
{
        if (!value || is_empty(value))
                return g_strdup("");
        for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
                if (g_str_equal(formats[i].name, name))
                        return formats[i].format(value);
        if (json_object_is_type(value, json_type_string))
                return g_strdup(json_object_get_string(value));
        if (json_object_is_type(value, json_type_boolean))
                return g_strdup(json_object_get_boolean(value) ? "yes" : "no");
        return vb_ctl_json_format(value, false);
}

char *vb_ctl_property_of(json_object *object, const char *name)
{
        json_object *value = NULL;

        json_object_object_get_ex(object, name, &value);
        return vb_ctl_property_text(name, value);
}
