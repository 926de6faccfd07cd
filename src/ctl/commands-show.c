/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verbs that show domains, from one call each. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/property.h"
#include "ctl/table.h"
#include "ctl/text.h"

#include <stdio.h>
#include <stdlib.h>

static const VbCtlColumn list_columns[] = {
        { "NAME",    false },
        { "STATE",   false },
        { "VCPUS",   true  },
        { "MEMORY",  true  },
        { "OWNER",   false },
        { "PID",     true  },
        { "STARTED", false },
        { "NOTES",   false },
};

/* { "Path": ..., properties }, for JSON */
static json_object *with_path(const char *path, json_object *properties)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, "Path", json_object_new_string(path));
        json_object_object_foreach(properties, name, value)
                json_object_object_add(object, name, json_object_get(value));
        return object;
}

/* Numbers in paths by their value: domains in the order in which they were defined. */
static int compare_paths(const void *a, const void *b)
{
        json_object *const *left = a;
        json_object *const *right = b;

        return strverscmp(vb_ctl_json_string(*left, "Path"), vb_ctl_json_string(*right, "Path"));
}

static bool get_domains(VbCtl *ctl, json_object **ret, GError **error)
{
        g_autoptr(json_object) objects = NULL;
        json_object *domains;

        if (!vb_ctl_get_objects(ctl, VB_CTL_ROOT, &objects, NULL, error))
                return false;
        domains = json_object_new_array();
        json_object_object_foreach(objects, path, interfaces) {
                json_object *properties = NULL;

                if (json_object_object_get_ex(interfaces, VB_CTL_DOMAIN, &properties))
                        json_object_array_add(domains, with_path(path, properties));
        }
        json_object_array_sort(domains, compare_paths);
        *ret = domains;
        return true;
}

static char *domain_notes(json_object *domain)
{
        g_autoptr(GPtrArray) notes = g_ptr_array_new();

        if (!vb_ctl_json_bool(domain, "Persistent"))
                g_ptr_array_add(notes, (char *) "transient");
        if (vb_ctl_json_bool(domain, "Autostart"))
                g_ptr_array_add(notes, (char *) "autostart");
        if (vb_ctl_json_bool(domain, "Pending"))
                g_ptr_array_add(notes, (char *) "pending");
        if (vb_ctl_json_bool(domain, "HasManagedSave"))
                g_ptr_array_add(notes, (char *) "saved");
        g_ptr_array_add(notes, NULL);
        return g_strjoinv(", ", (char **) notes->pdata);
}

static void add_domain(VbCtlTable *table, json_object *domain)
{
        g_autofree char *vcpus = vb_ctl_property_of(domain, "VCPUs");
        g_autofree char *memory = vb_ctl_property_of(domain, "MemoryActual");
        g_autofree char *owner = vb_ctl_property_of(domain, "Owner");
        g_autofree char *pid = vb_ctl_property_of(domain, "ProcessID");
        g_autofree char *started = vb_ctl_property_of(domain, "StartTime");
        g_autofree char *notes = domain_notes(domain);

        vb_ctl_table_add(table, (const char *const[]){ vb_ctl_json_string(domain, "Name"),
                                                       vb_ctl_json_string(domain, "State"), vcpus, memory,
                                                       owner, pid, started, notes });
}

bool vb_ctl_list(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(json_object) domains = NULL;
        g_autoptr(VbCtlTable) table = vb_ctl_table_new(list_columns, G_N_ELEMENTS(list_columns));
        g_autofree char *text = NULL;

        if (!get_domains(ctl, &domains, error))
                return false;
        if (ctl->options & VB_CTL_OPTION_JSON) {
                vb_ctl_json_print(domains, true);
                return true;
        }
        for (size_t i = 0; i < json_object_array_length(domains); i++)
                add_domain(table, json_object_array_get_idx(domains, i));
        text = vb_ctl_table_format(table);
        fputs(text, stdout);
        return true;
}

/* What `show` shows: a property, or two of them with something between and after. */
static const struct {
        const char *label;
        const char *property;
        const char *between;
        const char *second;
        const char *after;
} show_rows[] = {
        /* clang-format off */
        { .label = "Name", .property = "Name" },
        { .label = "Title", .property = "Title" },
        { .label = "UUID", .property = "UUID" },
        { .label = "Owner", .property = "Owner" },
        { .label = "State", .property = "State",
          .between = " (", .second = "StateReason", .after = ")" },
        { .label = "Started", .property = "StartTime" },
        { .label = "Persistent", .property = "Persistent" },
        { .label = "Autostart", .property = "Autostart" },
        { .label = "Saved", .property = "HasManagedSave" },
        { .label = "Pending", .property = "Pending" },
        { .label = "Architecture", .property = "Architecture" },
        { .label = "Machine", .property = "MachineType" },
        { .label = "Accelerator", .property = "Accelerator" },
        { .label = "Memory", .property = "MemoryActual",
          .between = " of ", .second = "MemoryMaximum", .after = "" },
        { .label = "VCPUs", .property = "VCPUs",
          .between = " of ", .second = "VCPUsMaximum", .after = "" },
        { .label = "Process", .property = "ProcessID" },
        { .label = "Runtime directory", .property = "RuntimeDirectory" },
        { .label = "Controllers", .property = "Controllers" },
        { .label = "Devices", .property = "Devices" },
        /* clang-format on */
};

static bool has_row(const char *property)
{
        for (size_t i = 0; i < G_N_ELEMENTS(show_rows); i++)
                if (g_str_equal(show_rows[i].property, property) ||
                    g_strcmp0(show_rows[i].second, property) == 0)
                        return true;
        return false;
}

static void print_row(const char *label, const char *value)
{
        g_autofree char *shown_label = vb_ctl_escape(label, false);
        g_autofree char *shown_value = vb_ctl_escape(value, false);

        if (*value)
                printf("%17s: %s\n", shown_label, shown_value);
}

static void print_domain(json_object *domain)
{
        for (size_t i = 0; i < G_N_ELEMENTS(show_rows); i++) {
                g_autofree char *first = vb_ctl_property_of(domain, show_rows[i].property);
                g_autofree char *second =
                        show_rows[i].second ? vb_ctl_property_of(domain, show_rows[i].second) : NULL;
                g_autofree char *both = NULL;

                if (second && *second)
                        both = g_strconcat(first, show_rows[i].between, second, show_rows[i].after, NULL);
                print_row(show_rows[i].label, both ? both : first);
        }
        json_object_object_foreach(domain, name, value) {
                g_autofree char *text = vb_ctl_property_text(name, value);

                if (!has_row(name))
                        print_row(name, text);
        }
}

bool vb_ctl_show(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(json_object) properties = NULL;
        g_autoptr(json_object) domain = NULL;
        g_autofree char *path = NULL;

        if (!vb_ctl_find_domain(ctl, args[0], &path, error) ||
            !vb_ctl_call(ctl, VB_CTL_READS, path, VB_CTL_PROPERTIES, "GetAll", &reply, error, "s",
                         VB_CTL_DOMAIN) ||
            !vb_ctl_read_reply(reply, "a{sv}", &properties, error))
                return false;
        domain = with_path(path, properties);
        if (ctl->options & VB_CTL_OPTION_JSON)
                vb_ctl_json_print(domain, true);
        else
                print_domain(domain);
        return true;
}
