/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The assignment of addresses: devices and controllers with any address, on any machine, also on boards that
 * nobody built. The first byte is the machine, the second one what is built into it; every four further bytes
 * are a device. Whatever comes in: an error with a message, or a definition in which every device has a place
 * of its own, nothing hangs on itself, completing it again changes nothing, and one more device moves none.
 */
#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "conf/disk.h"
#include "conf/pci.h"
#include "conf/usb.h"
#include "facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEVICES_MAX 96
#define RECORD 4

/* What is no controller. The targets of disks are told apart below. */
static const char *const templates[] = {
        "<rng model='virtio'><backend model='builtin'/></rng>",
        "<rng model='virtio-transitional'><backend model='builtin'/></rng>",
        "<interface type='user'><model type='virtio'/></interface>",
        "<interface type='user'><model type='e1000'/></interface>",
        "<interface type='user'><model type='e1000e'/></interface>",
        "<sound model='ich9'/>",
        "<sound model='usb'/>",
        "<input type='tablet' bus='usb'/>",
        "<input type='tablet' bus='virtio'/>",
        "<hub type='usb'/>",
        "<video><model type='vga'/></video>",
        "<video><model type='virtio'/></video>",
        "<serial type='pty'><target type='pci-serial'/></serial>",
        "<console type='pty'><target type='virtio'/></console>",
        "<channel type='unix'><target type='virtio' name='org.example'/></channel>",
        "<smartcard mode='host'/>",
        "<memballoon model='virtio'/>",
        "<memballoon model='none'/>",
        "<vsock model='virtio'><cid auto='yes'/></vsock>",
};

static VbDevice *new_from_template(unsigned which)
{
        static VbDevice *parsed[G_N_ELEMENTS(templates)];

        which %= G_N_ELEMENTS(templates);
        if (!parsed[which])
                parsed[which] = vb_device_parse(templates[which], strlen(templates[which]), NULL, NULL);
        g_assert_nonnull(parsed[which]);
        return vb_device_copy(parsed[which]);
}

static VbDevice *new_disk(uint8_t number)
{
        static const char *const buses[] = { "virtio", "scsi", "sata", "ide", "usb", "fdc" };
        const char *bus = buses[number / 26 % G_N_ELEMENTS(buses)];
        bool floppy = g_str_equal(bus, "fdc");
        g_autofree char *text = g_strdup_printf("<disk type='file' device='%s'><source file='/a'/>"
                                                "<target dev='%s%c' bus='%s'/></disk>",
                                                floppy ? "floppy" : "disk", floppy ? "fd" : "sd",
                                                'a' + number % (floppy ? 2 : 26), bus);

        return vb_device_parse(text, strlen(text), NULL, NULL);
}

static VbDevice *new_controller(uint8_t which, uint8_t number)
{
        VbDevice *device = vb_device_new(VB_DEVICE_CONTROLLER);
        VbController *controller = (VbController *) device;

        controller->model = (VbControllerModel) (1 + which % (_VB_CONTROLLER_MODEL_MAX - 1));
        controller->type = vb_controller_model_type(controller->model);
        if (number & 1)
                controller->index = number >> 1 & 31;
        if (controller->model == VB_PCIE_ROOT_PORT && number & 64)
                controller->target.chassis = number >> 1 & 31;
        if (controller->model == VB_PCI_BRIDGE && number & 64)
                controller->target.chassis_nr = 1 + (number >> 1 & 31);
        if ((controller->model == VB_USB_NEC_XHCI || controller->model == VB_USB_QEMU_XHCI ||
             controller->type == VB_CONTROLLER_VIRTIO_SERIAL) &&
            number & 128)
                controller->ports = 1 + (number >> 1 & 7);
        return device;
}

