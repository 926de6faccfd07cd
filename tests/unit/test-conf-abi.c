/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest could see of the difference between two definitions: a case for each field of the machine
 * below, which is changed in its canonical XML; and that nothing that canonical XML can say is without a
 * rule. */
#include <libxml/parser.h>
#include <string.h>

#include "conf/abi-rules.h"
#include "conf/abi.h"
#include "conf/complete.h"
#include "facts.h"
#include "util/error.h"

static const char machine[] =
        "<domain type='qemu'><name>d</name><uuid>00000000-0000-4000-8000-000000000001</uuid><title>T</title>"
        "<description>D</description><memory unit='MiB'>256</memory><vcpu>2</vcpu>"
        "<os><type arch='x86_64' machine='q35'>hvm</type><boot "
        "dev='hd'/></os><features><acpi/><apic/></features>"
        "<clock offset='utc'/><on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot>"
        "<on_crash>destroy</on_crash><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
        "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/images/a.img'/>"
        "<target dev='vda' bus='virtio'/><serial>A1</serial></disk>"
        "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' "
        "bus='sata'/><readonly/></disk>"
        "<controller type='usb' index='0' model='qemu-xhci' ports='8'/>"
        "<controller type='virtio-serial' index='0' ports='16'/>"
        "<controller type='scsi' index='0' model='virtio-scsi'><driver queues='2'/></controller>"
        "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>"
        "<interface type='user'><mac address='52:54:00:00:00:02'/><model type='virtio'/></interface>"
        "<serial type='pty'><target port='0'/></serial><console type='pty'/>"
        "<console type='pty'><target type='virtio'/></console>"
        "<input type='tablet' bus='usb'/><graphics type='vnc'/>"
        "<video><model type='vga' vram='16384'/></video><memballoon model='virtio'/>"
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng><panic model='isa'/>"
        "</devices></domain>";

/* What is changed to what, and what a guest sees of that, separated by lines; "" for nothing. */
typedef struct {
        const char *name, *from, *to, *seen;
} Case;

static const Case cases[] = {
        { "nothing", "<name>d</name>", "<name>d</name>", "" },
        { "name", "<name>d</name>", "<name>e</name>", "" },
        { "title", "<title>T</title>", "", "" },
        { "description", "<description>D</description>", "<description>E</description>", "" },
        { "uuid", "-000000000001</uuid>", "-000000000002</uuid>",
          "domain: uuid: 00000000-0000-4000-8000-000000000001 → 00000000-0000-4000-8000-000000000002" },
        { "memory", "<memory unit='KiB'>262144<", "<memory unit='KiB'>524288<",
          "domain: memory: 262144 KiB → 524288 KiB" },
        { "current memory", "<currentMemory unit='KiB'>262144<", "<currentMemory unit='KiB'>131072<", "" },
        { "vcpus", ">2</vcpu>", ">4</vcpu>", "domain: vcpu: 2 → 4" },
        { "current vcpus", "placement='static'>2</vcpu>", "placement='static' current='1'>2</vcpu>",
          "domain: vcpu current: none → 1" },
        { "machine", "machine='pc-q35-7.2'", "machine='pc-q35-6.2'",
          "domain: os type machine: pc-q35-7.2 → pc-q35-6.2" },
        { "boot device", "<boot dev='hd'/>", "<boot dev='network'/>", "domain: os boot dev: hd → network" },
        { "feature", "<apic/>", "", "domain: features apic: yes → none" },
        { "clock", "offset='utc'", "offset='localtime'", "domain: clock offset: utc → localtime" },
        { "lifecycle", "<on_crash>destroy<", "<on_crash>restart<", "" },
        { "emulator", "<emulator>/usr/bin/qemu-system-x86_64<", "<emulator>/opt/qemu<", "" },
        { "disk source", "/images/a.img", "/images/b.img", "" },
        { "disk block device",
          "<disk type='file' device='disk'>\n      <driver name='qemu' type='raw'/>\n      <source file=",
          "<disk type='block' device='disk'>\n      <driver name='qemu' type='raw'/>\n      <source dev=",
          "" },
        { "disk format", "type='raw'/>\n      <source", "type='qcow2'/>\n      <source", "" },
        { "disk serial", "<serial>A1</serial>", "<serial>A2</serial>", "virtio-disk0: serial: A1 → A2" },
        { "disk read-only", "<serial>A1</serial>", "<serial>A1</serial><readonly/>",
          "virtio-disk0: readonly: none → yes" },
        { "disk name", "dev='vda'", "dev='vdc'", "" },
        { "usb ports", "ports='8'", "ports='9'", "usb: ports: 8 → 9" },
        { "usb model", "model='qemu-xhci'", "model='nec-xhci'", "usb: model: qemu-xhci → nec-xhci" },
        { "virtio-serial ports", "ports='16'", "ports='17'", "virtio-serial0: ports: 16 → 17" },
        { "scsi queues", "queues='2'", "queues='3'", "scsi0: driver queues: 2 → 3" },
        { "chassis", "<target chassis='1' port='0x10'/>", "<target chassis='77' port='0x10'/>",
          "pci.1: target chassis: 1 → 77" },
        { "port", "<target chassis='2' port='0x11'/>", "<target chassis='2' port='0x31'/>",
          "pci.2: target port: 0x11 → 0x31" },
        { "root port model", "<model name='pcie-root-port'/>\n      <target chassis='1'",
          "<model name='ioh3420'/>\n      <target chassis='1'",
          "pci.1: model name: pcie-root-port → ioh3420" },
        { "mac", "52:54:00:00:00:01", "52:54:00:00:00:03",
          "net0: mac address: 52:54:00:00:00:01 → 52:54:00:00:00:03" },
        { "interface model", "<mac address='52:54:00:00:00:02'/>\n      <model type='virtio'/>",
          "<mac address='52:54:00:00:00:02'/>\n      <model type='e1000e'/>",
          "net1: model type: virtio → e1000e" },
        { "serial backend", "<serial type='pty'>", "<serial type='null'>", "" },
        { "graphics", "<graphics type='vnc'>", "<graphics type='vnc' socket='/run/screen'>", "" },
        { "video memory", "vram='16384'", "vram='32768'", "video0: model vram: 16384 → 32768" },
        { "rng backend", "/dev/urandom", "/dev/hwrng", "" },
        { "panic", "<alias name='panic0'/>", "<alias name='panic0'/><address type='isa' iobase='0x506'/>",
          "panic0: address: none → isa 0x506" },
        { "input", "<input type='tablet' bus='usb'>", "<input type='mouse' bus='usb'>",
          "input0: type: tablet → mouse" },
        { "alias", "<alias name='net0'/>", "<alias name='ua-net'/>", "" },
        { "address", "<address type='usb' bus='0' port='1'/>", "<address type='usb' bus='0' port='3'/>",
          "input0: address: usb 0:1 → usb 0:3" },
};

