/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is made of the text of a device tree: buses, devices and their places, what they are for, and what the
 * starts of a machine type tell by their difference. */
#include <string.h>

#include "qemu/board-exceptions.h"
#include "qemu/board-facts.h"
#include "qemu/facts-machine.h"
#include "qemu/machine-variants.h"
#include "qemu/probe-emulator.h"
#include "util/error.h"

static const char *const board_text =
        "bus: main-system-bus\n"
        "  type System\n"
        "  dev: uart, id \"\"\n"
        "    chardev = \"\"\n"
        "    mmio 0000000009000000/0000000000001000\n"
        "  dev: clock, id \"\"\n"
        "    mmio ffffffffffffffff/0000000000001000\n"
        "  dev: spapr-pci-host-bridge, id \"b\"\n"
        "    index = 1 (0x1)\n"
        "    bus: pci.1\n"
        "      type PCI\n"
        "  dev: spapr-pci-host-bridge, id \"a\"\n"
        "    index = 0 (0x0)\n"
        "    bus: pci.0\n"
        "      type PCI\n"
        "      dev: net, id \"\"\n"
        "        addr = 02.0\n"
        "        class Ethernet controller, addr 00:02.0, pci id 8086:100e (sub 1af4:1100)\n"
        "        bar 0: mem at 0xffffffffffffffff [0x1fffe]\n"
        "      dev: isa-bridge, id \"\"\n"
        "        class ISA bridge, addr 00:01.3, pci id 8086:7000 (sub 1af4:1100)\n"
        "        bus: isa.0\n"
        "          type ISA\n"
        "          dev: isa-fdc, id \"\"\n"
        "            iobase = 1008 (0x3f0)\n"
        "            irq = 6 (0x6)\n"
        "            bus: floppy-bus.0\n"
        "              type floppy-bus\n"
        "  dev: virtio-mmio, id \"\"\n"
        "    a line of a newer release\n"
        "    mmio 000000000a000000/0000000000000200\n"
        "    bus: virtio-mmio-bus.0\n"
        "      type virtio-mmio-bus\n";

typedef struct {
        VbTree *tree;
        GHashTable *classes, *pci_buses;
        VbEmulatorFacts *emulator;
        VbMachineFacts *facts;
} Fixture;

static VbMachineFacts *facts_of(Fixture *f, const char *text)
{
        g_autoptr(VbTree) tree = NULL;
        g_autoptr(GError) error = NULL;
        VbMachineFacts *facts = vb_machine_facts_new();

        tree = vb_tree_parse(text, &error);
        g_assert_no_error(error);
        facts->name = g_strdup("board");
        vb_board_facts_fill(facts, &(VbBoard){ .tree = tree,
                                               .classes = f->classes,
                                               .pci_buses = f->pci_buses,
                                               .emulator = f->emulator });
        vb_board_exceptions_apply(facts, tree);
        return facts;
}

static void set_up(Fixture *f, const void *data)
{
        f->classes = vb_pci_classes_new();
        f->pci_buses = vb_bus_types_new();
        f->emulator = vb_emulator_facts_new();
        vb_bus_types_set(f->pci_buses, "PCI", VB_ROOT_BUS_PCI);
        vb_pci_classes_set(f->classes, 0x8086, 0x100e, 2, 0, 0x0200);
        vb_pci_classes_set(f->classes, 0x8086, 0x7000, 1, 3, 0x0601);
        f->facts = facts_of(f, board_text);
}

static void tear_down(Fixture *f, const void *data)
{
        g_hash_table_unref(f->classes);
        g_hash_table_unref(f->pci_buses);
        vb_emulator_facts_unref(f->emulator);
        vb_machine_facts_unref(f->facts);
}

static const VbBoardDevice *find(GArray *devices, const char *driver)
{
        for (guint i = 0; i < devices->len; i++)
                if (g_str_equal(g_array_index(devices, VbBoardDevice, i).driver, driver))
                        return &g_array_index(devices, VbBoardDevice, i);
        g_error("no %s", driver);
}

static void test_buses(Fixture *f, const void *data)
{
        g_assert_cmpint(f->facts->root_bus, ==, VB_ROOT_BUS_PCI);
        g_assert_cmpstr(f->facts->root_bus_name, ==, "pci.0");
        g_assert_cmpuint(f->facts->pci_hosts->len, ==, 2);
        g_assert_cmpstr(g_array_index(f->facts->pci_hosts, VbPciHost, 1).bus, ==, "pci.1");
        g_assert_cmpint(g_array_index(f->facts->pci_hosts, VbPciHost, 1).index, ==, 1);
        g_assert_true(f->facts->has_isa && f->facts->has_floppy && !f->facts->has_i8042);
        g_assert_cmpuint(f->facts->virtio_mmio_slots, ==, 1);
        g_assert_cmpstr(f->facts->serial_driver, ==, "uart");
        g_assert_null(f->facts->ide_bus);
}

