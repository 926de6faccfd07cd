/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Controllers and addresses: what becomes of a handful of devices on each kind of machine, and what is
 * refused. Of each result, the devices that have an address and the controllers are listed, with <target>. */
#include <string.h>

#include "conf/complete.h"
#include "conf/controller.h"
#include "facts.h"
#include "util/error.h"

#define NET(model) "<interface type='user'><model type='" model "'/></interface>"
#define TABLET "<input type='tablet' bus='usb'/>"
#define NO_BALLOON "<memballoon model='none'/>"
#define PORT(index, more)                                                                                    \
        "<controller type='pci' model='pcie-root-port' index='" index "'>" more "</controller>"
#define SCSI(model) "<controller type='scsi' model='" model "'/>"

typedef struct {
        const char *name, *machine, *devices;
        const char *result; /* a line a device */
} Case;

static const Case cases[] = {
        /* USB: masters, companions, indexes and models. */
        { "usb-companions-without-index", "pc",
          NO_BALLOON "<controller type='usb' model='ich9-ehci1'/><controller type='usb' model='ich9-uhci1'/>"
                     "<controller type='usb' model='ich9-uhci2'/>",
          "usb ich9-ehci1 0000:00:02.7\n"
          "usb-uhci1 ich9-uhci1 0000:00:02.0 multifunction startport=0\n"
          "usb-uhci2 ich9-uhci2 0000:00:02.1 startport=2\n" },
        { "usb-master-after-companion", "pc",
          NO_BALLOON
          "<controller type='usb' index='0' model='ich9-uhci1'><master startport='0'/></controller>"
          "<controller type='usb' index='0' model='ich9-ehci1'/>",
          "usb ich9-ehci1 0000:00:02.7\n"
          "usb-uhci1 ich9-uhci1 0000:00:02.0 multifunction startport=0\n" },
        { "usb-second-group", "pc",
          NO_BALLOON "<controller type='usb' model='ich9-ehci1'/><controller type='usb' model='ich9-ehci1'/>"
                     "<controller type='usb' model='ich9-uhci1'/>",
          "usb ich9-ehci1 0000:00:02.7\n"
          "usb1 ich9-ehci1 0000:00:03.7\n"
          "usb1-uhci1 ich9-uhci1 0000:00:03.0 multifunction startport=0\n" },
        { "usb-default-pc", "pc", NO_BALLOON "<controller type='usb'/>", "usb piix3-uhci 0000:00:01.2\n" },
        { "usb-default-q35", "q35", NO_BALLOON,
          "pci.1 pcie-root-port 0000:00:01.0 multifunction chassis=1 port=8\n"
          "pci.2 pcie-root-port 0000:00:01.1 chassis=2 port=9\n"
          "usb qemu-xhci 0000:01:00.0\n" },
        { "usb-default-pseries", "pseries", NO_BALLOON,
          "pci.0 pci-root index=0\nusb qemu-xhci 0000:00:01.0\n" },
        { "usb-none-virt", "virt", NET("virtio"),
          "pci.1 pcie-root-port 0000:00:01.0 multifunction chassis=1 port=8\n"
          "pci.2 pcie-root-port 0000:00:01.1 chassis=2 port=9\n"
          "net0 0000:01:00.0\n" },
        { "usb-unplaced-beside-other", "pc", NO_BALLOON "<controller type='usb' index='2' model='ehci'/>",
          "usb piix3-uhci 0000:00:01.2\nusb2 ehci 0000:00:02.0\n" },

        { "hub-where-ports-end", "pc", NO_BALLOON TABLET TABLET TABLET TABLET,
          "hub0 usb 0:1\ninput0 usb 0:2\ninput1 usb 0:1.1\ninput2 usb 0:1.2\ninput3 usb 0:1.3\n"
          "usb piix3-uhci 0000:00:01.2\n" },
        { "hub-ports-given", "pc",
          NO_BALLOON
          "<controller type='usb' index='0' model='piix3-uhci'/>"
          "<controller type='usb' index='1' model='nec-xhci' ports='2'/>"
          "<hub type='usb'><address type='usb' bus='1' port='2'/></hub>" TABLET TABLET TABLET TABLET
          "<input type='tablet' bus='usb'><address type='usb' bus='1' port='2.1'/></input>" TABLET,
          "hub0 usb 1:2\ninput0 usb 0:1\ninput1 usb 0:2\ninput2 usb 1:1\ninput3 usb 1:2.2\ninput4 usb 1:2.1\n"
          "input5 usb 1:2.3\nusb piix3-uhci 0000:00:01.2\nusb1 nec-xhci 0000:00:02.0\n" },

        /* SCSI: models, and the controllers that disks ask for. */
        { "scsi-auto", "pc", NO_BALLOON SCSI("auto") SCSI("am53c974") SCSI("dc390") SCSI("vmpvscsi"),
          "scsi0 lsilogic 0000:00:02.0\nscsi1 am53c974 0000:00:03.0\nscsi2 dc390 0000:00:04.0\n"
          "scsi3 vmpvscsi 0000:00:05.0\nusb piix3-uhci 0000:00:01.2\n" },
        { "scsi-sorted", "pc",
          NO_BALLOON "<controller type='scsi' index='1' model='lsisas1078'/>"
                     "<controller type='scsi' index='0' model='lsisas1068'/>",
          "scsi0 lsisas1068 0000:00:02.0\nscsi1 lsisas1078 0000:00:03.0\nusb piix3-uhci 0000:00:01.2\n" },
        { "scsi-transitional-q35", "q35",
          NO_BALLOON SCSI("virtio-transitional") SCSI("virtio-non-transitional"),
          "pci.1 pcie-root-port 0000:00:01.0 multifunction chassis=1 port=8\n"
          "pci.2 pcie-to-pci-bridge 0000:01:00.0\n"
          "pci.3 pcie-root-port 0000:00:01.1 chassis=3 port=9\n"
          "pci.4 pcie-root-port 0000:00:01.2 chassis=4 port=10\n"
          "pci.5 pcie-root-port 0000:00:01.3 chassis=5 port=11\n"
          "scsi0 virtio-scsi 0000:02:01.0\n"
          "scsi1 virtio-scsi 0000:03:00.0\n"
          "usb qemu-xhci 0000:04:00.0\n" },
        { "scsi-spapr", "pseries",
          NO_BALLOON SCSI("ibmvscsi") "<controller type='scsi' model='ibmvscsi'><address type='spapr-vio' "
                                      "reg='0x3000'/></controller>" SCSI("ibmvscsi") SCSI("virtio-scsi"),
          "pci.0 pci-root index=0\n"
          "scsi0 ibmvscsi spapr-vio 0x2000\nscsi1 ibmvscsi spapr-vio 0x3000\n"
          "scsi2 ibmvscsi spapr-vio 0x4000\nscsi3 virtio-scsi 0000:00:01.0\nusb qemu-xhci 0000:00:02.0\n" },
        { "scsi-usual-pseries", "pseries", NO_BALLOON "<controller type='scsi'/>",
          "pci.0 pci-root index=0\nscsi0 ibmvscsi spapr-vio 0x2000\nusb qemu-xhci 0000:00:01.0\n" },

        /* Other types. */
        { "ccid-and-fdc", "pc", NO_BALLOON "<controller type='ccid'/><controller type='fdc'/>",
          "ccid0 usb 0:1\nusb piix3-uhci 0000:00:01.2\n" },
        { "smartcard", "pc", NO_BALLOON "<smartcard mode='host'/>",
          "ccid0 usb 0:1\nsmartcard0 ccid 0:0\nusb piix3-uhci 0000:00:01.2\n" },
        { "console-on-last-controller", "pc",
          NO_BALLOON
          "<controller type='virtio-serial' index='0'/><controller type='virtio-serial' index='1'/>"
          "<channel type='unix'><target type='virtio' name='a'/></channel>"
          "<console type='pty'><target type='virtio'/></console>",
          "channel0 virtio-serial 0:0:1\nconsole0 virtio-serial 1:0:0\nusb piix3-uhci 0000:00:01.2\n"
          "virtio-serial0 0000:00:02.0\nvirtio-serial1 0000:00:03.0\n" },
        { "tablet-for-mouse", "pseries",
          NO_BALLOON "<graphics type='vnc'/><video><model type='none'/></video>" TABLET,
          "input0 usb 0:1\ninput1 usb 0:2\npci.0 pci-root index=0\nusb qemu-xhci 0000:00:01.0\n" },
        { "sata-on-pc", "pc", NO_BALLOON "<controller type='sata'/><controller type='sata' index='1'/>",
          "sata0 0000:00:02.0\nsata1 0000:00:03.0\nusb piix3-uhci 0000:00:01.2\n" },

        /* PCI: numbers of <target>, and where things go. */
        { "target-of-port", "q35",
          PORT("1", "<model name='ioh3420'/><target chassis='5' port='0x20' hotplug='off'/>"),
          "pci.1 pcie-root-port 0000:00:01.0 multifunction chassis=5 port=32 hotplug=off\n"
          "pci.2 pcie-root-port 0000:00:01.1 chassis=2 port=9\n"
          "usb qemu-xhci 0000:01:00.0\nballoon0 0000:02:00.0\n" },
        { "target-of-expanders", "q35",
          NO_BALLOON
          "<controller type='pci' model='pcie-expander-bus' index='1'><target busNr='180'/></controller>"
          "<controller type='pci' model='pcie-expander-bus' index='2'/>" PORT(
                  "3", "<address type='pci' bus='1'/>") PORT("4", "<address type='pci' bus='1' slot='1'/>"),
          "pci.1 pcie-expander-bus 0000:00:01.0 bus-nr=180\n"
          "pci.2 pcie-expander-bus 0000:00:02.0 bus-nr=178\n"
          "pci.3 pcie-root-port 0000:01:00.0 chassis=3 port=0\n"
          "pci.4 pcie-root-port 0000:01:01.0 chassis=4 port=8\n"
          "usb qemu-xhci 0000:03:00.0\n" },
        { "customary-bridge", "q35",
          NO_BALLOON "<controller type='pci' model='dmi-to-pci-bridge' index='1'/>"
                     "<controller type='pci' model='pci-bridge' index='2'/>" NET("rtl8139"),
          "pci.1 dmi-to-pci-bridge 0000:00:1e.0\npci.2 pci-bridge 0000:01:00.0 chassis-nr=2\n"
          "pci.3 pcie-root-port 0000:00:01.0 chassis=3 port=8\n"
          "net0 0000:02:01.0\nusb qemu-xhci 0000:03:00.0\n" },
        { "several-roots", "pseries",
          NO_BALLOON "<controller type='pci' index='0' model='pci-root'/>"
                     "<controller type='pci' index='2' model='pci-root'/>"
                     "<controller type='pci' index='1' model='pci-root'><target index='5'/></controller>"
                     "<interface type='user'><model type='virtio'/>"
                     "<address type='pci' bus='3' slot='1'/></interface>",
          "pci.0 pci-root index=0\npci.1 pci-root index=5\npci.2 pci-root index=1\npci.3 pci-root index=2\n"
          "net0 0000:03:01.0\nusb qemu-xhci 0000:00:01.0\n" },
        { "bridge-on-pseries", "pseries",
          NO_BALLOON "<controller type='pci' model='pci-bridge' index='1'/>" NET("rtl8139"),
          "pci.0 pci-root index=0\npci.1 pci-bridge 0000:00:01.0 chassis-nr=1\n"
          "net0 0000:00:02.0\nusb qemu-xhci 0000:00:03.0\n" },

        /* virtio-mmio: one device that names it takes the others along; what is not virtio stays. */
        { "mmio", "virt",
          "<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/><address type='virtio-mmio'/>"
          "</disk>" NET("virtio") SCSI("virtio-scsi") "<controller type='usb'/>",
          "pci.1 pcie-root-port 0000:00:01.0 multifunction chassis=1 port=8\n"
          "pci.2 pcie-root-port 0000:00:01.1 chassis=2 port=9\n"
          "net0 virtio-mmio\nscsi0 virtio-scsi virtio-mmio\nusb qemu-xhci 0000:01:00.0\nvirtio-disk0 "
          "virtio-mmio\n" },
        { "mmio-not-asked-for", "virt", NET("virtio") NET("virtio"),
          "pci.1 pcie-root-port 0000:00:01.0 multifunction chassis=1 port=8\n"
          "pci.2 pcie-root-port 0000:00:01.1 chassis=2 port=9\n"
          "pci.3 pcie-root-port 0000:00:01.2 chassis=3 port=10\n"
          "net0 0000:01:00.0\nnet1 0000:02:00.0\n" },
};

