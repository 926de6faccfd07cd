/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as values and as XML, and which devices take which on what machine. */
#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "facts.h"
#include "util/error.h"

typedef struct {
        const char *name;
        const char *given;     /* attributes of <address> */
        const char *canonical; /* the same as they are written; NULL: like given */
        const char *text;      /* what people and the bus see */
} AddressCase;

static const AddressCase address_cases[] = {
        { "pci", "type='pci' bus='0x1' slot='2' function='0x3' multifunction='on'",
          "type='pci' domain='0x0000' bus='0x01' slot='0x02' function='0x3' multifunction='on'",
          "0000:01:02.3" },
        { "drive", "type='drive' unit='4'", "type='drive' controller='0' bus='0' target='0' unit='4'",
          "drive 0:0:0:4" },
        { "usb", "type='usb' bus='0x1' port='1.2.3.4'", "type='usb' bus='1' port='1.2.3.4'",
          "usb 1:1.2.3.4" },
        { "virtio-serial", "type='virtio-serial' port='3'",
          "type='virtio-serial' controller='0' bus='0' port='3'", "virtio-serial 0:0:3" },
        { "isa", "type='isa' iobase='0x3f8' irq='4'", "type='isa' iobase='0x3f8' irq='0x4'", "isa 0x3f8" },
        { "isa-bare", "type='isa' iobase='3f8' irq='a'", "type='isa' iobase='0x3f8' irq='0xa'", "isa 0x3f8" },
        { "usb-any-port", "type='usb' bus='1' port='0'", "type='usb' bus='1'", "usb 1:" },
        { "ccid", "type='ccid' slot='1'", "type='ccid' controller='0' slot='1'", "ccid 0:1" },
        { "spapr-vio", "type='spapr-vio' reg='0x1000'", "type='spapr-vio' reg='0x00001000'",
          "spapr-vio 0x1000" },
        { "spapr-vio-bare", "type='spapr-vio' reg='3000'", "type='spapr-vio' reg='0x00003000'",
          "spapr-vio 0x3000" },
        { "spapr-vio-any", "type='spapr-vio'", NULL, "spapr-vio 0x0" },
        { "virtio-mmio", "type='virtio-mmio'", NULL, "virtio-mmio" },
        { "ccw", "type='ccw' cssid='0xfe' ssid='1' devno='0xab'",
          "type='ccw' cssid='0xfe' ssid='0x1' devno='0x00ab'", "ccw fe.1.00ab" },
        { "ccw-any", "type='ccw'", NULL, "ccw 0.0.0000" },
        { "dimm", "type='dimm' slot='0' base='0x100000000'", NULL, "dimm 0" },
        { "dimm-bare", "type='dimm' slot='1' base='140000000'", "type='dimm' slot='1' base='0x140000000'",
          "dimm 1" },
        { "unassigned", "type='unassigned'", NULL, "unassigned" },
};

static char *device_text(const char *attributes)
{
        return g_strdup_printf("<memballoon model='virtio'>\n  <address %s/>\n</memballoon>\n", attributes);
}

static VbDevice *read_device(const char *attributes, GError **error)
{
        g_autofree char *text = device_text(attributes);

        return vb_device_parse(text, strlen(text), NULL, error);
}

/* Given an address as people write it, when it is read and written, then it is canonical; that is read as
 * the same address and written as the same text. */
static void test_xml(gconstpointer data)
{
        const AddressCase *c = data;
        const char *canonical = c->canonical ? c->canonical : c->given;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDevice) device = read_device(c->given, &error), again = NULL;
        g_autofree char *expected = device_text(canonical), *written = NULL, *text = NULL;

        g_assert_no_error(error);
        written = vb_device_format(device);
        g_assert_cmpstr(written, ==, expected);
        text = vb_address_to_string(&device->address);
        g_assert_cmpstr(text, ==, c->text);
        again = read_device(canonical, &error);
        g_assert_no_error(error);
        g_assert_true(vb_address_equal(&device->address, &again->address));
}