static void test_places(Fixture *f, const void *data)
{
        const VbBoardDevice *net = find(f->facts->devices, "net"),
                            *floppy = find(f->facts->devices, "isa-fdc");

        g_assert_cmpint(net->slot, ==, 2);
        g_assert_cmpint(net->class_code, ==, 0x0200);
        g_assert_cmpint(net->role, ==, VB_ROLE_NETWORK);
        g_assert_cmpint(floppy->iobase, ==, 0x3f0);
        g_assert_cmpint(floppy->irq, ==, 6);
        g_assert_cmpint(floppy->role, ==, VB_ROLE_FLOPPY);
        g_assert_cmpuint(find(f->facts->devices, "uart")->mmio, ==, 0x9000000);
        g_assert_cmpuint(find(f->facts->devices, "clock")->mmio, ==, UINT64_MAX);
        /* Built-in functions in the order of their slots. */
        g_assert_cmpuint(f->facts->builtin_pci->len, ==, 2);
        g_assert_cmpstr(g_array_index(f->facts->builtin_pci, VbBuiltinPci, 0).driver, ==, "isa-bridge");
        g_assert_cmpint(g_array_index(f->facts->builtin_pci, VbBuiltinPci, 0).function, ==, 3);
}

/* Virtio is by PCI only where there is virtio for PCI. */
static void test_virtio(Fixture *f, const void *data)
{
        g_autoptr(VbMachineFacts) with = NULL, ccw = NULL;

        g_assert_cmpint(f->facts->virtio, ==, VB_VIRTIO_MMIO);
        vb_emulator_facts_add_word(f->emulator, VB_FACT_DEVICE, "virtio-blk-pci");
        with = facts_of(f, board_text);
        g_assert_cmpint(with->virtio, ==, VB_VIRTIO_PCI);
        ccw = facts_of(f, "bus: main-system-bus\n  type System\n  dev: b, id \"\"\n    bus: v\n      type "
                          "virtual-css-bus\n");
        g_assert_cmpint(ccw->virtio, ==, VB_VIRTIO_CCW);
}

static void test_exceptions(Fixture *f, const void *data)
{
        g_autoptr(VbMachineFacts) bare = facts_of(f, "bus: main-system-bus\n  type System\n");
        g_autoptr(VbMachineFacts) pc =
                facts_of(f, "bus: s\n  type System\n  dev: PIIX4_PM, id \"\"\n"
                            "    memory-hotplug-support = true\n  dev: i440FX, id \"\"\n");
        g_autoptr(VbMachineFacts) old = facts_of(f, "bus: s\n  type System\n  dev: PIIX4_PM, id \"\"\n"
                                                    "    memory-hotplug-support = false\n");

        g_assert_cmpuint(f->facts->memory_slots, ==, 32);
        g_assert_cmpuint(f->facts->memory_alignment, ==, 256 << 20);
        g_assert_cmpuint(bare->memory_slots, ==, 0);
        g_assert_cmpuint(bare->memory_alignment, ==, 1 << 20);
        g_assert_cmpuint(pc->memory_slots, ==, 256);
        g_assert_true(vb_machine_facts_has_prop(pc, "pflash1"));
        g_assert_cmpuint(old->memory_slots, ==, 0);
        g_assert_false(vb_machine_facts_has_prop(old, "pflash0"));
}

static void test_what_is_no_tree(Fixture *f, const void *data)
{
        /* clang-format off */
        static const char *const texts[] = {
                "",
                "unknown command: 'info qtree'\n",
                "  dev: orphan, id \"\"\n",
                " bus: odd\n",
                "bus: s\n  type System\n  dev: no-id\n",
                "bus: s\n  type System\n  dev: , id \"\"\n",
                "bus: with space\n  type System\n",
                "bus: s\n  type System\n    bus: of-nobody\n",
        };
        /* clang-format on */

        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(vb_tree_parse(texts[i], &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_EMULATOR_FAILED);
        }
}

/* Every cut and every changed byte is read without harm. */
static void test_damaged(Fixture *f, const void *data)
{
        gsize length = strlen(board_text);

        for (gsize i = 0; i < length; i++) {
                g_autofree char *cut = g_strndup(board_text, i), *changed = g_strdup(board_text);

                vb_tree_free(vb_tree_parse(cut, NULL));
                changed[i] = changed[i] == ' ' ? '\n' : ' ';
                vb_tree_free(vb_tree_parse(changed, NULL));
                changed[i] = '"';
                vb_tree_free(vb_tree_parse(changed, NULL));
        }
}

