/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU cannot tell. Every row says which part of a board decides (never the machine type's name), what
 * follows, why it had to be written down, and what was tried instead. Rows of a fact are looked at in their
 * order; the first whose part the board has decides. */
#include "qemu/board-exceptions.h"

#include <inttypes.h>

#define MIB (1024ULL * 1024)

typedef enum { FACT_MEMORY_SLOTS, FACT_MEMORY_ALIGNMENT, FACT_FLASH } Fact;

typedef struct {
        Fact fact;
        const char *driver;   /* a device of the board; NULL: any board */
        const char *property; /* that has this property turned on; NULL: whatever it has */
        const char *prop;     /* of a machine type that has this property; NULL: of any */
        uint64_t value;
        const char *reason;
} Exception;

/* clang-format off */
static const Exception exceptions[] = {
        { FACT_MEMORY_SLOTS, "spapr-pci-host-bridge", NULL, NULL, 32,
          "The limit (SPAPR_MAX_RAM_SLOTS) is in no type, property or QMP command. -m slots=33 is refused with it in the text, "
          "but slots=32 has to be tried in a start of its own." },
        { FACT_MEMORY_SLOTS, "PIIX4_PM", "memory-hotplug-support", NULL, 256,
          "The limit (ACPI_MAX_RAM_SLOTS) is in no type, property or QMP command, and -m slots=257 is refused without naming it. "
          "query-acpi-ospm-status lists only slots that were asked for." },
        { FACT_MEMORY_SLOTS, "ICH9-LPC", NULL, NULL, 256,
          "As PIIX4_PM. Its own memory-hotplug-support is a property of the object, not of the device, and on in every machine "
          "type with this chip that QEMU 6.2 or newer has." },
        { FACT_MEMORY_SLOTS, "gpex-pcihost", NULL, "nvdimm", 256,
          "As PIIX4_PM. The device that plugs memory (acpi-ged) is made only with a firmware and a 64-bit processor, which the "
          "least start has not. Generic boards with this bridge that plug no memory know no NVDIMM either." },
        { FACT_MEMORY_ALIGNMENT, "spapr-pci-host-bridge", NULL, NULL, 256 * MIB,
          "The size of a block that this firmware can plug (SPAPR_MEMORY_BLOCK_SIZE) is told only by refusing -m in a start of "
          "its own; query-memory-size-summary and the machine's `memory` property give the size alone." },
        { FACT_MEMORY_ALIGNMENT, NULL, NULL, NULL, 1 * MIB,
          "No other board that can be started is particular about a size in whole MiB, the unit of -m; smaller steps are rounded "
          "or refused, which the machine does not tell." },
        { FACT_FLASH, "i440FX", NULL, NULL, 2,
          "The properties pflash0 and pflash1 are deleted when the machine has started without a flash drive. "
          "qom-list-properties of the type shows them, and aborts QEMU 7.2 for some other machine types." },
        { FACT_FLASH, "mch", NULL, NULL, 2, "As i440FX." },
};
/* clang-format on */

static bool has_part(const VbTree *tree, const Exception *row)
{
        for (guint i = 0; i < tree->devices->len; i++) {
                const VbTreeDevice *device = g_ptr_array_index(tree->devices, i);

                if (g_str_equal(device->driver, row->driver) &&
                    (!row->property || g_strcmp0(vb_tree_device_get(device, row->property), "true") == 0))
                        return true;
        }
        return false;
}

/* 0 if no row fits. */
static uint64_t find(const VbMachineFacts *facts, const VbTree *tree, Fact fact)
{
        for (gsize i = 0; i < G_N_ELEMENTS(exceptions); i++)
                if (exceptions[i].fact == fact && (!exceptions[i].driver || has_part(tree, &exceptions[i])) &&
                    (!exceptions[i].prop || vb_machine_facts_has_prop(facts, exceptions[i].prop)))
                        return exceptions[i].value;
        return 0;
}

void vb_board_exceptions_apply(VbMachineFacts *facts, const VbTree *tree)
{
        uint64_t n_flash = find(facts, tree, FACT_FLASH);

        facts->memory_slots = (uint32_t) find(facts, tree, FACT_MEMORY_SLOTS);
        facts->memory_alignment = find(facts, tree, FACT_MEMORY_ALIGNMENT);
        for (uint64_t i = 0; i < n_flash; i++)
                g_hash_table_add(facts->props, g_strdup_printf("pflash%" PRIu64, i));
}
