/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes to another release: enough for an older one that knows the devices, and for one that has other
 * defaults; nothing that only names today's. Whatever it is, it means the same hardware. */
#include <string.h>

#include "conf/complete.h"
#include "facts.h"
#include "util/error.h"

#define LISTED 6

typedef struct {
        const char *name;
        const char *machine; /* see facts.h */
        const char *devices;
        const char *there[LISTED];  /* in migratable XML and in the canonical */
        const char *absent[LISTED]; /* from migratable XML; the canonical has it */
} Case;

#define PORT(index, more)                                                                                    \
        "<controller type='pci' index='" index "' model='pcie-root-port'>" more "</controller>"
#define SWITCH                                                                                               \
        PORT("1", "")                                                                                        \
        "<controller type='pci' index='2' model='pcie-switch-upstream-port'/>"                               \
        "<controller type='pci' index='3' model='pcie-switch-downstream-port'/>"

static const Case cases[] = {
        /* A controller of the machine's usual kind is not left for the other side to add: it would be of
         * another kind there, or in another place. */
        { "usb-usual",
          "pc",
          "<controller type='usb' index='0'/>",
          { "<controller type='usb' index='0' model='piix3-uhci'>",
            "<address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x2'/>" },
          { NULL } },
        { "usb-not-named", "pc", "", { "<controller type='usb' index='0' model='piix3-uhci'>" }, { NULL } },
        { "usb-usual-pcie", "q35", "", { "<controller type='usb' index='0' model='qemu-xhci'" }, { NULL } },
        { "usb-usual-pseries",
          "pseries",
          "<controller type='usb' index='0'/>",
          { "<controller type='usb' index='0' model='",
            "<address type='pci' domain='0x0000' bus='0x00' slot='" },
          { NULL } },
        { "usb-none",
          "pc",
          "<controller type='usb' index='0' model='none'/>",
          { "<controller type='usb' index='0' model='none'>" },
          { NULL } },
        { "usb-given",
          "pc",
          "<controller type='usb' index='0' model='pci-ohci'/>",
          { "model='pci-ohci'" },
          { NULL } },
        /* Other controllers' and devices' kinds and places are told, too. */
        { "scsi-usual",
          "pc",
          "<controller type='scsi' index='0'/>",
          { "<controller type='scsi' index='0' model='lsilogic'>" },
          { NULL } },
        { "card-usual", "pc", "<interface type='user'/>", { "<model type='rtl8139'/>" }, { NULL } },
        { "video-usual", "pc", "<graphics type='vnc'/>", { "<model type='cirrus'" }, { NULL } },
        { "balloon-none", "pc", "<memballoon model='none'/>", { "<memballoon model='none'" }, { NULL } },
        { "balloon-usual", "pc", "", { "<memballoon model='virtio'>" }, { NULL } },
        /* An implementation has no name where an older release knows of one only, and did not know that it
         * had one; where there are several it is told even if it is the usual one. */
        { "bridge",
          "pc",
          "<controller type='pci' index='1' model='pci-bridge'/>",
          { "model='pci-bridge'", "<target chassisNr='1'/>" },
          { "<model name='pci-bridge'/>" } },
        { "dmi-bridge",
          "q35",
          "<controller type='pci' index='1' model='dmi-to-pci-bridge'/>"
          "<controller type='pci' index='2' model='pci-bridge'/>",
          { "model='dmi-to-pci-bridge'", "<target chassisNr='2'/>" },
          { "<model name='i82801b11-bridge'/>", "<model name='pci-bridge'/>" } },
        { "switch",
          "q35",
          SWITCH,
          { "model='pcie-switch-upstream-port'", "model='pcie-switch-downstream-port'",
            "<target chassis='3' port='0x0'/>" },
          { "<model name='x3130-upstream'/>", "<model name='xio3130-downstream'/>" } },
        { "legacy-bridge",
          "q35",
          "<controller type='pci' index='1' model='pcie-to-pci-bridge'/>",
          { "model='pcie-to-pci-bridge'" },
          { "<model name='pcie-pci-bridge'/>" } },
        { "expander",
          "pc",
          "<controller type='pci' index='1' model='pci-expander-bus'><target busNr='99'/></controller>",
          { "<target busNr='99'" },
          { "<model name='pxb'/>" } },
        { "expander-pcie",
          "q35",
          "<controller type='pci' index='1' model='pcie-expander-bus'><target busNr='77'/></controller>",
          { "<target busNr='77'" },
          { "<model name='pxb-pcie'/>" } },
        { "port",
          "q35",
          PORT("1", ""),
          { "<model name='pcie-root-port'/>", "<target chassis='1' port='0x8'/>" },
          { NULL } },
        { "port-ioh",
          "q35",
          PORT("1", "<model name='ioh3420'/><target chassis='9' port='0x38'/>"),
          { "<model name='ioh3420'/>", "<target chassis='9' port='0x38'/>" },
          { NULL } },
        { "port-hotplug", "q35", PORT("1", "<target hotplug='off'/>"), { "hotplug='off'" }, { NULL } },
        /* Not the machine's, but the host's: where a server listens is chosen anew there. */
        { "password", "pc", "<graphics type='vnc' passwd='x'/>", { "passwd=''" }, { NULL } },
};

