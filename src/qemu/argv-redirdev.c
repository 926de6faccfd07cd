/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Redirected USB devices, each with the filter of them all. */
#include "conf/redirdev.h"

#include "qemu/argv-chardev.h"

static const VbRedirfilter *find_filter(const VbDomainDef *def)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i);

                if (device->kind == VB_DEVICE_REDIRFILTER)
                        return (const VbRedirfilter *) device;
        }
        return NULL;
}

static void append_code(GString *text, int width, int value)
{
        if (value < 0)
                g_string_append(text, "-1:");
        else
                g_string_append_printf(text, "0x%0*X:", width, (unsigned) value);
}

/* class:vendor:product:version:allow|... */
static void set_filter(json_object *object, const VbRedirfilter *filter)
{
        g_autoptr(GString) text = g_string_new(NULL);

        if (!filter || filter->rules->len == 0)
                return;
        for (guint i = 0; i < filter->rules->len; i++) {
                const VbRedirRule *rule = &g_array_index(filter->rules, VbRedirRule, i);

                if (i > 0)
                        g_string_append_c(text, '|');
                append_code(text, 2, rule->class_code);
                append_code(text, 4, rule->vendor);
                append_code(text, 4, rule->product);
                append_code(text, 4, rule->version);
                g_string_append_c(text, rule->allow ? '1' : '0');
        }
        vb_json_set_string(object, "filter", text->str);
}

static bool build_redirdev(VbArgv *argv, const VbDevice *device, GError **error)
{
        json_object *object = vb_argv_device_new(argv, device, error);
        g_autofree char *id = object ? vb_argv_add_chardev(argv, device, error) : NULL;

        if (!id) {
                json_object_put(object);
                return false;
        }
        vb_json_set_string(object, "chardev", id);
        set_filter(object, find_filter(argv->def));
        vb_argv_add_device(argv, device, object);
        return true;
}

static bool build_redirfilter(VbArgv *argv, const VbDevice *device, GError **error)
{
        return true; /* the redirdevs have it */
}

const VbArgvClass vb_argv_redirdev = { .build = build_redirdev };
const VbArgvClass vb_argv_redirfilter = { .build = build_redirfilter };