static VbDomainDef *read_and_complete(const char *machine, const char *devices, GError **error)
{
        g_autofree char *text =
                g_strdup_printf("<domain type='qemu'><name>d</name><memory>262144</memory><os><type "
                                "machine='%s'>hvm</type></os><devices>%s</devices></domain>",
                                machine, devices);
        const char *arch = g_str_equal(machine, "virt")      ? "aarch64"
                           : g_str_equal(machine, "pseries") ? "ppc64"
                                                             : NULL;
        g_autoptr(VbEmulatorFacts) emulator = arch ? test_emulator_facts_of(arch) : test_emulator_facts();
        g_autoptr(VbMachineFacts) facts = test_machine_facts(machine);
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), error);

        if (!def || !vb_domain_def_complete(def, emulator, facts, error))
                return NULL;
        return g_steal_pointer(&def);
}

static void add_number(GString *line, const char *name, int value)
{
        if (value >= 0)
                g_string_append_printf(line, " %s=%d", name, value);
}

/* "usb ich9-ehci1 0000:00:02.7"; NULL for what is not listed. */
static char *describe(const VbDevice *device)
{
        const VbController *controller = (const VbController *) device;
        bool is_controller = device->kind == VB_DEVICE_CONTROLLER;
        g_autofree char *address = vb_address_to_string(&device->address);
        GString *line;

        if ((device->builtin && (!is_controller || controller->target.index < 0)) ||
            (!is_controller && device->address.type == VB_ADDRESS_NONE))
                return NULL;
        line = g_string_new(device->alias);
        if (is_controller && vb_controller_model_to_string(controller->model))
                g_string_append_printf(line, " %s", vb_controller_model_to_string(controller->model));
        if (*address != '\0')
                g_string_append_printf(line, " %s", address);
        if (device->address.type == VB_ADDRESS_PCI && device->address.pci.multifunction == VB_TRISTATE_ON)
                g_string_append(line, " multifunction");
        if (is_controller) {
                add_number(line, "chassis-nr", controller->target.chassis_nr);
                add_number(line, "chassis", controller->target.chassis);
                add_number(line, "port", controller->target.port);
                add_number(line, "bus-nr", controller->target.bus_nr);
                add_number(line, "index", controller->target.index);
                add_number(line, "startport", controller->master_startport);
                if (controller->target.hotplug != VB_TRISTATE_UNSET)
                        g_string_append_printf(line, " hotplug=%s",
                                               vb_tristate_to_switch(controller->target.hotplug));
        }
        return g_string_free(line, FALSE);
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static char *sorted_lines(GPtrArray *lines)
{
        GString *text = g_string_new(NULL);

        g_ptr_array_sort(lines, compare_lines);
        for (guint i = 0; i < lines->len; i++)
                g_string_append_printf(text, "%s\n", (const char *) g_ptr_array_index(lines, i));
        return g_string_free(text, FALSE);
}

static char *sort_text(const char *text)
{
        g_auto(GStrv) parts = g_strsplit(text, "\n", -1);
        g_autoptr(GPtrArray) lines = g_ptr_array_new();

        for (int i = 0; parts[i]; i++)
                if (*parts[i] != '\0')
                        g_ptr_array_add(lines, parts[i]);
        return sorted_lines(lines);
}

/* Given a few devices, when they are completed, then they are where libvirt puts them; completing the result
 * changes nothing, byte for byte. */
static void test_case(gconstpointer data)
{
        const Case *c = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = read_and_complete(c->machine, c->devices, &error), again = NULL;
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *text = NULL, *found = NULL, *expected = sort_text(c->result), *second = NULL;
        g_autoptr(VbEmulatorFacts) emulator = NULL;
        g_autoptr(VbMachineFacts) facts = test_machine_facts(c->machine);

        g_assert_no_error(error);
        for (guint i = 0; i < def->devices->len; i++) {
                char *line = describe(g_ptr_array_index(def->devices, i));

                if (line)
                        g_ptr_array_add(lines, line);
        }
        found = sorted_lines(lines);
        g_assert_cmpstr(found, ==, expected);

        text = vb_domain_def_format(def);
        again = vb_domain_def_parse(text, strlen(text), &error);
        g_assert_no_error(error);
        emulator = test_emulator_facts_of(again->os.arch);
        vb_domain_def_complete(again, emulator, facts, &error);
        g_assert_no_error(error);
        second = vb_domain_def_format(again);
        g_assert_cmpstr(second, ==, text);
}

static const struct {
        const char *machine, *devices, *message;
} refusals[] = {
        { "pc", "<controller type='xenbus'/>", "type='xenbus' is not supported" },
        { "pc", "<controller type='scsi' model='buslogic'/>", "model='buslogic' is not supported" },
        { "pc", "<controller type='usb' model='qusb2'/>", "model='qusb2' is not supported" },
        { "pc", "<controller type='usb' index='0' ports='5'/>", "ports" },
        { "pc", "<controller type='usb' model='vt82c686b-uhci'/>", "vt82c686b-usb-uhci" },
        { "pc", "<controller type='usb' index='0' model='ich9-uhci1'/>", "companion of an ich9-ehci1" },
        { "pc", "<controller type='scsi' index='0'/><controller type='scsi' index='0'/>",
          "another scsi controller" },
        { "pc", "<controller type='scsi' model='lsilogic'><driver queues='4'/></controller>", "<driver>" },
        { "pc", "<controller type='scsi' model='ibmvscsi'/>", "no virtual I/O bus of Power" },
        { "pc", "<controller type='pci' model='pci-bridge' index='1'><target chassis='5'/></controller>",
          "chassis" },
        { "pc", "<controller type='pci' model='pci-bridge' index='1'><target hotplug='off'/></controller>",
          "hotplug" },
        { "pc", "<controller type='pci' model='pci-root' index='0'><target index='1'/></controller>",
          "machine types that have several" },
        { "pc",
          "<controller type='pci' model='pci-root' index='0'><model "
          "name='spapr-pci-host-bridge'/></controller>",
          "machine types that have several" },
        { "pc", "<controller type='pci' model='pci-bridge' index='1'><pcihole64>1</pcihole64></controller>",
          "<pcihole64>" },
        { "pc", PORT("1", ""), "root port" },
        { "q35", PORT("1", "<target chassisNr='5'/>"), "chassisNr" },
        { "q35", PORT("1", "<target chassis='256'/>"), "chassis='256'" },
        { "q35", PORT("1", "<model name='pci-bridge'/>"), "does not implement a pcie-root-port" },
        { "q35", PORT("1", "<target chassis='1'/>") PORT("2", "<target chassis='1'/>"),
          "same chassis number" },
        { "q35",
          "<controller type='pci' model='pcie-expander-bus' index='1'><target busNr='180'/></controller>"
          "<controller type='pci' model='pcie-expander-bus' index='2'><target busNr='180'/></controller>",
          "same busNr" },
        { "q35", "<controller type='pci' model='pci-expander-bus' index='1'/>", "no free place" },
        { "q35", "<controller type='pci' model='pcie-switch-downstream-port' index='1'/>", "no free place" },
        { "q35", "<controller type='pci' model='pcie-root' index='0'><target hotplug='off'/></controller>",
          "hotplug" },
        { "q35", "<controller type='pci' model='pci-root' index='0'/>", "pcie-root" },
        { "q35", "<controller type='pci' model='pcie-root' index='1'/>", "one root" },
        { "pseries", "<controller type='pci' model='pci-root' index='0'><target index='3'/></controller>",
          "<target index='0'/>" },
        { "pseries", "<controller type='pci' model='pci-root' index='1'><target index='0'/></controller>",
          "<target index='0'/>" },
        { "pseries", "<controller type='pci' model='pci-root' index='1'><target index='31'/></controller>",
          "index='31'" },
        { "pseries",
          "<controller type='pci' model='pci-root' index='1'><target index='7'/></controller>"
          "<controller type='pci' model='pci-root' index='2'><target index='7'/></controller>",
          "index='7'/> too" },
        { "pseries",
          "<controller type='scsi' model='ibmvscsi'><address type='spapr-vio' reg='0x2000'/></controller>"
          "<controller type='scsi' model='ibmvscsi'><address type='spapr-vio' reg='0x2000'/></controller>",
          "0x2000 is in use" },
        { "pc",
          TABLET TABLET "<input type='tablet' bus='usb'><address type='usb' bus='0' port='1.1'/></input>",
          "no hub above usb 0:1.1" },
        { "pc", "<input type='tablet' bus='usb'><address type='usb' bus='3' port='1'/></input>",
          "no USB controller 3" },
        { "pc", "<controller type='usb' index='0' model='none'/>" TABLET, "no USB controller" },
};

static void test_refusals(void)
{
        for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(VbDomainDef) def =
                        read_and_complete(refusals[i].machine, refusals[i].devices, &error);

                if (def || !strstr(error->message, refusals[i].message) || !strstr(error->message, "line 1"))
                        g_error("%s: %s", refusals[i].devices, def ? "accepted" : error->message);
        }
}

