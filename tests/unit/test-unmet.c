/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition may ask for and no guest gets: told or refused at its start, with the reason. */
#include "domain/unmet.h"

#include <string.h>

#include "conf/complete.h"
#include "facts.h"
#include "util/error.h"

typedef struct {
        const char *name, *part, *devices; /* NULL: none */
        const char *message;               /* a part of it; NULL: nothing is missing */
        bool refused;
} Case;

#define CARD(type, more) "<interface type='" type "'>" more "</interface>"
#define NETWORK(more) CARD("network", "<source network='default'/>" more)
#define BRIDGE(more) CARD("bridge", "<source bridge='b'/>" more)
#define LAN(more) CARD("network", "<source network='lan'/>" more)
#define DISK(more)                                                                                           \
        "<disk type='file'><source file='/a'>" more "</source><target dev='vda' bus='virtio'/></disk>"

static const Case cases[] = {
        { "nothing", NULL, NETWORK("") DISK(""), NULL, false },
        { "shares", "<cputune><shares>2048</shares></cputune>", NULL, NULL, false },
        { "quota", "<cputune><quota>10000</quota></cputune>", NULL, NULL, false },
        { "emulator-quota", "<cputune><emulator_quota>10000</emulator_quota></cputune>", NULL,
          "quotas of the emulator's", false },
        { "cachetune",
          "<cputune><cachetune vcpus='0'><cache id='0' level='3' type='both' size='3' unit='MiB'/>"
          "</cachetune></cputune>",
          NULL, "<cachetune>", true },
        { "memorytune", "<cputune><memorytune vcpus='0'><node id='0' bandwidth='20'/></memorytune></cputune>",
          NULL, "<memorytune>", true },
        { "memtune", "<memtune><hard_limit unit='GiB'>1</hard_limit></memtune>", NULL, NULL, false },
        { "blkiotune", "<blkiotune><weight>500</weight></blkiotune>", NULL, NULL, false },
        { "partition", "<resource><partition>/machine/production</partition></resource>", NULL, NULL,
          false },
        { "pin", "<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>", NULL, NULL, false },
        { "pin-of-none", "<cputune><vcpupin vcpu='1' cpuset='0'/></cputune>", NULL,
          "<vcpupin>: the guest has no such processor", false },
        { "perf", "<perf><event name='cpu_cycles' enabled='yes'/></perf>", NULL, "<perf>", false },
        { "perf-off", "<perf><event name='cpu_cycles' enabled='no'/></perf>", NULL, NULL, false },
        { "placement", "<numatune><memory placement='auto'/></numatune>", NULL, "placement='auto'", false },
        { "restrictive", "<numatune><memory mode='restrictive' nodeset='0'/></numatune>", NULL, NULL,
          false },
        { "no-label", "<seclabel type='none'/>", NULL, NULL, false },
        { "lock-failure", "<on_lockfailure>poweroff</on_lockfailure>", NULL, "<on_lockfailure>", false },
        { "msrs", "<features><msrs unknown='ignore'/></features>", NULL, "<msrs>", false },
        { "viridian", "<features><viridian/></features>", NULL, "<viridian>", false },
        { "catchup",
          "<clock offset='utc'><timer name='rtc' tickpolicy='catchup'><catchup "
          "threshold='123'/></timer></clock>",
          NULL, "<catchup>", false },
        { "image-no-label", NULL, DISK("<seclabel model='dac' relabel='no'/>"), NULL, false },
        { "tcg-with-tcg", "<features><tcg><tb-cache unit='MiB'>64</tb-cache></tcg></features>", NULL, NULL,
          false },
        { "ioapic-with-tcg", "<features><ioapic driver='qemu'/></features>", NULL,
          "<dirty-ring> and <ioapic>", false },
        { "driver-of-virtio", NULL, NETWORK("<model type='virtio'/><driver queues='1'/>"), NULL, false },
        { "driver-of-e1000", NULL, NETWORK("<model type='e1000'/><driver name='qemu'/>"), "net0: <driver>",
          false },
        { "bandwidth", NULL, NETWORK("<bandwidth><inbound average='1000'/></bandwidth>"), "net0: <bandwidth>",
          false },
        { "filter", NULL, NETWORK("<filterref filter='clean-traffic'/>"), "net0: <filterref>", true },
        { "filter-of-sockets", NULL,
          CARD("mcast", "<source address='230.0.0.1' port='5558'/><filterref filter='clean-traffic'/>"),
          "net0: <filterref>", true },
        { "vlan", NULL, NETWORK("<vlan><tag id='42'/></vlan>"), "net0: <vlan>", true },
        { "isolated", NULL, NETWORK("<port isolated='yes'/>"), "net0: <port isolated='yes'/>", true },
        { "not-isolated", NULL, NETWORK("<port isolated='no'/>"), NULL, false },
        { "virtualport", NULL, NETWORK("<virtualport type='openvswitch'/>"), "net0: <virtualport>", false },
        { "virtualport-of-bridge", NULL, BRIDGE("<virtualport type='openvswitch'/>"), "net0: <virtualport>", true },
        { "isolated-on-bridge", NULL, BRIDGE("<port isolated='yes'/>"), "net0: <port isolated='yes'/>", true },
        { "vlan-of-card", NULL, CARD("direct", "<source dev='lo'/><vlan><tag id='1'/></vlan>"), "net0: <vlan>", true },
        { "bandwidth-of-card", NULL,
          CARD("direct", "<source dev='lo'/><bandwidth><inbound average='1000'/></bandwidth>"), "net0: <bandwidth>", true },
        { "bandwidth-of-tap", NULL, CARD("ethernet", "<bandwidth><inbound average='1000'/></bandwidth>"),
          "net0: <bandwidth>", true },
        { "bandwidth-of-lan", NULL, LAN("<bandwidth><inbound average='1000'/></bandwidth>"), "net0: <bandwidth>", true },
        { "coalesce-of-lan", NULL, LAN("<coalesce><rx><frames max='7'/></rx></coalesce>"), "net0: <coalesce>", true },
        { "coalesce", NULL, NETWORK("<coalesce><rx><frames max='7'/></rx></coalesce>"), "net0: <coalesce>", false },
        { "virtualport-of-users", NULL, CARD("network", "<source network='mine'/><virtualport type='openvswitch'/>"),
          "net0: <virtualport>", false },
        { "telnets", NULL,
          "<serial type='tcp'><source mode='connect' host='h' service='1'/><protocol "
          "type='telnets'/></serial>",
          "serial0: <protocol type='telnets'/>", true },
        { "tls", NULL,
          "<channel type='tcp'><source mode='connect' host='h' service='1'/><protocol type='tls'/>"
          "<target type='virtio' name='a'/></channel>",
          "channel0: <protocol type='tls'/>", true },
        { "telnet", NULL,
          "<serial type='tcp'><source mode='bind' host='h' service='1'/><protocol type='telnet'/></serial>",
          NULL, false },
        { "sdl", NULL, "<graphics type='sdl' display=':0.0'/>", "display=''", true },
        { "listen-network", NULL,
          "<graphics type='vnc' autoport='yes'><listen type='network' network='default'/></graphics>",
          "<listen type='network'>", false },
        { "mandatory", NULL,
          "<hostdev mode='subsystem' type='usb'><source startupPolicy='mandatory'><vendor id='0x1234'/>"
          "<product id='0xbeef'/></source></hostdev>",
          "startupPolicy='mandatory'", false },
        { "limited-folder", NULL,
          "<filesystem type='mount' accessmode='mapped'><source dir='/a'/><target dir='t'/>"
          "<space_hard_limit unit='GiB'>1</space_hard_limit></filesystem>",
          "<space_hard_limit>", true },
};