static VbDomainDef *read_definition(const char *text, bool complete)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) facts = test_machine_facts_pcie();

        g_assert_no_error(error);
        if (complete) {
                vb_domain_def_complete(def, emulator, facts, &error);
                g_assert_no_error(error);
        }
        return g_steal_pointer(&def);
}

/* Given a machine, when one thing in its definition changes, then the guest sees that or nothing. */
static void test_case(gconstpointer data)
{
        const Case *row = data;
        g_autoptr(VbDomainDef) now = read_definition(machine, true), then = NULL;
        g_autoptr(GString) text = NULL;
        g_auto(GStrv) differences = NULL;
        g_autofree char *canonical = vb_domain_def_format(now), *seen = NULL;
        g_autoptr(GError) error = NULL;

        text = g_string_new(canonical);
        if (!g_string_replace(text, row->from, row->to, 1))
                g_error("%s is not in %s", row->from, canonical);
        then = read_definition(text->str, false);
        differences = vb_abi_differences(now, then);
        seen = g_strjoinv("\n", differences);
        g_assert_cmpstr(seen, ==, row->seen);
        if (*row->seen == '\0') {
                g_assert_true(vb_abi_check(now, then, &error));
        } else {
                g_assert_false(vb_abi_check(now, then, &error));
                g_assert_error(error, VB_ERROR, VB_ERROR_INCOMPATIBLE);
                g_assert_nonnull(strstr(error->message, row->seen));
        }
}

static void remove_device(VbDomainDef *def, const char *alias)
{
        g_assert_true(g_ptr_array_remove(def->devices, vb_domain_def_find_device(def, alias)));
}

/* Given a device that only one has, then it is told, and the others are not mixed up. */
static void test_device_missing(void)
{
        g_autoptr(VbDomainDef) now = read_definition(machine, true), then = read_definition(machine, true);
        g_auto(GStrv) gone = NULL, come = NULL;

        remove_device(then, "net0");
        remove_device(then, "rng0");
        gone = vb_abi_differences(now, then);
        come = vb_abi_differences(then, now);
        g_assert_cmpuint(g_strv_length(gone), ==, 2);
        g_assert_cmpstr(gone[0], ==, "net0: device: interface → none");
        g_assert_cmpstr(gone[1], ==, "rng0: device: rng virtio → none");
        g_assert_cmpstr(come[0], ==, "net0: device: none → interface");
}

