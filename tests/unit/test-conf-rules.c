/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of completion that one expectation file does not show: what stays when something changes, what the
 * emulator's abilities change, and the questions that others ask a definition. */
#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "conf/disk.h"
#include "conf/input.h"
#include "conf/pci.h"
#include "conf/video.h"
#include "facts.h"
#include "util/error.h"

#define DOMAIN(machine, devices)                                                                             \
        "<domain type='qemu'><name>d</name><memory>262144</memory><os><type machine='" machine               \
        "'>hvm</type>"                                                                                       \
        "</os><devices>" devices "</devices></domain>"

static VbDomainDef *complete_with(const char *text, VbEmulatorFacts *emulator)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);
        g_autoptr(VbMachineFacts) machine = NULL;

        g_assert_no_error(error);
        machine = test_machine_facts(def->os.machine);
        vb_domain_def_complete(def, emulator, machine, &error);
        g_assert_no_error(error);
        return g_steal_pointer(&def);
}

static VbDomainDef *complete(const char *text)
{
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();

        return complete_with(text, emulator);
}

/* An emulator that lacks some device types, which end with NULL. */
static VbEmulatorFacts *emulator_without(const char *type, ...)
{
        VbEmulatorFacts *emulator = test_emulator_facts();
        va_list ap;

        va_start(ap, type);
        for (; type; type = va_arg(ap, const char *))
                g_assert_true(g_hash_table_remove(emulator->words[VB_FACT_DEVICE], type));
        va_end(ap);
        return emulator;
}

static VbDevice *find(const VbDomainDef *def, const char *alias)
{
        VbDevice *device = vb_domain_def_find_device(def, alias);

        g_assert_nonnull(device);
        return device;
}

static void assert_address(const VbDomainDef *def, const char *alias, const char *expected)
{
        g_autofree char *address = vb_address_to_string(&find(def, alias)->address);

        g_assert_cmpstr(address, ==, expected);
}

static void assert_parent(const VbDomainDef *def, const char *alias, const char *expected)
{
        const VbDevice *parent = vb_domain_def_find_parent(def, find(def, alias));

        g_assert_cmpstr(parent ? parent->alias : NULL, ==, expected);
}

/* Given a complete definition, when a device is added to it, then no other one moves. */
static void test_addition(gconstpointer data)
{
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "conf", (const char *) data, NULL);
        g_autofree char *text = NULL;
        g_autoptr(GString) more = NULL;
        g_autoptr(VbDomainDef) before = NULL, after = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        before = complete(text);
        more = g_string_new(text);
        g_string_replace(more, "</devices>",
                         "<interface type='user'><model type='virtio'/></interface>"
                         "<controller type='scsi' index='200' model='lsilogic'/></devices>",
                         1);
        after = complete(more->str);
        for (guint i = 0; i < before->devices->len; i++) {
                const VbDevice *device = g_ptr_array_index(before->devices, i);
                const VbDevice *same = find(after, device->alias);
                g_autofree char *was = vb_device_format(device), *is = vb_device_format(same);

                g_assert_true(vb_address_equal(&device->address, &same->address));
                /* Function 0 learns that it is not alone, when another port comes into its slot. */
                if (same->address.type == VB_ADDRESS_PCI && same->address.pci.multifunction == VB_TRISTATE_ON)
                        continue;
                g_assert_cmpstr(was, ==, is);
        }
}

/* Given a virtio device that is to go through an IOMMU, when it is behind a port or has the modern face
 * alone, then that is accepted; on the bus of old, or on the root's, QEMU does not start it. */
static const struct {
        const char *name, *device; /* @: where the model's attribute goes, #: the address */
        bool has_model;
} iommu_rows[] = {
        { "disk",
          "<disk type='file'@><driver iommu='on'/><source file='/a'/><target dev='vda' "
          "bus='virtio'/>#</disk>",
          true },
        { "interface", "<interface type='user'><model type='virtio'/><driver iommu='on'/>#</interface>",
          false },
        { "scsi", "<controller type='scsi' model='virtio-scsi'><driver iommu='on'/>#</controller>", false },
        { "serial", "<controller type='virtio-serial'@><driver iommu='on'/>#</controller>", true },
        { "balloon", "<memballoon model='virtio'><driver iommu='on'/>#</memballoon>", false },
        { "rng", "<rng model='virtio'><backend model='builtin'/><driver iommu='on'/>#</rng>", false },
        { "9p", "<filesystem@><driver iommu='on'/><source dir='/a'/><target dir='a'/>#</filesystem>", true },
};