/* Given what comes with a kernel, when there is none, then that is told, and with one it is not. */
static void test_kernel(void)
{
        static const char *const parts[] = { "<initrd>/a</initrd>", "<cmdline>a</cmdline>", "<dtb>/a</dtb>" };

        for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
                for (int kernel = 0; kernel < 2; kernel++) {
                        g_autofree char *text = g_strdup_printf(
                                "<domain type='qemu'><name>a</name><memory>262144</memory><vcpu>1</vcpu>"
                                "<os><type machine='pc'>hvm</type>%s%s</os></domain>",
                                kernel ? "<kernel>/k</kernel>" : "", parts[i]);
                        g_autoptr(GError) error = NULL;
                        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);
                        g_auto(GStrv) lines = NULL;

                        g_assert_no_error(error);
                        lines = vb_unmet_list(def, NULL);
                        g_assert_cmpuint(g_strv_length(lines), ==, kernel ? 0 : 1);
                        if (!kernel)
                                g_assert_nonnull(strstr(lines[0], "they come with a <kernel>"));
                }
}

static void test_case(gconstpointer data)
{
        const Case *one = data;
        g_autofree char *text =
                g_strdup_printf("<domain type='qemu'><name>a</name><memory>262144</memory><vcpu>1</vcpu>"
                                "<os><type machine='pc'>hvm</type></os>%s<devices>%s</devices></domain>",
                                one->part ? one->part : "", one->devices ? one->devices : "");
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts("pc");
        g_autoptr(GError) error = NULL;
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), &error);
        g_auto(GStrv) lines = NULL;
        g_autofree char *list = NULL;
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(VbNetworks) networks = NULL;

        g_assert_no_error(error);
        vb_domain_def_complete(def, emulator, machine, &error);
        g_assert_no_error(error);
        g_assert_true(g_key_file_load_from_data(file, "[network lan]\nbridge=b\n[network mine]\nuser=yes\n", -1, 0, NULL));
        networks = vb_networks_new(file, &error);
        g_assert_no_error(error);
        lines = vb_unmet_list(def, networks);
        list = g_strjoinv("; ", lines);
        g_test_message("%s", list);
        g_assert_cmpint(vb_unmet_check(def, networks, &error), ==, !one->refused);
        if (one->refused) {
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_nonnull(strstr(error->message, one->message));
        } else if (one->message) {
                g_assert_nonnull(strstr(list, one->message));
        } else {
                g_assert_cmpstr(list, ==, "");
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/unmet/", cases[i].name, NULL);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/unmet/kernel", test_kernel);
        return g_test_run();
}