static VbDomainDef *complete(const char *text, const char *machine_name, GError **error)
{
        bool of_power = g_str_equal(machine_name, "pseries");
        g_autoptr(VbEmulatorFacts) emulator =
                of_power ? test_emulator_facts_of("ppc64") : test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts(machine_name);
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), error);

        return def && vb_domain_def_complete(def, emulator, machine, error) ? g_steal_pointer(&def) : NULL;
}

static char *text_of(const Case *row)
{
        return g_strdup_printf("<domain type='qemu'><name>m</name><memory>262144</memory><os><type%s "
                               "machine='%s'>hvm</type></os>"
                               "<devices>%s</devices></domain>",
                               g_str_equal(row->machine, "pseries") ? " arch='ppc64'" : "", row->machine,
                               row->devices);
}

/* Given a domain, when another release is told of it, then it hears what it has to, and no more, and makes
 * the same of it. */
static void test_case(gconstpointer data)
{
        const Case *row = data;
        g_autofree char *text = text_of(row), *canonical = NULL, *migratable = NULL, *again = NULL;
        g_autoptr(VbDomainDef) def = NULL, other = NULL;
        g_autoptr(GError) error = NULL;

        def = complete(text, row->machine, &error);
        g_assert_no_error(error);
        canonical = vb_domain_def_format(def);
        migratable = vb_domain_def_format_migratable(def);
        g_test_message("%s", migratable);
        for (int i = 0; row->there[i]; i++) {
                g_assert_nonnull(strstr(canonical, row->there[i]));
                g_assert_nonnull(strstr(migratable, row->there[i]));
        }
        for (int i = 0; row->absent[i]; i++) {
                g_assert_nonnull(strstr(canonical, row->absent[i]));
                g_assert_null(strstr(migratable, row->absent[i]));
        }
        g_assert_null(strstr(migratable, " machine='q35'"));
        g_assert_null(strstr(migratable, " machine='pc'"));
        other = complete(migratable, row->machine, &error);
        g_assert_no_error(error);
        again = vb_domain_def_format(other);
        g_assert_cmpstr(again, ==, canonical);
}

/* Given the XML of a newer release, when it names an implementation that this one does not know, then it is
 * refused: the usual one instead would be other hardware. */
static void test_unknown(gconstpointer data)
{
        const Case *row = data;
        g_autofree char *text = text_of(row);
        g_autoptr(GError) error = NULL;

        g_assert_null(complete(text, row->machine, &error));
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, row->there[0]));
}

static const Case unknown[] = {
        { "dmi-bridge",
          "q35",
          "<controller type='pci' index='1' model='dmi-to-pci-bridge'><model "
          "name='generic-bridge'/></controller>",
          { "generic-bridge" },
          { NULL } },
        { "port", "q35", PORT("1", "<model name='pcie-root-port-2'/>"), { "pcie-root-port-2" }, { NULL } },
        { "port-of-another-kind",
          "q35",
          PORT("1", "<model name='i82801b11-bridge'/>"),
          { "i82801b11-bridge" },
          { NULL } },
        { "kind",
          "q35",
          "<controller type='pci' index='1' model='cxl-root-port'/>",
          { "cxl-root-port" },
          { NULL } },
        { "usb", "pc", "<controller type='usb' index='0' model='usb9-xhci'/>", { "usb9-xhci" }, { NULL } },
        { "target", "q35", PORT("1", "<target chassis='1' port='8' lanes='16'/>"), { "lanes" }, { NULL } },
};

static void add(const char *prefix, const Case *rows, gsize n, GTestDataFunc test)
{
        for (gsize i = 0; i < n; i++) {
                g_autofree char *path = g_strconcat(prefix, rows[i].name, NULL);

                g_test_add_data_func(path, &rows[i], test);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add("/conf/migratable/", cases, G_N_ELEMENTS(cases), test_case);
        add("/conf/migratable/unknown/", unknown, G_N_ELEMENTS(unknown), test_unknown);
        return g_test_run();
}