static VbError try_iommu(gsize row, const char *machine, const char *model, const char *address)
{
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(GString) device = g_string_new(iommu_rows[row].device);
        g_autofree char *text = NULL;
        g_autoptr(VbDomainDef) def = NULL;
        g_autoptr(VbMachineFacts) facts = test_machine_facts(machine);
        g_autoptr(GError) error = NULL;

        g_string_replace(device, "@", model, 0);
        g_string_replace(device, "#", address, 0);
        text = g_strdup_printf(
                "<domain type='qemu'><name>d</name><memory>262144</memory><os><type machine='%s'>hvm"
                "</type></os><devices>%s</devices></domain>",
                machine, device->str);
        def = vb_domain_def_parse(text, strlen(text), &error);
        g_assert_no_error(error);
        if (vb_domain_def_complete(def, emulator, facts, &error))
                return 0;
        g_assert_nonnull(strstr(error->message, "<driver iommu='on'/> needs a port of PCI Express"));
        return (VbError) error->code;
}

static void test_iommu(void)
{
        static const char root[] = "<address type='pci' bus='0' slot='9'/>";

        for (gsize i = 0; i < G_N_ELEMENTS(iommu_rows); i++) {
                g_test_message("%s", iommu_rows[i].name);
                g_assert_cmpint(try_iommu(i, "q35", "", ""), ==, 0);
                g_assert_cmpint(try_iommu(i, "q35", "", root), ==, VB_ERROR_UNSUPPORTED);
                g_assert_cmpint(try_iommu(i, "pc", "", ""), ==, VB_ERROR_UNSUPPORTED);
                if (iommu_rows[i].has_model)
                        g_assert_cmpint(try_iommu(i, "pc", " model='virtio-non-transitional'", ""), ==, 0);
        }
        /* These have it by themselves. */
        vb_domain_def_free(
                complete(DOMAIN("pc", "<vsock model='virtio'><cid auto='yes'/><driver iommu='on'/></vsock>"
                                      "<input type='mouse' bus='virtio'><driver iommu='on'/></input>")));
}

#define SCSI_HOSTDEV(unit, more)                                                                             \
        "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/><address bus='0' "        \
        "target='0' unit='" unit "'/></source>" more "</hostdev>"
#define SCSI(model) "<controller type='scsi' index='0' model='" model "'/>"

/* Given the host's SCSI devices without addresses, when completed, then they are at places that their
 * controllers have, as many on each as there are of disks. */
static void test_scsi_hostdevs(void)
{
        static const struct {
                const char *model;
                uint32_t controllers[3], targets[3], units[3];
        } rows[] = {
                { "virtio-scsi", { 0, 0, 0 }, { 0, 0, 0 }, { 0, 1, 2 } },
                { "lsilogic", { 0, 0, 0 }, { 0, 0, 0 }, { 0, 1, 2 } },
                { "lsisas1068", { 0, 0, 1 }, { 0, 0, 0 }, { 0, 1, 0 } },
                { "vmpvscsi", { 0, 0, 0 }, { 0, 1, 2 }, { 0, 0, 0 } },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text = g_strdup_printf(
                        DOMAIN("pc", "<controller type='scsi' index='0' model='%s'/>" SCSI_HOSTDEV("1", "")
                                             SCSI_HOSTDEV("2", "") SCSI_HOSTDEV("3", "")),
                        rows[i].model);
                g_autoptr(VbDomainDef) def = complete(text);

                for (guint d = 0; d < 3; d++) {
                        g_autofree char *alias = g_strdup_printf("hostdev%u", d);
                        const VbDriveAddress *drive = &find(def, alias)->address.drive;

                        g_assert_cmpuint(drive->controller, ==, rows[i].controllers[d]);
                        g_assert_cmpuint(drive->target, ==, rows[i].targets[d]);
                        g_assert_cmpuint(drive->unit, ==, rows[i].units[d]);
                }
        }
}