static void assert_place(const VbDomainDef *def, const char *alias, const char *expected)
{
        const VbDevice *device = vb_domain_def_find_device(def, alias);
        g_autofree char *address = device ? vb_address_to_string(&device->address) : NULL;

        g_assert_cmpstr(address, ==, expected);
}

/* Given more cards than the root of a PC has slots, when they are completed, then as many bridges as it takes
 * come first, on the root, and the cards go on behind them. */
static void test_bridges(void)
{
        g_autoptr(GString) devices = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = NULL;

        for (int i = 0; i < 60; i++)
                g_string_append(devices, NET("virtio"));
        def = read_and_complete("pc", devices->str, &error);
        g_assert_no_error(error);
        assert_place(def, "pci.1", "0000:00:02.0");
        assert_place(def, "pci.2", "0000:00:03.0");
        g_assert_null(vb_domain_def_find_device(def, "pci.3"));
        assert_place(def, "net27", "0000:00:1f.0");
        assert_place(def, "net28", "0000:01:01.0");
        assert_place(def, "net59", "0000:02:01.0");
        assert_place(def, "balloon0", "0000:02:02.0");
}

/* Given a switch whose ports are numbered from the far end, when it is completed, then each part is on the
 * one before it; and a ring of controllers is refused. */
static void test_order_of_numbers(void)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def =
                read_and_complete("q35",
                                  NO_BALLOON "<controller type='pci' index='1' model='pcie-to-pci-bridge'/>"
                                             "<controller type='pci' index='2' model='pcie-root-port'/>",
                                  &error);
        g_autoptr(VbDomainDef) ring = NULL;

        g_assert_no_error(error);
        assert_place(def, "pci.1", "0000:02:00.0");
        ring = read_and_complete(
                "q35",
                "<controller type='pci' index='1' model='pcie-switch-upstream-port'><address type='pci' "
                "bus='2'/>"
                "</controller><controller type='pci' index='2' model='pcie-switch-downstream-port'>"
                "<address type='pci' bus='1'/></controller>",
                &error);
        g_assert_null(ring);
        g_assert_nonnull(strstr(error->message, "is behind this very controller"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/conf-controllers/%s", cases[i].name);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/conf-controllers/refusals", test_refusals);
        g_test_add_func("/conf-controllers/bridges", test_bridges);
        g_test_add_func("/conf-controllers/order-of-numbers", test_order_of_numbers);
        return g_test_run();
}
