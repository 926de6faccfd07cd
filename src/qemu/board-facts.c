/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a board's device tree to what is to be known of the machine type. What a device is for is told by its
 * PCI class, its properties and its buses; only what has none of them is known by its type. Nothing is
 * concluded from the machine type's name. */
#include "qemu/board-facts.h"

#include <string.h>

#include "qemu/probe-emulator.h"

#define PCI_CLASS_IDE 0x0101
#define PCI_CLASS_SATA 0x0106

/* QOM type names of buses. */
#define BUS_SYSTEM "System"
#define BUS_ISA "ISA"
#define BUS_IDE "IDE"
#define BUS_SCSI "SCSI"
#define BUS_SD "sd-bus"
#define BUS_USB "usb-bus"
#define BUS_FLOPPY "floppy-bus"
#define BUS_SPAPR_VIO "spapr-vio-bus"
#define BUS_CCW "virtual-css-bus"
#define BUS_VIRTIO_MMIO "virtio-mmio-bus"
/* Between the two halves of one virtio device. */
#define BUS_VIRTIO_PCI "virtio-pci-bus"
#define BUS_VIRTIO_CCW "virtio-ccw-bus"
#define DEVICE_I8042 "i8042"
/* What a guest with PCI has its disks on, if the emulator has any virtio for PCI. */
#define DEVICE_VIRTIO_PCI "virtio-blk-pci"