/* Any address of any type; most are of the one that the device takes. */
static void set_address(VbDevice *device, uint8_t a, uint8_t b)
{
        VbAddress *address = &device->address;

        switch (a % 8) {
        case 0:
        case 1:
        case 2:
                return;
        case 3:
        case 4:
                *address = (VbAddress){ .type = VB_ADDRESS_PCI,
                                        .pci = { .bus = (a >> 3) % 8,
                                                 .slot = b & 31,
                                                 .function = (b >> 5) & (a & 128 ? 7 : 0),
                                                 .multifunction = (VbTristate) (a >> 6 & 1) } };
                return;
        case 5:
                *address = (VbAddress){ .type = VB_ADDRESS_USB,
                                        .usb = { .bus = a >> 3 & 3,
                                                 .n_ports = (uint8_t) (a >> 5 & 3),
                                                 .ports = { (uint8_t) (1 + (b & 7)),
                                                            (uint8_t) (1 + (b >> 3 & 7)),
                                                            (uint8_t) (1 + (b >> 6)) } } };
                return;
        case 6:
                *address = (VbAddress){ .type = VB_ADDRESS_VIRTIO_SERIAL,
                                        .virtio_serial = { .controller = a >> 3 & 3, .port = b & 31 } };
                return;
        default:
                *address = (VbAddress){ .type = (VbAddressType) (b % _VB_ADDRESS_MAX) };
        }
}

static VbDevice *new_device(const uint8_t record[RECORD])
{
        VbDevice *device;

        if (record[0] < 100)
                device = new_from_template(record[0]);
        else if (record[0] < 130)
                device = new_disk(record[1]);
        else
                device = new_controller((uint8_t) (record[0] - 130), record[1]);
        g_assert_nonnull(device);
        set_address(device, record[2], record[3]);
        device->line = 1;
        return device;
}

typedef struct {
        VbEmulatorFacts *emulator; /* borrowed: kept between inputs */
        VbMachineFacts *machine;
} Board;

static void board_clear(Board *board)
{
        vb_machine_facts_unref(board->machine);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Board, board_clear)

static void board_init(Board *board, uint8_t which, uint8_t parts)
{
        static const struct {
                const char *arch, *machine;
        } boards[] = {
                { "x86_64", "pc" }, { "x86_64", "q35" }, { "aarch64", "virt" }, { "ppc64", "pseries" }
        };

        static VbEmulatorFacts *emulators[G_N_ELEMENTS(boards)];

        if (!emulators[which % G_N_ELEMENTS(boards)])
                emulators[which % G_N_ELEMENTS(boards)] =
                        test_emulator_facts_of(boards[which % G_N_ELEMENTS(boards)].arch);
        board->emulator = emulators[which % G_N_ELEMENTS(boards)];
        board->machine = test_machine_facts(boards[which % G_N_ELEMENTS(boards)].machine);
        /* Boards that are like no other. */
        if (which & 128) {
                VbBuiltinPci builtin = { .slot = parts & 31,
                                         .function = parts >> 5,
                                         .class_code = 0x0200,
                                         .driver = g_strdup("made-up") };

                g_array_append_val(board->machine->builtin_pci, builtin);
        }
        if (which & 64) {
                board->machine->virtio = VB_VIRTIO_MMIO;
                board->machine->virtio_mmio_slots = 8;
        }
        if (which & 32)
                board->machine->has_isa = !board->machine->has_isa;
        if ((which & 31) == 31)
                board->machine->root_bus = VB_ROOT_BUS_NONE;
}

static VbDomainDef *new_definition(const Board *board, const uint8_t *data, size_t size)
{
        g_autofree char *text =
                g_strdup_printf("<domain type='qemu'><name>f</name><memory>65536</memory><os><type "
                                "machine='%s'>hvm</type></os><devices/></domain>",
                                board->machine->name);
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
        VbDomainDef *def = vb_domain_def_parse(text, strlen(text), NULL);

        g_assert_nonnull(def);
        for (; size >= RECORD && def->devices->len < DEVICES_MAX; data += RECORD, size -= RECORD) {
                VbDevice *device = new_device(data);
                /* Disks of one name are refused long before they get an address. */
                char *name = device->kind == VB_DEVICE_DISK ? ((VbDisk *) device)->target_dev : NULL;

                if (name && g_hash_table_contains(names, name)) {
                        vb_device_free(device);
                        continue;
                }
                if (name)
                        g_hash_table_add(names, name);
                g_ptr_array_add(def->devices, device);
        }
        return def;
}

