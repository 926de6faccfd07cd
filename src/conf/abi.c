/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing what two definitions show to a guest. It is their canonical XML that is compared, field by field,
 * with the rules of abi-rules.c: so nothing that a definition can say is left out because nobody thought of
 * it here. */
#include "conf/abi.h"

#include "conf/abi-rules.h"
#include "conf/disk.h"
#include "conf/fields.h"
#include "util/error.h"

typedef struct {
        char *path;  /* as the rules have it: "feature@policy" */
        char *label; /* for people, one of several told from the others: "feature vmx policy" */
        char *value;
} Field;

/* A device, or what is of the whole domain. */
typedef struct {
        const VbDevice *device; /* borrowed; NULL: the domain */
        const VbAbiRule *rule;  /* NULL: nothing is known */
        const char *element;
        GPtrArray *fields; /* Field * in the order of the XML, only what guests see */
        bool paired;
} Part;

static void field_free(gpointer data)
{
        Field *field = data;

        g_free(field->path);
        g_free(field->label);
        g_free(field->value);
        g_free(field);
}

static void part_free(gpointer data)
{
        Part *part = data;

        g_ptr_array_unref(part->fields);
        g_free(part);
}

static const Field *find_field(const Part *part, const char *label)
{
        for (guint i = 0; i < part->fields->len; i++) {
                const Field *field = part->fields->pdata[i];

                if (g_str_equal(field->label, label))
                        return field;
        }
        return NULL;
}

/* Takes @value over. */
static void add_field(Part *part, const char *path, const char *label, char *value)
{
        g_autofree char *owned = value;
        g_autofree char *unique = g_strdup(label);
        Field *field;

        if (part->rule && vb_abi_rule_find(part->rule, path) == VB_ABI_UNSEEN)
                return;
        for (int n = 2; find_field(part, unique); n++) {
                g_free(unique);
                unique = g_strdup_printf("%s %d", label, n);
        }
        field = g_new(Field, 1);
        *field = (Field){ g_strdup(path), g_steal_pointer(&unique), g_steal_pointer(&owned) };
        g_ptr_array_add(part->fields, field);
}

static void on_field(const char *path, const char *label, const char *value, void *userdata)
{
        add_field(userdata, path, label, g_strdup(value));
}

static Part *part_new(const VbDevice *device, const char *element, const char *text)
{
        Part *part = g_new0(Part, 1);

        part->device = device;
        part->element = element;
        part->rule = vb_abi_rule(element);
        part->fields = g_ptr_array_new_with_free_func(field_free);
        vb_fields_visit(text, device != NULL, on_field, part);
        return part;
}

/* Whether there is nothing of it in the machine. */
static bool is_absent(const Part *part)
{
        const VbAbiRule *rule = part->rule;

        if (!rule || !rule->absent_path)
                return rule && !rule->seen;
        for (guint i = 0; i < part->fields->len; i++) {
                const Field *field = part->fields->pdata[i];

                if (g_str_equal(field->path, rule->absent_path))
                        return g_str_equal(field->value, rule->absent_value);
        }
        return false;
}

/* The address is one field, and what its words do not say are more. */
static void add_address(Part *part)
{
        const VbAddress *address = &part->device->address;

        if (address->type == VB_ADDRESS_NONE)
                return;
        add_field(part, "address", "address", vb_address_to_string(address));
        if (address->type == VB_ADDRESS_PCI && address->pci.multifunction == VB_TRISTATE_ON)
                add_field(part, "address@multifunction", "address multifunction", g_strdup("on"));
        if (address->type == VB_ADDRESS_DIMM && address->dimm.base > 0)
                add_field(part, "address@base", "address base",
                          g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address->dimm.base));
}

/* A SCSI drive that has no serial number is told its own name for one. */
static void add_name(Part *part)
{
        const VbDisk *disk = (const VbDisk *) part->device;

        if (part->device->kind == VB_DEVICE_DISK && disk->bus == VB_DISK_BUS_SCSI && !disk->serial &&
            disk->device != VB_DISK_LUN)
                add_field(part, "alias", "alias", g_strdup(part->device->alias));
}

static GPtrArray *parts_of(const VbDomainDef *def)
{
        GPtrArray *parts = g_ptr_array_new_with_free_func(part_free);
        g_autofree char *text = vb_domain_def_format(def);

        g_ptr_array_add(parts, part_new(NULL, "domain", text));
        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = def->devices->pdata[i];
                g_autofree char *xml = vb_device_format(device);
                Part *part = part_new(device, vb_device_kind_to_string(device->kind), xml);

                if (is_absent(part)) {
                        part_free(part);
                        continue;
                }
                add_address(part);
                add_name(part);
                g_ptr_array_add(parts, part);
        }
        return parts;
}