static void test_many_scsi_hostdevs(void)
{
        g_autoptr(VbDomainDef) def = complete(DOMAIN(
                "pc", SCSI("virtio-scsi") SCSI_HOSTDEV("1", "") SCSI_HOSTDEV("2", "") SCSI_HOSTDEV("3", "")
                              SCSI_HOSTDEV("4", "") SCSI_HOSTDEV("5", "") SCSI_HOSTDEV("6", "")
                                      SCSI_HOSTDEV("7", "") SCSI_HOSTDEV("8", "")));

        assert_address(def, "hostdev6", "drive 0:0:0:6");
        assert_address(def, "hostdev7", "drive 1:0:0:0");
        assert_parent(def, "hostdev7", "scsi1");
}

/* Given companions before their master, when completed, then the master is first and they share its slot. */
static void test_usb_master_first(void)
{
        g_autoptr(VbDomainDef) def =
                complete(DOMAIN("pc", "<controller type='usb' index='0' model='ich9-uhci2'/>"
                                      "<controller type='usb' index='0' model='ich9-ehci1'/>"));
        const VbDevice *first = NULL;

        for (guint i = 0; !first; i++) {
                const VbController *controller = g_ptr_array_index(def->devices, i);

                if (controller->base.kind == VB_DEVICE_CONTROLLER && controller->type == VB_CONTROLLER_USB)
                        first = &controller->base;
        }
        g_assert_cmpstr(first->alias, ==, "usb");
        assert_address(def, "usb", "0000:00:02.7");
        assert_address(def, "usb-uhci2", "0000:00:02.1");
        g_assert_cmpint(((VbController *) find(def, "usb-uhci2"))->master_startport, ==, 2);
}

/* Given a port with a chassis, when it is moved, then its chassis and port number stay. */
static void test_target_kept(void)
{
        g_autoptr(VbDomainDef) def =
                complete(DOMAIN("q35", "<controller type='pci' index='1' model='pcie-root-port'/>"));
        g_autofree char *text = vb_domain_def_format(def);
        g_autoptr(GString) moved = g_string_new(text);
        g_autoptr(VbDomainDef) after = NULL;

        g_assert_cmpint(((VbController *) find(def, "pci.1"))->target.port, ==, 8);
        g_assert_cmpuint(
                g_string_replace(moved, "slot='0x01' function='0x0'", "slot='0x09' function='0x0'", 0), ==,
                1);
        after = complete(moved->str);
        assert_address(after, "pci.1", "0000:00:09.0");
        g_assert_cmpint(((VbController *) find(after, "pci.1"))->target.port, ==, 8);
        g_assert_cmpint(((VbController *) find(after, "pci.1"))->target.chassis, ==, 1);
}

/* The kind of a controller and its implementation are both written. */
static void test_model_and_name(void)
{
        g_autoptr(VbDomainDef) def =
                complete(DOMAIN("q35", "<controller type='pci' index='1' model='pcie-root-port'/>"));
        g_autofree char *text = vb_device_format(find(def, "pci.1"));

        g_assert_nonnull(strstr(text, "model='pcie-root-port'"));
        g_assert_nonnull(strstr(text, "<model name='pcie-root-port'/>"));
        g_assert_cmpstr(vb_device_driver(find(def, "pci.1")), ==, "pcie-root-port");
        g_assert_null(vb_device_driver(find(def, "pcie.0")));
}

static void test_emulator_lacks_usual(void)
{
        g_autoptr(VbEmulatorFacts) emulator =
                emulator_without("cirrus-vga", "pcie-root-port", "qemu-xhci", "rtl8139", "lsi53c895a", NULL);
        g_autoptr(VbDomainDef) def = complete_with(
                DOMAIN("q35",
                       "<graphics type='vnc'/><interface type='user'/><disk type='file'><source file='/a'/>"
                       "<target dev='sda'/></disk>"),
                emulator);

        g_assert_cmpstr(vb_device_driver(find(def, "video0")), ==, "VGA");
        g_assert_cmpstr(vb_device_driver(find(def, "pci.1")), ==, "ioh3420");
        g_assert_cmpstr(vb_device_driver(find(def, "usb")), ==, "nec-usb-xhci");
        g_assert_cmpstr(vb_device_driver(find(def, "net0")), ==, "e1000");
        g_assert_cmpstr(vb_device_driver(find(def, "scsi0")), ==, "virtio-scsi-pci");
}

