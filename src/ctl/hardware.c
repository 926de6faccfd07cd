/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's hardware as a tree: every device below the controller that it is plugged into. */
#include "ctl/bus.h"
#include "ctl/commands.h"
#include "ctl/property.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/tree.h"

#include <stdio.h>

static const VbCtlColumn hardware_columns[] = {
        { "ALIAS",   false },
        { "TYPE",    false },
        { "DRIVER",  false },
        { "ADDRESS", false },
        { "NOTES",   false },
};

/* { "Path": ..., the properties of all our interfaces }; NULL for what is no hardware. */
static json_object *merge_interfaces(const char *path, json_object *interfaces)
{
        json_object *object;

        if (!json_object_object_get_ex(interfaces, VB_CTL_DEVICE, NULL))
                return NULL;
        object = json_object_new_object();
        json_object_object_add(object, "Path", json_object_new_string(path));
        json_object_object_foreach(interfaces, interface, properties) {
                if (!g_str_has_prefix(interface, VB_CTL_SERVICE "."))
                        continue;
                json_object_object_foreach(properties, name, value)
                        json_object_object_add(object, name, json_object_get(value));
        }
        return object;
}

/* The buses first, then what is plugged into something, then the rest. */
static int rank(json_object *object)
{
        if (*vb_ctl_json_string(object, "Address"))
                return 1;
        return g_str_equal(vb_ctl_json_string(object, "Type"), "pci") ? 0 : 2;
}

static int compare_hardware(gconstpointer a, gconstpointer b)
{
        json_object *left = *(json_object *const *) a;
        json_object *right = *(json_object *const *) b;
        const char *left_type = vb_ctl_json_string(left, "AddressType");
        int r = rank(left) - rank(right);

        if (r == 0)
                r = strcmp(left_type, vb_ctl_json_string(right, "AddressType"));
        if (r == 0 && g_str_equal(left_type, "pci")) /* hexadecimal, of fixed width */
                r = strcmp(vb_ctl_json_string(left, "Address"), vb_ctl_json_string(right, "Address"));
        else if (r == 0)
                r = strverscmp(vb_ctl_json_string(left, "Address"), vb_ctl_json_string(right, "Address"));
        if (r == 0)
                r = strverscmp(vb_ctl_json_string(left, "Alias"), vb_ctl_json_string(right, "Alias"));
        return r;
}

static void put_object(gpointer data)
{
        json_object_put(data);
}

/* An array of json_object, in the order in which siblings are shown. */
static GPtrArray *sorted_hardware(json_object *objects)
{
        GPtrArray *hardware = g_ptr_array_new_with_free_func(put_object);

        json_object_object_foreach(objects, path, interfaces) {
                json_object *object = merge_interfaces(path, interfaces);

                if (object)
                        g_ptr_array_add(hardware, object);
        }
        g_ptr_array_sort(hardware, compare_hardware);
        return hardware;
}

/* A tree of json_object, borrowed from @hardware. */
static GNode *build_tree(GPtrArray *hardware)
{
        g_autoptr(GHashTable) nodes = g_hash_table_new(g_str_hash, g_str_equal);
        GNode *root = g_node_new(NULL);

        for (guint i = 0; i < hardware->len; i++)
                g_hash_table_insert(nodes, (char *) vb_ctl_json_string(hardware->pdata[i], "Path"),
                                    g_node_new(hardware->pdata[i]));
        for (guint i = 0; i < hardware->len; i++) {
                GNode *node = g_hash_table_lookup(nodes, vb_ctl_json_string(hardware->pdata[i], "Path"));
                GNode *parent =
                        g_hash_table_lookup(nodes, vb_ctl_json_string(hardware->pdata[i], "Controller"));

                vb_ctl_tree_attach(root, parent, node);
        }
        return root;
}

static char *hardware_type(json_object *object)
{
        const char *type = vb_ctl_json_string(object, "Type");
        const char *model = vb_ctl_json_string(object, "Model");

        if (!*type)
                return g_strdup(vb_ctl_json_string(object, "Kind"));
        return g_strdup_printf("%s%s%s", type, *model ? " " : "", model);
}

static char *hardware_notes(json_object *object)
{
        g_autoptr(GString) notes = g_string_new(NULL);
        uint64_t boot_index = vb_ctl_json_number(object, "BootIndex");
        uint64_t slots = vb_ctl_json_number(object, "SlotsTotal");

        if (vb_ctl_json_bool(object, "Builtin"))
                g_string_append(notes, ", builtin");
        if (boot_index > 0)
                g_string_append_printf(notes, ", boot %" G_GUINT64_FORMAT, boot_index);
        if (slots > 0)
                g_string_append_printf(notes, ", %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " free",
                                       vb_ctl_json_number(object, "SlotsFree"), slots);
        if (vb_ctl_json_bool(object, "AcceptsHotplug"))
                g_string_append(notes, ", hotplug");
        if (vb_ctl_json_bool(object, "Removable"))
                g_string_append(notes, ", removable");
        return g_strdup(notes->len > 0 ? notes->str + strlen(", ") : "");
}

static gboolean add_row(GNode *node, gpointer userdata)
{
        VbCtlTable *table = userdata;
        json_object *object = node->data;
        g_autofree char *prefix = NULL;
        g_autofree char *alias = NULL;
        g_autofree char *type = NULL;
        g_autofree char *notes = NULL;

        if (G_NODE_IS_ROOT(node))
                return FALSE;
        prefix = vb_ctl_tree_prefix(node, vb_ctl_locale_is_utf8());
        alias = g_strconcat(prefix, vb_ctl_json_string(object, "Alias"), NULL);
        type = hardware_type(object);
        notes = hardware_notes(object);
        vb_ctl_table_add(table, (const char *const[]){ alias, type, vb_ctl_json_string(object, "Driver"),
                                                       vb_ctl_json_string(object, "Address"), notes });
        return FALSE;
}

static gboolean add_json(GNode *node, gpointer userdata)
{
        if (!G_NODE_IS_ROOT(node))
                json_object_array_add(userdata, json_object_get(node->data));
        return FALSE;
}

static void print_tree(GNode *root)
{
        g_autoptr(VbCtlTable) table = vb_ctl_table_new(hardware_columns, G_N_ELEMENTS(hardware_columns));
        g_autofree char *text = NULL;

        g_node_traverse(root, G_PRE_ORDER, G_TRAVERSE_ALL, -1, add_row, table);
        text = vb_ctl_table_format(table);
        fputs(text, stdout);
}

/* All objects, in the order of the tree. */
static void print_json(GNode *root)
{
        g_autoptr(json_object) array = json_object_new_array();

        g_node_traverse(root, G_PRE_ORDER, G_TRAVERSE_ALL, -1, add_json, array);
        vb_ctl_json_print(array, true);
}

bool vb_ctl_hardware(VbCtl *ctl, char **args, GError **error)
{
        g_autoptr(json_object) objects = NULL;
        g_autoptr(GPtrArray) hardware = NULL;
        g_autofree char *path = NULL;
        GNode *root;

        if (!vb_ctl_find_domain(ctl, args[0], &path, error) ||
            !vb_ctl_get_objects(ctl, path, &objects, NULL, error))
                return false;
        hardware = sorted_hardware(objects);
        root = build_tree(hardware);
        if (ctl->options & VB_CTL_OPTION_JSON)
                print_json(root);
        else
                print_tree(root);
        g_node_destroy(root);
        return true;
}