GHashTable *vb_pci_classes_new(void)
{
        return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static gint64 *class_key(uint32_t vendor, uint32_t device, int slot, int function)
{
        gint64 key =
                (gint64) (vendor & 0xffff) << 32 | (gint64) (device & 0xffff) << 16 | slot << 3 | function;

        return g_memdup2(&key, sizeof(key));
}

void vb_pci_classes_set(GHashTable *classes, uint32_t vendor, uint32_t device, int slot, int function,
                        uint16_t class_code)
{
        g_hash_table_replace(classes, class_key(vendor, device, slot, function),
                             GUINT_TO_POINTER(class_code + 1));
}

/* -1: not told. */
static int32_t class_of(const VbBoard *board, const VbTreeDevice *device)
{
        g_autofree gint64 *key = NULL;

        if (device->slot < 0)
                return -1;
        key = class_key(device->vendor, device->device, device->slot, device->function);
        return (int32_t) GPOINTER_TO_UINT(g_hash_table_lookup(board->classes, key)) - 1;
}

static VbRootBus pci_kind(const VbBoard *board, const VbTreeBus *bus)
{
        return vb_bus_types_get(board->pci_buses, bus->type);
}

/* The first row that fits. */
/* clang-format off */
static const struct {
        int32_t class_code; /* 0xNN00: all of a base class */
        VbRole role;
} class_roles[] = {
        { 0x0200, VB_ROLE_NETWORK },
        { 0x0300, VB_ROLE_DISPLAY },
        { 0x0401, VB_ROLE_SOUND },
        { 0x0403, VB_ROLE_SOUND },
        { 0x0c03, VB_ROLE_USB },
        { 0x0700, VB_ROLE_SERIAL },
        { 0x0100, VB_ROLE_STORAGE },
};

/* Buses that it has, and the properties of backends. */
static const struct {
        const char *bus, *property;
        VbRole role;
} sign_roles[] = {
        { BUS_FLOPPY, NULL, VB_ROLE_FLOPPY },
        { BUS_IDE, NULL, VB_ROLE_STORAGE },
        { BUS_SCSI, NULL, VB_ROLE_STORAGE },
        { BUS_SD, NULL, VB_ROLE_STORAGE },
        { BUS_USB, NULL, VB_ROLE_USB },
        { NULL, "netdev", VB_ROLE_NETWORK },
        { NULL, "audiodev", VB_ROLE_SOUND },
        { NULL, "sector-length", VB_ROLE_FLASH },
        { NULL, "drive", VB_ROLE_DISK },
};

/* Types that show neither: their backends belong to a device within, or they have none. */
static const struct {
        const char *driver;
        VbRole role;
} known_roles[] = {
        { "isa-parallel", VB_ROLE_PARALLEL },
        { "isa-serial", VB_ROLE_SERIAL },
        { "serial-mm", VB_ROLE_SERIAL },
        { DEVICE_I8042, VB_ROLE_INPUT },
        { "ps2-kbd", VB_ROLE_INPUT },
        { "ps2-mouse", VB_ROLE_INPUT },
        { "usb-kbd", VB_ROLE_INPUT },
        { "usb-mouse", VB_ROLE_INPUT },
        { "vmmouse", VB_ROLE_INPUT },
};
/* clang-format on */

static bool has_bus(const VbTree *tree, const VbTreeDevice *device, const char *type)
{
        for (guint i = 0; i < tree->buses->len; i++) {
                const VbTreeBus *bus = g_ptr_array_index(tree->buses, i);

                if (bus->owner == device && g_str_equal(bus->type, type))
                        return true;
        }
        return false;
}

static bool is_half(const VbTreeDevice *device)
{
        return g_str_equal(device->bus->type, BUS_VIRTIO_PCI) ||
               g_str_equal(device->bus->type, BUS_VIRTIO_CCW);
}

/* The property of the device, or of its other half. */
static bool has_property(const VbTree *tree, const VbTreeDevice *device, const char *property)
{
        if (vb_tree_device_get(device, property))
                return true;
        for (guint i = 0; i < tree->devices->len; i++) {
                const VbTreeDevice *half = g_ptr_array_index(tree->devices, i);

                if (half->bus->owner == device && is_half(half) && vb_tree_device_get(half, property))
                        return true;
        }
        return false;
}

static bool class_fits(int32_t row, int32_t class_code)
{
        return class_code >= 0 && (row & 0xff ? class_code : class_code & 0xff00) == row;
}

static VbRole role_of(const VbBoard *board, const VbTreeDevice *device, int32_t class_code)
{
        if (g_strcmp0(device->driver, board->display) == 0)
                return VB_ROLE_DISPLAY;
        for (gsize i = 0; i < G_N_ELEMENTS(known_roles); i++)
                if (g_str_equal(known_roles[i].driver, device->driver))
                        return known_roles[i].role;
        for (gsize i = 0; i < G_N_ELEMENTS(class_roles); i++)
                if (class_fits(class_roles[i].class_code, class_code))
                        return class_roles[i].role;
        for (gsize i = 0; i < G_N_ELEMENTS(sign_roles); i++)
                if (sign_roles[i].bus ? has_bus(board->tree, device, sign_roles[i].bus)
                                      : has_property(board->tree, device, sign_roles[i].property))
                        return sign_roles[i].role;
        return vb_tree_device_get(device, "chardev") ? VB_ROLE_SERIAL : VB_ROLE_OTHER;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
        return a < b ? -1 : a > b;
}

/* PCI by slot, ISA by port, the rest by where it is in memory. */
static int compare_devices(const void *a, const void *b)
{
        const VbBoardDevice *x = a, *y = b;
        int order = (x->slot < 0) - (y->slot < 0);

        order = order ? order : g_strcmp0(x->bus, y->bus) * (x->slot >= 0);
        order = order ? order : x->slot - y->slot;
        order = order ? order : x->function - y->function;
        order = order ? order : (x->iobase < 0) - (y->iobase < 0);
        order = order ? order : compare_numbers((uint64_t) x->iobase, (uint64_t) y->iobase);
        order = order ? order : compare_numbers(x->mmio, y->mmio);
        return order ? order : strcmp(x->driver, y->driver);
}

static void add_device(VbMachineFacts *facts, const VbBoard *board, const VbTreeDevice *source)
{
        VbBoardDevice *device = vb_board_device_add(facts->devices, source->driver);

        device->bus = g_strdup(source->bus->name);
        device->bus_type = g_strdup(source->bus->type);
        device->class_code = class_of(board, source);
        device->role = role_of(board, source, device->class_code);
        device->slot = (int16_t) source->slot;
        device->function = (int16_t) source->function;
        device->mmio = source->mmio;
        if (g_str_equal(source->bus->type, BUS_ISA)) {
                device->iobase = vb_tree_device_get_int(source, "iobase", -1);
                device->irq = vb_tree_device_get_int(source, "irq", -1);
        }
}

static int compare_hosts(const void *a, const void *b)
{
        const VbPciHost *x = a, *y = b;

        return x->index != y->index ? (x->index < y->index ? -1 : 1) : strcmp(x->bus, y->bus);
}

static void fill_hosts(VbMachineFacts *facts, const VbBoard *board)
{
        const VbPciHost *root = NULL;

        for (guint i = 0; i < board->tree->buses->len; i++) {
                const VbTreeBus *bus = g_ptr_array_index(board->tree->buses, i);
                VbPciHost host = { .kind = pci_kind(board, bus) };

                if (host.kind == VB_ROOT_BUS_NONE || !bus->owner || bus->owner->slot >= 0)
                        continue;
                host.driver = g_strdup(bus->owner->driver);
                host.bus = g_strdup(bus->name);
                host.index = vb_tree_device_get_int(bus->owner, "index", -1);
                if (host.index < 0)
                        host.index = vb_tree_device_get_int(bus->owner, "phb-id", -1);
                g_array_append_val(facts->pci_hosts, host);
        }
        g_array_sort(facts->pci_hosts, compare_hosts);
        if (facts->pci_hosts->len == 0)
                return;
        root = &g_array_index(facts->pci_hosts, VbPciHost, 0);
        facts->root_bus = root->kind;
        facts->root_bus_name = g_strdup(root->bus);
}

static void fill_builtin_pci(VbMachineFacts *facts)
{
        for (guint i = 0; facts->root_bus_name && i < facts->devices->len; i++) {
                const VbBoardDevice *device = &g_array_index(facts->devices, VbBoardDevice, i);
                VbBuiltinPci builtin = { .slot = (uint8_t) device->slot,
                                         .function = (uint8_t) device->function,
                                         .class_code = (uint16_t) MAX(device->class_code, 0) };

                if (device->slot < 0 || !g_str_equal(device->bus, facts->root_bus_name))
                        continue;
                builtin.driver = g_strdup(device->driver);
                g_array_append_val(facts->builtin_pci, builtin);
        }
}

/* "ide" of "ide.0" */
static char *bus_prefix(const VbTreeBus *bus)
{
        const char *dot = strrchr(bus->name, '.');

        return dot ? g_strndup(bus->name, (gsize) (dot - bus->name)) : g_strdup(bus->name);
}

static void set_first(char **field, char *name)
{
        if (*field)
                g_free(name);
        else
                *field = name;
}

static void fill_from_bus(VbMachineFacts *facts, const VbBoard *board, const VbTreeBus *bus)
{
        const struct {
                const char *type;
                bool *present;
                char **name;
        } rows[] = {
                { BUS_ISA, &facts->has_isa, NULL },
                { BUS_FLOPPY, &facts->has_floppy, NULL },
                { BUS_SPAPR_VIO, &facts->has_spapr_vio, NULL },
                { BUS_SCSI, NULL, &facts->scsi_bus },
                { BUS_USB, NULL, &facts->usb_bus },
                { BUS_SD, NULL, &facts->sd_bus },
        };
        int32_t class_code = bus->owner ? class_of(board, bus->owner) : -1;

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                if (!g_str_equal(rows[i].type, bus->type))
                        continue;
                if (rows[i].present)
                        *rows[i].present = true;
                if (rows[i].name)
                        set_first(rows[i].name, g_strdup(bus->name));
        }
        if (g_str_equal(bus->type, BUS_VIRTIO_MMIO))
                facts->virtio_mmio_slots++;
        if (!g_str_equal(bus->type, BUS_IDE))
                return;
        if (class_code == PCI_CLASS_SATA)
                set_first(&facts->sata_bus, bus_prefix(bus));
        else if (class_code == PCI_CLASS_IDE || class_code < 0)
                set_first(&facts->ide_bus, bus_prefix(bus));
}