/* No controller of USB that a machine would get by itself, none is added; but one that is asked for is an
 * error. */
static void test_emulator_lacks_usb(void)
{
        g_autoptr(VbEmulatorFacts) emulator =
                emulator_without("piix3-usb-uhci", "pci-ohci", "qemu-xhci", "nec-usb-xhci", NULL);
        g_autoptr(VbMachineFacts) machine = test_machine_facts("pc");
        g_autoptr(VbDomainDef) def = complete_with(DOMAIN("pc", ""), emulator), asked = NULL;
        const char text[] = DOMAIN("pc", "<controller type='usb' index='0'/>");
        g_autoptr(GError) error = NULL;

        g_assert_null(vb_domain_def_find_device(def, "usb"));
        asked = vb_domain_def_parse(text, strlen(text), &error);
        g_assert_false(vb_domain_def_complete(asked, emulator, machine, &error));
        g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "has no usb controller that can be chosen"));
}

static void test_kvm(void)
{
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbDomainDef) def = NULL;

        emulator->kvm_present = true;
        def = complete_with(
                "<domain type='kvm'><name>d</name><memory>1</memory><os><type>hvm</type></os></domain>",
                emulator);
        g_assert_cmpint(def->virt_type, ==, VB_VIRT_KVM);
        g_assert_cmpstr(def->os.machine, ==, "pc-i440fx-7.2");
        g_assert_cmpuint(def->memory, ==, 1 << 20);
        g_assert_true(vb_uuid_from_string(def->uuid, def->uuid));
}

static void test_flags(void)
{
        g_autoptr(VbDomainDef) def =
                complete(DOMAIN("q35", "<disk type='file'><source file='/a'/><target dev='vda'/>"
                                       "</disk><console/>"));

        g_assert_false(find(def, "virtio-disk0")->implicit);
        g_assert_false(find(def, "console0")->implicit);
        g_assert_true(find(def, "serial0")->implicit);
        g_assert_true(find(def, "pci.1")->implicit);
        g_assert_false(find(def, "pci.1")->builtin);
        g_assert_true(find(def, "pcie.0")->builtin);
        g_assert_true(find(def, "ide")->builtin);
        g_assert_true(find(def, "input0")->builtin);
        g_assert_cmpint(find(def, "pci.1")->line, ==, 0);
        g_assert_cmpint(find(def, "virtio-disk0")->line, ==, 1);
}

static void test_parents(void)
{
        g_autoptr(VbDomainDef) def = complete(
                DOMAIN("q35", "<disk type='file'><source file='/a'/><target dev='vda'/></disk>"
                              "<disk type='file'><source file='/a'/><target dev='sda' bus='sata'/></disk>"
                              "<disk type='file'><source file='/a'/><target dev='sdb' bus='scsi'/></disk>"
                              "<input type='tablet'/><console><target type='virtio'/></console><serial/>"));

        assert_parent(def, "virtio-disk0", "pci.5");
        assert_parent(def, "sata0-0-0", "ide");
        assert_parent(def, "scsi0-0-1", "scsi0");
        assert_parent(def, "scsi0", "pci.3");
        assert_parent(def, "pci.3", "pci.1");
        assert_parent(def, "pci.1", "pcie.0");
        assert_parent(def, "pcie.0", NULL);
        assert_parent(def, "input0", "usb");
        assert_parent(def, "console0", NULL);
        assert_parent(def, "console1", "virtio-serial0");
        assert_parent(def, "serial0", NULL);
        g_assert_null(vb_domain_def_find_device(def, "nobody"));
}

static void assert_slots(const VbDomainDef *def, const char *alias, uint32_t total, uint32_t free_slots)
{
        uint32_t has_total = 99, has_free = 99;

        vb_controller_slots(def, (VbController *) find(def, alias), &has_total, &has_free);
        g_assert_cmpuint(has_total, ==, total);
        g_assert_cmpuint(has_free, ==, free_slots);
}