/* Given devices in another order and with other names, then the guest sees the same. */
static void test_names_and_order(void)
{
        g_autoptr(VbDomainDef) now = read_definition(machine, true), then = read_definition(machine, true);
        g_auto(GStrv) differences = NULL;
        VbDevice *a = vb_domain_def_find_device(then, "net0"), *b = vb_domain_def_find_device(then, "net1");

        a->alias[3] = '1';
        b->alias[3] = '0';
        remove_device(then, "graphics0");
        g_ptr_array_add(then->devices, g_ptr_array_steal_index(then->devices, 0));
        differences = vb_abi_differences(now, then);
        g_assert_cmpuint(g_strv_length(differences), ==, 0);
}

/* Given two that differ in much, then all of it is in the error. */
static void test_all_differences(void)
{
        g_autoptr(VbDomainDef) now = read_definition(machine, true), then = read_definition(machine, true);
        g_autoptr(GError) error = NULL;

        then->memory *= 2;
        remove_device(then, "balloon0");
        g_assert_false(vb_abi_check(now, then, &error));
        g_assert_cmpstr(error->message, ==,
                        "The guest would see another machine: domain: memory: 262144 KiB → 524288 KiB; "
                        "balloon0: device: memballoon virtio → none");
}

static void check_known(const char *file, const char *element, xmlNode *node, const char *path)
{
        for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
                g_autofree char *name = g_strconcat(path, "@", (const char *) attribute->name, NULL);

                if (!g_str_has_suffix(name, "@unit") && !vb_abi_knows(element, name))
                        g_error("%s: <%s> has %s, and abi-rules.c does not say whether a guest sees it", file,
                                element, name);
        }
        if (*path != '\0' && !node->properties && !xmlFirstElementChild(node) && !vb_abi_knows(element, path))
                g_error("%s: <%s> has %s, and abi-rules.c does not say whether a guest sees it", file,
                        element, path);
        for (xmlNode *child = xmlFirstElementChild(node); child; child = xmlNextElementSibling(child)) {
                const char *name = (const char *) child->name;
                g_autofree char *inner = *path ? g_strconcat(path, "/", name, NULL) : g_strdup(name);

                if (*path == '\0' && (g_str_equal(name, "alias") || g_str_equal(name, "address") ||
                                      g_str_equal(name, "devices")))
                        continue;
                check_known(file, element, child, inner);
        }
}

/* Given all canonical XML that the tests have, then each of its fields has a rule. */
static void test_every_field_has_a_rule(void)
{
        g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "data", "conf", NULL);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;
        int files = 0;

        for (int kind = 0; kind < _VB_DEVICE_MAX; kind++)
                if (!vb_abi_rule(vb_device_kind_to_string((VbDeviceKind) kind)))
                        g_error("abi-rules.c has no row for <%s>",
                                vb_device_kind_to_string((VbDeviceKind) kind));
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(folder, name, NULL);
                xmlDoc *document;
                xmlNode *root;

                if (!g_str_has_suffix(name, ".exp") && !g_str_has_suffix(name, ".expected"))
                        continue;
                document = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);
                g_assert_nonnull(document);
                root = xmlDocGetRootElement(document);
                check_known(name, "domain", root, "");
                for (xmlNode *node = xmlFirstElementChild(root); node; node = xmlNextElementSibling(node))
                        if (g_str_equal((const char *) node->name, "devices"))
                                for (xmlNode *device = xmlFirstElementChild(node); device;
                                     device = xmlNextElementSibling(device))
                                        if (!g_str_equal((const char *) device->name, "emulator"))
                                                check_known(name, (const char *) device->name, device, "");
                xmlFreeDoc(document);
                files++;
        }
        g_assert_cmpint(files, >, 50);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = g_strdup_printf("/conf/abi/%s", cases[i].name);

                g_test_add_data_func(name, &cases[i], test_case);
        }
        g_test_add_func("/conf/abi/a device is missing", test_device_missing);
        g_test_add_func("/conf/abi/names and order", test_names_and_order);
        g_test_add_func("/conf/abi/all differences", test_all_differences);
        g_test_add_func("/conf/abi/every field has a rule", test_every_field_has_a_rule);
        return g_test_run();
}