static void test_kept(Fixture *f, const void *data)
{
        g_autoptr(json_object) json = NULL, again = NULL;
        g_autoptr(VbMachineFacts) read = NULL;

        g_hash_table_add(f->facts->props, g_strdup("hpet"));
        g_strfreev(f->facts->switches);
        f->facts->switches = g_strsplit("hpet", " ", -1);
        f->facts->gic_versions = 1U << 3;
        g_array_index(f->facts->devices, VbBoardDevice, 0).removable = VB_TRISTATE_ON;
        json = vb_facts_machine_to_json(f->facts);
        read = vb_facts_machine_from_json("board", json);
        g_assert_nonnull(read);
        again = vb_facts_machine_to_json(read);
        g_assert_true(json_object_equal(json, again));
        json_object_object_del(json, "devices");
        g_assert_null(vb_facts_machine_from_json("board", json));
}

static char **words(const char *text)
{
        return g_strsplit(text, " ", -1);
}

static void test_variants(Fixture *f, const void *data)
{
        g_autofree char *more = g_strconcat(board_text, "  dev: screen, id \"\"\n", NULL);
        g_autoptr(GString) less = g_string_new(board_text);
        g_autoptr(VbMachineFacts) defaults = facts_of(f, more), without = NULL;
        g_autoptr(VbFactsRecord) record = vb_facts_record_new("/qemu", NULL);
        VbMachineVariants *variants = vb_machine_variants_find(record, "board");
        const VbMachineFacts *whole = NULL;

        g_string_replace(less, "isa-fdc", "other", 1);
        without = facts_of(f, less->str);
        variants->off = words("a b");
        vb_variant_succeed(&variants->defaults, defaults);
        vb_variant_succeed(&variants->without, without);
        whole = vb_machine_variants_conclude(record, f->facts);
        g_assert_true(whole->detailed);
        g_assert_null(whole->problem);
        g_assert_cmpuint(whole->defaults->len, ==, 1);
        g_assert_cmpstr(g_array_index(whole->defaults, VbBoardDevice, 0).driver, ==, "screen");
        g_assert_cmpint(find(whole->devices, "isa-fdc")->removable, ==, VB_TRISTATE_ON);
        g_assert_cmpint(find(whole->devices, "net")->removable, ==, VB_TRISTATE_OFF);
        g_assert_true(g_hash_table_lookup(record->machines, "board") == whole);
}

static GError *failure(const char *text)
{
        return g_error_new(VB_ERROR, VB_ERROR_EMULATOR_FAILED,
                           "qemu with machine type m,aa=off,bb=off,cc=off %s", text);
}

/* What QEMU complains about is left out; a start that fails for no such reason has failed. */
static void test_complaints(Fixture *f, const void *data)
{
        g_autoptr(VbFactsRecord) record = vb_facts_record_new("/qemu", NULL);
        VbMachineVariants *variants = vb_machine_variants_find(record, "board");
        g_autoptr(GError) about_one = failure("exited: Property 'm.bb' is not writable");
        g_autoptr(GError) about_none = failure("exited: no");
        g_autofree char *before = NULL, *after = NULL;

        variants->off = words("aa bb cc");
        before = vb_machine_variants_argument(variants, "m");
        g_assert_cmpstr(before, ==, "m,aa=off,bb=off,cc=off");
        vb_machine_variants_retry(variants, about_one);
        g_assert_false(variants->without.done);
        after = vb_machine_variants_argument(variants, "m");
        g_assert_cmpstr(after, ==, "m,aa=off,cc=off");
        g_strfreev(variants->off);
        variants->off = words("aa bb cc");
        vb_machine_variants_retry(variants, about_none);
        g_assert_true(variants->without.done);
        g_assert_null(variants->without.facts);
        g_assert_nonnull(strstr(variants->without.problem, "exited: no"));
}

int main(int argc, char **argv)
{
        /* clang-format off */
        static const struct {
                const char *path;
                void (*run)(Fixture *, const void *);
        } cases[] = {
                { "/board/buses", test_buses },
                { "/board/places", test_places },
                { "/board/virtio", test_virtio },
                { "/board/exceptions", test_exceptions },
                { "/board/what-is-no-tree", test_what_is_no_tree },
                { "/board/damaged", test_damaged },
                { "/board/kept", test_kept },
                { "/board/variants", test_variants },
                { "/board/complaints", test_complaints },
        };
        /* clang-format on */

        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
                g_test_add(cases[i].path, Fixture, NULL, set_up, cases[i].run, tear_down);
        return g_test_run();
}