static bool has_bus_type(const VbTree *tree, const char *type)
{
        for (guint i = 0; i < tree->buses->len; i++)
                if (g_str_equal(((VbTreeBus *) tree->buses->pdata[i])->type, type))
                        return true;
        return false;
}

static VbVirtioTransport virtio_transport(const VbMachineFacts *facts, const VbBoard *board)
{
        if (has_bus_type(board->tree, BUS_CCW))
                return VB_VIRTIO_CCW;
        if (facts->root_bus != VB_ROOT_BUS_NONE &&
            vb_emulator_facts_has_device(board->emulator, DEVICE_VIRTIO_PCI))
                return VB_VIRTIO_PCI;
        return facts->virtio_mmio_slots > 0 ? VB_VIRTIO_MMIO : VB_VIRTIO_NONE;
}

/* An interrupt controller says which revision of the GIC it is. */
static uint32_t gic_revision(const VbTree *tree)
{
        for (guint i = 0; i < tree->devices->len; i++) {
                const VbTreeDevice *device = g_ptr_array_index(tree->devices, i);
                int64_t revision = vb_tree_device_get_int(device, "revision", 0);

                if (strstr(device->driver, "gic") && vb_tree_device_get(device, "num-irq") && revision >= 1 &&
                    revision <= 4)
                        return (uint32_t) revision;
        }
        return 0;
}