static const char *part_name(const Part *part)
{
        return !part->device ? "domain" : part->device->alias ? part->device->alias : part->element;
}

/* Adds the differences to @ret, which may be NULL; returns whether there are any. */
static bool compare_fields(const Part *a, const Part *b, GPtrArray *ret)
{
        bool differs = false;

        for (int pass = 0; pass < 2; pass++) {
                const Part *from = pass == 0 ? a : b;

                for (guint i = 0; i < from->fields->len; i++) {
                        const Field *field = from->fields->pdata[i];
                        const Field *other = find_field(pass == 0 ? b : a, field->label);

                        if (other ? pass == 1 || vb_abi_same_value(a->element, field->path, field->value,
                                                                   other->value)
                                  : vb_abi_same_value(a->element, field->path, field->value, NULL))
                                continue;
                        differs = true;
                        if (ret)
                                g_ptr_array_add(ret,
                                                g_strdup_printf("%s: %s: %s → %s", part_name(a), field->label,
                                                                pass == 1 ? "none" : field->value,
                                                                pass == 1 ? field->value
                                                                : other   ? other->value
                                                                          : "none"));
                }
        }
        return differs;
}

static bool is_same(const Part *a, const Part *b)
{
        return !compare_fields(a, b, NULL);
}

static bool is_called_the_same(const Part *a, const Part *b)
{
        return !a->device || g_strcmp0(a->device->alias, b->device->alias) == 0;
}

static bool is_in_the_same_place(const Part *a, const Part *b)
{
        return a->device && a->device->address.type != VB_ADDRESS_NONE &&
               vb_address_equal(&a->device->address, &b->device->address);
}

/* What a device is called says nothing to a guest, so whatever is the same in both is paired first; then what
 * people would take for the same device. */
static bool (*const likenesses[])(const Part *a, const Part *b) = { is_same, is_called_the_same,
                                                                    is_in_the_same_place };

static void pair(GPtrArray *ours, GPtrArray *theirs, bool (*is_like)(const Part *, const Part *),
                 GPtrArray *ret)
{
        for (guint i = 0; i < ours->len; i++) {
                Part *a = ours->pdata[i];

                for (guint k = 0; k < theirs->len && !a->paired; k++) {
                        Part *b = theirs->pdata[k];

                        if (b->paired || !g_str_equal(a->element, b->element) || !is_like(a, b))
                                continue;
                        a->paired = b->paired = true;
                        compare_fields(a, b, ret);
                }
        }
}

static void add_unpaired(GPtrArray *parts, bool is_new, GPtrArray *ret)
{
        for (guint i = 0; i < parts->len; i++) {
                const Part *part = parts->pdata[i];
                const Field *model = find_field(part, "model");
                g_autofree char *what = model ? g_strdup_printf("%s %s", part->element, model->value)
                                              : g_strdup(part->element);

                if (!part->paired)
                        g_ptr_array_add(ret, g_strdup_printf("%s: device: %s → %s", part_name(part),
                                                             is_new ? "none" : what, is_new ? what : "none"));
        }
}

char **vb_abi_differences(const VbDomainDef *a, const VbDomainDef *b)
{
        g_autoptr(GPtrArray) ours = parts_of(a), theirs = parts_of(b);
        GPtrArray *differences = g_ptr_array_new();

        for (gsize i = 0; i < G_N_ELEMENTS(likenesses); i++)
                pair(ours, theirs, likenesses[i], differences);
        add_unpaired(ours, false, differences);
        add_unpaired(theirs, true, differences);
        g_ptr_array_add(differences, NULL);
        return (char **) g_ptr_array_free(differences, FALSE);
}

bool vb_abi_check(const VbDomainDef *now, const VbDomainDef *then, GError **error)
{
        g_auto(GStrv) differences = vb_abi_differences(now, then);
        g_autofree char *list = NULL;

        if (!*differences)
                return true;
        list = g_strjoinv("; ", differences);
        return vb_error_set(error, VB_ERROR_INCOMPATIBLE, "The guest would see another machine: %s", list);
}

bool vb_abi_knows(const char *element, const char *path)
{
        const VbAbiRule *rule = vb_abi_rule(element);

        return rule && (!rule->seen || vb_abi_rule_find(rule, path) != VB_ABI_UNKNOWN);
}
