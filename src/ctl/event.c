/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How each signal reads as a line. A signal that is not in the table is shown as its name and its arguments.
 */
#include "ctl/event.h"

#include "ctl/bus.h"
#include "ctl/property.h"
#include "ctl/text.h"

#include <stdio.h>

static json_object *argument(const VbCtlEvent *event, size_t index)
{
        return json_object_array_get_idx(event->arguments, index);
}

static const char *text_argument(const VbCtlEvent *event, size_t index)
{
        const char *text = json_object_get_string(argument(event, index));

        return text ? text : "";
}

static char *describe_lifecycle(const VbCtlEvent *event)
{
        return g_strdup_printf("%s (%s)", text_argument(event, 0), text_argument(event, 1));
}

static char *describe_properties(const VbCtlEvent *event)
{
        g_autoptr(GString) out = g_string_new(NULL);
        json_object *changed = argument(event, 1);
        json_object *invalidated = argument(event, 2);

        json_object_object_foreach(changed, name, value) {
                g_autofree char *text = vb_ctl_property_text(name, value);

                g_string_append_printf(out, "%s%s=%s", out->len > 0 ? ", " : "", name, *text ? text : "-");
        }
        for (size_t i = 0; i < json_object_array_length(invalidated); i++)
                g_string_append_printf(out, "%s%s changed", out->len > 0 ? ", " : "",
                                       json_object_get_string(json_object_array_get_idx(invalidated, i)));
        return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *describe_added(const VbCtlEvent *event)
{
        json_object *device = NULL;
        json_object *domain = NULL;

        if (json_object_object_get_ex(argument(event, 1), VB_CTL_DOMAIN, &domain))
                return g_strdup_printf("added: %s", vb_ctl_json_string(domain, "State"));
        if (json_object_object_get_ex(argument(event, 1), VB_CTL_DEVICE, &device))
                return g_strdup_printf("added: %s %s %s", vb_ctl_json_string(device, "Kind"),
                                       vb_ctl_json_string(device, "Driver"),
                                       vb_ctl_json_string(device, "Address"));
        return g_strdup("added");
}

static char *describe_removed(const VbCtlEvent *event)
{
        return g_strdup("removed");
}

static char *describe_service(const VbCtlEvent *event)
{
        return g_strdup(*text_argument(event, 2) ? "the service is there" : "the service is gone");
}

static char *describe_any(const VbCtlEvent *event)
{
        g_autofree char *arguments = vb_ctl_json_format(event->arguments, false);

        return g_strdup_printf("%s %s", event->member, arguments);
}

static const struct {
        const char *interface;
        const char *member;
        const char *signature;
        char *(*describe)(const VbCtlEvent *event);
} descriptions[] = {
        { VB_CTL_DOMAIN,          "Lifecycle",         "ss",          describe_lifecycle  },
        { VB_CTL_PROPERTIES,      "PropertiesChanged", "sa{sv}as",    describe_properties },
        { VB_CTL_OBJECT_MANAGER,  "InterfacesAdded",   "oa{sa{sv}}",  describe_added      },
        { VB_CTL_OBJECT_MANAGER,  "InterfacesRemoved", "oas",         describe_removed    },
        { "org.freedesktop.DBus", "NameOwnerChanged",  "sss",         describe_service    },
};

char *vb_ctl_event_describe(const VbCtlEvent *event)
{
        for (size_t i = 0; i < G_N_ELEMENTS(descriptions); i++)
                if (g_str_equal(descriptions[i].interface, event->interface) &&
                    g_str_equal(descriptions[i].member, event->member) &&
                    g_str_equal(descriptions[i].signature, event->signature))
                        return descriptions[i].describe(event);
        return describe_any(event);
}

/* "demo", "demo/net0", or "virtbusd" for what belongs to no domain */
static char *event_subject(const VbCtlEvent *event)
{
        g_autofree char *domain_path = vb_ctl_path_domain(event->object);
        g_autofree char *alias = NULL;

        if (!domain_path)
                return g_strdup("virtbusd");
        if (g_str_equal(domain_path, event->object))
                return g_strdup(event->domain ? event->domain : event->object);
        alias = vb_ctl_path_name(event->object);
        return g_strdup_printf("%s/%s", event->domain ? event->domain : domain_path, alias);
}

void vb_ctl_event_print(const VbCtlEvent *event)
{
        g_autofree char *description = vb_ctl_event_describe(event);
        g_autofree char *time = vb_ctl_time(event->time_usec, true);
        g_autofree char *subject = event_subject(event);
        g_autofree char *line = NULL;
        g_autofree char *shown = NULL;

        line = g_strdup_printf("%s %s: %s", time, subject, description);
        shown = vb_ctl_escape(line, false);
        puts(shown);
}

void vb_ctl_event_print_json(const VbCtlEvent *event)
{
        g_autoptr(json_object) object = json_object_new_object();

        json_object_object_add(object, "Time", json_object_new_uint64(event->time_usec));
        json_object_object_add(object, "Path", json_object_new_string(event->path));
        json_object_object_add(object, "Domain",
                               event->domain ? json_object_new_string(event->domain) : NULL);
        json_object_object_add(object, "Interface", json_object_new_string(event->interface));
        json_object_object_add(object, "Signal", json_object_new_string(event->member));
        json_object_object_add(object, "Arguments", json_object_get(event->arguments));
        vb_ctl_json_print(object, false);
}