static void test_slots(void)
{
        g_autoptr(VbDomainDef) def = complete(
                DOMAIN("q35", "<disk type='file'><source file='/a'/><target dev='sda' bus='sata'/></disk>"
                              "<controller type='scsi' index='0' model='virtio-scsi'/>"
                              "<disk type='file'><source file='/a'/><target dev='sdb' bus='scsi'/></disk>"
                              "<disk type='file'><source file='/a'/><target dev='sdc' bus='scsi'/></disk>"
                              "<input type='tablet'/><console><target type='virtio'/></console>"));

        assert_slots(def, "pci.1", 1, 0);
        assert_slots(def, "pci.5", 1, 1);
        assert_slots(def, "pcie.0", 31, 29);
        assert_slots(def, "ide", 6, 5);
        assert_slots(def, "scsi0", 256, 255);
        assert_slots(def, "usb", 4, 3);
        assert_slots(def, "virtio-serial0", 31, 30);
}

static void assert_hotplug(const VbDomainDef *def, const char *alias, bool expected)
{
        g_assert_true(vb_controller_accepts_hotplug(def, (VbController *) find(def, alias)) == expected);
}

static void test_hotplug(void)
{
        g_autoptr(VbDomainDef) def = complete(DOMAIN(
                "q35", "<controller type='pci' index='1' model='pcie-root-port'><target hotplug='off'/>"
                       "</controller><controller type='pci' index='2' model='pcie-root-port'/>"
                       "<controller type='pci' index='3' model='dmi-to-pci-bridge'/>"
                       "<interface type='user'><model type='virtio'/></interface>"
                       "<interface type='user'><model type='virtio'/></interface>"
                       "<video><model type='vga'/></video><input type='tablet'/>"));

        assert_hotplug(def, "pcie.0", false);
        assert_hotplug(def, "pci.1", false);
        assert_hotplug(def, "pci.2", true);
        assert_hotplug(def, "pci.3", false);
        assert_hotplug(def, "ide", false);
        assert_hotplug(def, "usb", true);
        g_assert_false(vb_device_is_removable(def, find(def, "net0")));
        g_assert_true(vb_device_is_removable(def, find(def, "net1")));
        g_assert_false(vb_device_is_removable(def, find(def, "video0")));
        g_assert_false(vb_device_is_removable(def, find(def, "pci.1")));
        g_assert_false(vb_device_is_removable(def, find(def, "ide")));
        g_assert_true(vb_device_is_removable(def, find(def, "input0")));
        g_assert_false(vb_device_is_removable(def, find(def, "input1")));
}

static void test_connections(void)
{
        g_autoptr(VbDomainDef) pcie =
                complete(DOMAIN("q35", "<interface type='user'><model type='virtio'/></interface>"));
        g_autoptr(VbDomainDef) pci =
                complete(DOMAIN("pc", "<interface type='user'><model type='virtio'/></interface>"));

        g_assert_cmpint(vb_pci_device_needs(pcie, find(pcie, "net0")), ==, VB_PCI_CONNECT_PCIE_ENDPOINT);
        g_assert_cmpint(vb_pci_device_needs(pci, find(pci, "net0")), ==, VB_PCI_CONNECT_PCI_ENDPOINT);
        g_assert_cmpint(vb_pci_device_needs(pcie, find(pcie, "pci.1")), ==, VB_PCI_CONNECT_ROOT_PORT);
        g_assert_cmpint(vb_pci_device_needs(pcie, find(pcie, "pcie.0")), ==, 0);
        g_assert_cmpint(vb_pci_device_needs(pcie, find(pcie, "input0")), ==, 0);
        /* Whatever plugs into something finds a kind of bus that accepts it. */
        for (int model = 0; model < _VB_CONTROLLER_MODEL_MAX; model++) {
                const VbPciBusKind *kind = vb_pci_bus_kind((VbControllerModel) model);
                bool found = !kind || !kind->needs;

                for (int other = 0; other < _VB_CONTROLLER_MODEL_MAX; other++) {
                        const VbPciBusKind *parent = vb_pci_bus_kind((VbControllerModel) other);

                        found = found || (parent && parent->accepts & kind->needs);
                }
                g_assert_true(found);
        }
}