/* Given all these addresses, then each is equal to itself only. */
static void test_equal(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(address_cases); i++)
                for (gsize j = 0; j < G_N_ELEMENTS(address_cases); j++) {
                        g_autoptr(VbDevice) a = read_device(address_cases[i].given, NULL);
                        g_autoptr(VbDevice) b = read_device(address_cases[j].given, NULL);

                        g_assert_cmpint(vb_address_equal(&a->address, &b->address), ==, i == j);
                }
}

static const struct {
        const char *attributes, *message;
} bad_cases[] = {
        { "type='toaster'", "type='toaster' is not known; accepted: pci, drive" },
        { "type='none'", "type='none' is not known" },
        { "type='pci' slot='0x20'", "slot='0x20'" },
        { "type='pci' function='8'", "function='8'" },
        { "type='usb' port='1.2.3.4.5'", "port='1.2.3.4.5'" },
        { "type='usb' port=''", "port=''" },
        { "type='usb' port='0.1'", "port='0.1'" },
        { "type='usb' port='1.'", "port='1.'" },
        { "type='spapr-vio' reg='0x100000000'", "reg='0x100000000'" },
        { "type='ccw' cssid='0xff' ssid='0' devno='0'", "cssid='0xff'" },
        { "type='ccw' cssid='0xfe'", "together" },
        { "type='dimm' slot='-1'", "slot='-1'" },
        { "type='virtio-mmio' slot='1'", "'slot' that is not known" },
        { "type='isa' iobase='0x10000'", "iobase='0x10000'" },
};

static void test_bad(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(read_device(bad_cases[i].attributes, &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_INVALID_XML);
                g_assert_nonnull(strstr(error->message, "line 2: <address>"));
                if (!strstr(error->message, bad_cases[i].message))
                        g_error("%s: %s", bad_cases[i].attributes, error->message);
        }
}

static const struct {
        const char *device, *machine, *message;
} type_cases[] = {
        { "<memballoon model='virtio'><address type='virtio-mmio'/></memballoon>", "pc",
          "pc-i440fx-7.2 has no place for addresses of type 'virtio-mmio'" },
        { "<memballoon model='virtio'><address type='ccw'/></memballoon>", "q35",
          "pc-q35-7.2 has no place for addresses of type 'ccw'" },
        { "<memballoon model='virtio'><address type='unassigned'/></memballoon>", "q35",
          "is of type 'pci', not 'unassigned'" },
        { "<memballoon model='virtio'><address type='drive'/></memballoon>", "q35",
          "is of type 'pci', not 'drive'" },
        { "<interface type='user'><model type='e1000'/><address type='virtio-mmio'/></interface>", "q35",
          "only virtio devices have an address of type 'virtio-mmio'" },
        { "<input type='tablet' bus='usb'><address type='isa'/></input>", "pc",
          "is of type 'usb', not 'isa'" },
};

/* Given a device with an address that its bus or its machine does not have, then it is refused. */
static void test_types(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(type_cases); i++) {
                g_autofree char *text =
                        g_strdup_printf("<domain type='qemu'><name>d</name><memory>262144</memory><os><type "
                                        "machine='%s'>hvm</type></os><devices>%s</devices></domain>",
                                        type_cases[i].machine, type_cases[i].device);
                g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
                g_autoptr(VbMachineFacts) machine = test_machine_facts(type_cases[i].machine);
                g_autoptr(GError) error = NULL;
                g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);

                g_assert_no_error(error);
                g_assert_false(vb_domain_def_complete(def, emulator, machine, &error));
                if (!strstr(error->message, type_cases[i].message))
                        g_error("%s: %s", type_cases[i].device, error->message);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(address_cases); i++) {
                g_autofree char *path = g_strdup_printf("/conf-address/xml/%s", address_cases[i].name);

                g_test_add_data_func(path, &address_cases[i], test_xml);
        }
        g_test_add_func("/conf-address/equal", test_equal);
        g_test_add_func("/conf-address/bad", test_bad);
        g_test_add_func("/conf-address/types", test_types);
        return g_test_run();
}