/* A place as text, the type of controller that it belongs to included; NULL where devices can be together. */
static char *place_of(const VbDomainDef *def, const VbDevice *device)
{
        const VbDevice *parent = vb_domain_def_find_parent(def, device);
        g_autofree char *address = vb_address_to_string(&device->address);

        if (device->address.type == VB_ADDRESS_NONE || device->address.type == VB_ADDRESS_ISA ||
            device->address.type == VB_ADDRESS_VIRTIO_MMIO || device->address.type == VB_ADDRESS_CCW ||
            device->address.type == VB_ADDRESS_UNASSIGNED || device->address.type == VB_ADDRESS_DIMM)
                return NULL;
        return g_strdup_printf("%s %s", parent ? parent->alias : "board", address);
}

static bool has_controllers(VbAddressType type)
{
        return type == VB_ADDRESS_PCI || type == VB_ADDRESS_USB || type == VB_ADDRESS_DRIVE ||
               type == VB_ADDRESS_VIRTIO_SERIAL || type == VB_ADDRESS_CCID;
}

static void check_places(const VbDomainDef *def)
{
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (guint i = 0; i < def->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(def->devices, i), *at = device;
                g_autofree char *place = place_of(def, device);

                g_assert_true(g_hash_table_add(seen, g_strdup_printf("alias %s", device->alias)));
                if (device->kind == VB_DEVICE_CONSOLE && device->address.type == VB_ADDRESS_SPAPR_VIO)
                        continue;
                if (place)
                        g_assert_true(g_hash_table_add(seen, g_steal_pointer(&place)));
                if (vb_pci_device_needs(def, device) || vb_usb_is_device(device))
                        g_assert_true(device->builtin || device->address.type != VB_ADDRESS_NONE);
                if (has_controllers(device->address.type) && !device->builtin)
                        g_assert_nonnull(vb_domain_def_find_parent(def, device));
                for (guint steps = 0; at; steps++) {
                        g_assert_cmpuint(steps, <=, def->devices->len);
                        at = vb_domain_def_find_parent(def, at);
                }
        }
}

/* Every device of @before is in @after with the same words, but for the flag that others share its slot. */
static void check_unmoved(const VbDomainDef *before, const VbDomainDef *after)
{
        for (guint i = 0; i < before->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(before->devices, i);
                const VbDevice *found = vb_domain_def_find_device(after, device->alias);

                g_assert_nonnull(found);
                g_assert_true(found->kind == device->kind);
                g_assert_true(vb_address_equal(&found->address, &device->address));
                if (device->kind == VB_DEVICE_CONTROLLER) {
                        const VbController *a = (const VbController *) device;
                        const VbController *b = (const VbController *) found;

                        g_assert_true(memcmp(&a->target, &b->target, sizeof(a->target)) == 0);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        g_auto(Board) board = { 0 };
        g_autoptr(VbDomainDef) def = NULL, again = NULL, more = NULL;
        g_autofree char *text = NULL, *second = NULL;
        g_autoptr(GError) error = NULL;

        if (size < 2)
                return 0;
        board_init(&board, data[0], data[1]);
        def = new_definition(&board, data + 2, size - 2);
        if (!vb_domain_def_complete(def, board.emulator, board.machine, &error)) {
                g_assert(error && *error->message != '\0');
                return 0;
        }
        g_assert_no_error(error);
        check_places(def);

        text = vb_domain_def_format(def);
        again = vb_domain_def_parse(text, strlen(text), &error);
        g_assert_no_error(error);
        g_assert_true(vb_domain_def_complete(again, board.emulator, board.machine, &error));
        second = vb_domain_def_format(again);
        g_assert_cmpstr(second, ==, text);

        more = vb_domain_def_parse(text, strlen(text), &error);
        g_assert_no_error(error);
        g_ptr_array_add(more->devices, new_from_template(data[1]));
        if (vb_domain_def_complete(more, board.emulator, board.machine, NULL)) {
                check_places(more);
                check_unmoved(def, more);
        }
        return 0;
}