/* Every model has a type, and all but the parts of a machine a driver. */
static void test_models(void)
{
        for (int model = 1; model < _VB_CONTROLLER_MODEL_MAX; model++) {
                bool part = model == VB_PCIE_ROOT || model == VB_USB_NONE;
                const char *word = vb_controller_model_to_string((VbControllerModel) model);

                g_assert_true((vb_controller_model_drivers((VbControllerModel) model)[0] == NULL) == part);
                g_assert_true(word || vb_controller_only_model(vb_controller_model_type(
                                              (VbControllerModel) model)) == (VbControllerModel) model);
        }
}

static void test_target_names(void)
{
        static const struct {
                const char *name;
                int index;
        } cases[] = { { "vda", 0 }, { "sdz", 25 }, { "hdaa", 26 }, { "vdba", 52 },  { "vdzzz", 18277 },
                      { "vd", -1 }, { "vd1", -1 }, { "vdA", -1 },  { "xda", -1 },   { "vda1", -1 },
                      { "", -1 },   { "fdb", 1 },  { "vxa", -1 },  { "vdaaaa", -1 } };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpint(vb_disk_target_index(cases[i].name), ==, cases[i].index);
}

static void test_uuids(void)
{
        char uuid[37] = "unchanged";

        g_assert_false(vb_uuid_from_string("", uuid));
        g_assert_false(vb_uuid_from_string("f47ac10b-58cc-4372-a567-0e02b2c3d4", uuid));
        g_assert_false(vb_uuid_from_string("f47ac10b-58cc-4372-a567-0e02b2c3d4790", uuid));
        g_assert_false(vb_uuid_from_string("g47ac10b-58cc-4372-a567-0e02b2c3d479", uuid));
        g_assert_cmpstr(uuid, ==, "unchanged");
        g_assert_true(vb_uuid_from_string("F47AC10B58CC4372A5670E02B2C3D479", uuid));
        g_assert_cmpstr(uuid, ==, "f47ac10b-58cc-4372-a567-0e02b2c3d479");
        g_assert_true(vb_uuid_from_string("-f4-7ac10b58cc4372a5670e02b2c3d479", uuid));
        g_assert_cmpstr(uuid, ==, "f47ac10b-58cc-4372-a567-0e02b2c3d479");
}

static void test_names(void)
{
        g_autofree char *longest = g_strnfill(VB_NAME_LENGTH_MAX, 'x'),
                        *longer = g_strconcat(longest, "x", NULL);

        g_assert_null(vb_domain_name_problem("web server 1"));
        g_assert_null(vb_domain_name_problem("...")); /* no directory */
        g_assert_null(vb_domain_name_problem("ü"));
        g_assert_null(vb_domain_name_problem(longest));
        g_assert_nonnull(vb_domain_name_problem(longer));
        g_assert_nonnull(vb_domain_name_problem(""));
        g_assert_nonnull(vb_domain_name_problem("\xc3"));
        g_assert_nonnull(vb_domain_name_problem("a\u2028b"));
}

/* A mainframe's channel devices have numbers, which are as stable as addresses elsewhere. */
static VbDomainDef *complete_ccw(const char *devices, GError **error)
{
        g_autofree char *xml =
                g_strdup_printf("<domain type='qemu'><name>d</name><memory>262144</memory>"
                                "<os><type machine='q35'>hvm</type></os>"
                                "<devices><controller type='usb' model='none'/>%s</devices></domain>",
                                devices);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts("q35");
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(xml, strlen(xml), error);

        g_assert_nonnull(def);
        machine->virtio = VB_VIRTIO_CCW;
        vb_emulator_facts_add_word(emulator, VB_FACT_DEVICE, "virtio-blk-ccw");
        vb_emulator_facts_add_word(emulator, VB_FACT_DEVICE, "virtio-net-ccw");
        vb_emulator_facts_add_word(emulator, VB_FACT_DEVICE, "virtio-balloon-ccw");
        return vb_domain_def_complete(def, emulator, machine, error) ? g_steal_pointer(&def) : NULL;
}

