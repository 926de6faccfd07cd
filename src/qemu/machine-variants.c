/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two more starts of a machine type tell. All its switches are turned off at once: which of them removed
 * a device is known by its documentation, that the device can be removed is what is asked here, and a start
 * for each would take a dozen. */
#include "qemu/machine-variants.h"

#include <string.h>

#include "qemu/board-facts.h"
#include "qemu/facts-machine.h"
#include "util/json.h"

/* A property may turn out to be read-only, or another to need it. */
#define TRIES_MAX 4

static void variant_clear(VbVariant *variant)
{
        vb_machine_facts_unref(variant->facts);
        g_free(variant->problem);
}

static void variants_free(VbMachineVariants *variants)
{
        variant_clear(&variants->defaults);
        variant_clear(&variants->without);
        g_strfreev(variants->off);
        g_free(variants);
}

VbMachineVariants *vb_machine_variants_find(VbFactsRecord *record, const char *machine)
{
        VbMachineVariants *variants = NULL;

        if (!record->variants)
                record->variants = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify) variants_free);
        variants = g_hash_table_lookup(record->variants, machine);
        if (variants)
                return variants;
        variants = g_new0(VbMachineVariants, 1);
        g_hash_table_replace(record->variants, g_strdup(machine), variants);
        return variants;
}

char *vb_machine_variants_argument(const VbMachineVariants *variants, const char *machine)
{
        GString *text = g_string_new(machine);

        for (gsize i = 0; variants->off[i]; i++)
                g_string_append_printf(text, ",%s=off", variants->off[i]);
        return g_string_free(text, FALSE);
}

void vb_variant_succeed(VbVariant *variant, VbMachineFacts *facts)
{
        variant->facts = vb_machine_facts_ref(facts);
        variant->done = true;
}

void vb_variant_fail(VbVariant *variant, const GError *error)
{
        variant->problem = g_strdup(error->message);
        variant->done = true;
}

/* What QEMU printed stands behind what it was started with, which names all of them. */
static const char *complaint(const VbMachineVariants *variants, const GError *error)
{
        gsize n = g_strv_length(variants->off);
        g_autofree char *last = n > 0 ? g_strdup_printf(",%s=off", variants->off[n - 1]) : NULL;
        const char *found = last ? strstr(error->message, last) : NULL;

        return found ? found + strlen(last) : error->message;
}

void vb_machine_variants_retry(VbMachineVariants *variants, const GError *error)
{
        const char *text = complaint(variants, error);
        gsize kept = 0, n = g_strv_length(variants->off);

        for (gsize i = 0; i < n; i++) {
                if (strstr(text, variants->off[i]))
                        g_free(variants->off[i]);
                else
                        variants->off[kept++] = variants->off[i];
        }
        variants->off[kept] = NULL;
        if (kept == n || ++variants->tries >= TRIES_MAX)
                vb_variant_fail(&variants->without, error);
}

VbMachineFacts *vb_machine_variants_conclude(VbFactsRecord *record, const VbMachineFacts *facts)
{
        const VbMachineVariants *variants = vb_machine_variants_find(record, facts->name);
        g_autoptr(json_object) json = vb_facts_machine_to_json(facts);
        VbMachineFacts *whole = vb_facts_machine_from_json(facts->name, json);

        g_assert(whole);
        whole->detailed = true;
        if (variants->defaults.facts) {
                g_array_unref(whole->defaults);
                whole->defaults = vb_board_devices_minus(variants->defaults.facts->devices, facts->devices);
        }
        if (variants->without.facts)
                vb_board_facts_set_removable(whole, variants->without.facts->devices);
        if (variants->defaults.problem && variants->without.problem)
                whole->problem =
                        g_strdup_printf("%s\n%s", variants->defaults.problem, variants->without.problem);
        else
                whole->problem = g_strdup(variants->defaults.problem ? variants->defaults.problem
                                                                     : variants->without.problem);
        g_hash_table_remove(record->variants, whole->name);
        g_hash_table_replace(record->machines, whole->name, whole);
        return whole;
}