static void fill_from_devices(VbMachineFacts *facts)
{
        for (guint i = 0; i < facts->devices->len; i++) {
                const VbBoardDevice *device = &g_array_index(facts->devices, VbBoardDevice, i);

                facts->has_i8042 = facts->has_i8042 || g_str_equal(device->driver, DEVICE_I8042);
                if (device->role == VB_ROLE_SERIAL && g_str_equal(device->bus_type, BUS_SYSTEM))
                        set_first(&facts->serial_driver, g_strdup(device->driver));
        }
}

void vb_board_facts_fill(VbMachineFacts *facts, const VbBoard *board)
{
        for (guint i = 0; i < board->tree->devices->len; i++)
                if (!is_half(g_ptr_array_index(board->tree->devices, i)))
                        add_device(facts, board, g_ptr_array_index(board->tree->devices, i));
        g_array_sort(facts->devices, compare_devices);
        fill_hosts(facts, board);
        fill_builtin_pci(facts);
        for (guint i = 0; i < board->tree->buses->len; i++)
                fill_from_bus(facts, board, g_ptr_array_index(board->tree->buses, i));
        fill_from_devices(facts);
        facts->virtio = virtio_transport(facts, board);
        facts->gic_default = gic_revision(board->tree);
        facts->gic_versions = facts->gic_default ? 1U << facts->gic_default : 0;
}

/* The same device at the same place. */
static char *device_key(const VbBoardDevice *device)
{
        return g_strdup_printf("%s %s %d.%d %" PRId64 " %" PRIx64, device->driver, device->bus_type,
                               device->slot, device->function, device->iobase, device->mmio);
}

static GHashTable *count_devices(GArray *devices)
{
        GHashTable *counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (guint i = 0; i < devices->len; i++) {
                char *key = device_key(&g_array_index(devices, VbBoardDevice, i));
                guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));

                g_hash_table_replace(counts, key, GUINT_TO_POINTER(n + 1));
        }
        return counts;
}

/* Takes one away: false if there is none left. */
static bool take_device(GHashTable *counts, const VbBoardDevice *device)
{
        g_autofree char *key = device_key(device);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));

        if (n > 0)
                g_hash_table_replace(counts, g_steal_pointer(&key), GUINT_TO_POINTER(n - 1));
        return n > 0;
}

GArray *vb_board_devices_minus(GArray *devices, GArray *others)
{
        g_autoptr(VbMachineFacts) facts = vb_machine_facts_new();
        g_autoptr(GHashTable) counts = count_devices(others);

        for (guint i = 0; i < devices->len; i++) {
                const VbBoardDevice *source = &g_array_index(devices, VbBoardDevice, i);
                VbBoardDevice *copy = NULL;

                if (take_device(counts, source))
                        continue;
                copy = vb_board_device_add(facts->devices, source->driver);
                g_free(copy->driver);
                *copy = *source;
                copy->driver = g_strdup(source->driver);
                copy->bus = g_strdup(source->bus);
                copy->bus_type = g_strdup(source->bus_type);
        }
        return g_array_ref(facts->devices);
}

void vb_board_facts_set_removable(VbMachineFacts *facts, GArray *without)
{
        g_autoptr(GHashTable) counts = count_devices(without);

        for (guint i = 0; i < facts->devices->len; i++) {
                VbBoardDevice *device = &g_array_index(facts->devices, VbBoardDevice, i);

                device->removable = vb_tristate_from_bool(!take_device(counts, device));
        }
}