#define CCW_DISK(dev, address)                                                                               \
        "<disk type='file'><source file='/a'/><target dev='" dev "' bus='virtio'/>" address "</disk>"
#define DEVNO(number) "<address type='ccw' cssid='0xfe' ssid='0' devno='" number "'/>"

static void test_ccw(void)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = complete_ccw(
                "<interface type='user'><model type='virtio'/></interface>" CCW_DISK("vda", DEVNO("1"))
                        CCW_DISK("vdb", ""),
                &error);
        g_autoptr(VbDomainDef) twice = NULL;

        g_assert_no_error(error);
        g_assert_cmpuint(find(def, "virtio-disk0")->address.ccw.devno, ==, 1);
        g_assert_cmpuint(find(def, "virtio-disk1")->address.ccw.devno, ==, 0);
        g_assert_cmpuint(find(def, "net0")->address.ccw.devno, ==, 2);
        g_assert_cmpuint(find(def, "balloon0")->address.ccw.devno, ==, 3);
        g_assert_cmpuint(find(def, "balloon0")->address.ccw.cssid, ==, 0xfe);
        twice = complete_ccw(CCW_DISK("vda", DEVNO("7")) CCW_DISK("vdb", DEVNO("7")), &error);
        g_assert_null(twice);
        g_assert_error(error, VB_ERROR, VB_ERROR_ADDRESS_IN_USE);
        g_assert_nonnull(strstr(error->message, "fe.0.0007 is in use"));
}

/* A bridge of one kind may be put on a bus of the other, as any endpoint may. */
static void test_bridge_on_express(void)
{
        g_autoptr(VbDomainDef) def = complete(DOMAIN(
                "q35",
                "<controller type='pci' index='1' model='pci-bridge'><address type='pci' bus='0' slot='5' "
                "function='0'/></controller>"));

        g_assert_cmpuint(find(def, "pci.1")->address.pci.bus, ==, 0);
        g_assert_cmpuint(find(def, "pci.1")->address.pci.slot, ==, 5);
}

int main(int argc, char **argv)
{
        g_autofree char *folder = NULL;
        g_autoptr(GDir) dir = NULL;
        const char *name;

        g_test_init(&argc, &argv, NULL);
        folder = g_test_build_filename(G_TEST_DIST, "data", "conf", NULL);
        dir = g_dir_open(folder, 0, NULL);
        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir)))
                if (g_str_has_suffix(name, ".exp")) {
                        g_autofree char *test = g_strdup_printf("/conf/rules/addition/%s", name);

                        g_test_add_data_func_full(test, g_strdup(name), test_addition, g_free);
                }
        g_test_add_func("/conf/rules/scsi-hostdevs", test_scsi_hostdevs);
        g_test_add_func("/conf/rules/many-scsi-hostdevs", test_many_scsi_hostdevs);
        g_test_add_func("/conf/rules/iommu", test_iommu);
        g_test_add_func("/conf/rules/usb-master-first", test_usb_master_first);
        g_test_add_func("/conf/rules/target-kept", test_target_kept);
        g_test_add_func("/conf/rules/model-and-name", test_model_and_name);
        g_test_add_func("/conf/rules/emulator-lacks-usual", test_emulator_lacks_usual);
        g_test_add_func("/conf/rules/emulator-lacks-usb", test_emulator_lacks_usb);
        g_test_add_func("/conf/rules/kvm", test_kvm);
        g_test_add_func("/conf/rules/flags", test_flags);
        g_test_add_func("/conf/rules/parents", test_parents);
        g_test_add_func("/conf/rules/slots", test_slots);
        g_test_add_func("/conf/rules/hotplug", test_hotplug);
        g_test_add_func("/conf/rules/connections", test_connections);
        g_test_add_func("/conf/rules/models", test_models);
        g_test_add_func("/conf/rules/target-names", test_target_names);
        g_test_add_func("/conf/rules/uuids", test_uuids);
        g_test_add_func("/conf/rules/names", test_names);
        g_test_add_func("/conf/rules/ccw", test_ccw);
        g_test_add_func("/conf/rules/bridge-on-express", test_bridge_on_express);
        return g_test_run();
}
