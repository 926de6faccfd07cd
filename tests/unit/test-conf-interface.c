/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces: what is wrong with them, and what completion chooses. What is right with them is in
 * data/conf/ and data/argv/. */
#include <string.h>

#include "conf/interface.h"
#include "facts.h"
#include "refusal.h"

#define USER(more) "<interface type='user'>" more "</interface>"
#define BRIDGE(more) "<interface type='bridge'><source bridge='br0'/>" more "</interface>"
#define NETWORK(more) "<interface type='network'><source network='n'/>" more "</interface>"
#define DIRECT(more) "<interface type='direct'><source dev='eth0'/>" more "</interface>"
#define HOSTDEV(more)                                                                                        \
        "<interface type='hostdev'><source><address type='pci' bus='3'/></source>" more "</interface>"

static const TestRefusal refusals[] = {
        { "no-type", "\n<interface/>", VB_ERROR_INVALID_XML, "line 8: <interface>: the attribute 'type'",
          NULL },
        { "type", "<interface type='avian'/>", VB_ERROR_INVALID_XML,
          "type='avian' is not known; accepted: user, network, bridge", NULL },
        { "internal", "<interface type='internal'/>", VB_ERROR_UNSUPPORTED,
          "type='internal': networks inside", NULL },
        { "null", "<interface type='null'/>", VB_ERROR_UNSUPPORTED, "type='null': QEMU has no card", NULL },
        { "vds", "<interface type='vds'/>", VB_ERROR_UNSUPPORTED, "type='vds'", NULL },
        { "network-no-source", "<interface type='network'/>", VB_ERROR_INVALID_XML,
          "type='network' needs a <source>", NULL },
        { "network-no-name", "<interface type='network'><source/></interface>", VB_ERROR_INVALID_XML,
          "<source>: the attribute 'network' is missing", NULL },
        { "bridge-no-name", "<interface type='bridge'><source/></interface>", VB_ERROR_INVALID_XML,
          "'bridge' is missing", NULL },
        { "direct-no-dev", "<interface type='direct'><source mode='vepa'/></interface>", VB_ERROR_INVALID_XML,
          "'dev' is missing", NULL },
        { "direct-mode", "<interface type='direct'><source dev='e' mode='nat'/></interface>",
          VB_ERROR_INVALID_XML, "mode='nat' is not known", NULL },
        { "hostdev-no-source", "<interface type='hostdev'/>", VB_ERROR_INVALID_XML, "needs a <source>",
          NULL },
        { "hostdev-usb",
          "<interface type='hostdev'><source><address type='usb' bus='1'/></source></interface>",
          VB_ERROR_UNSUPPORTED, "only PCI network cards", NULL },
        { "hostdev-driver", HOSTDEV("<driver name='vhost'/>"), VB_ERROR_INVALID_XML, "<driver name='vfio'/>",
          NULL },
        { "hostdev-kvm", HOSTDEV("<driver name='kvm'/>"), VB_ERROR_UNSUPPORTED, "name='kvm'", NULL },
        { "vdpa-no-dev", "<interface type='vdpa'/>", VB_ERROR_INVALID_XML, "needs a <source>", NULL },
        { "vdpa-model",
          "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/><model type='e1000'/></interface>",
          VB_ERROR_INVALID_XML, "type='vdpa' needs <model type='virtio'/>", NULL },
        { "vhostuser-type", "<interface type='vhostuser'><source path='/a' mode='client'/></interface>",
          VB_ERROR_INVALID_XML, "<source>: the attribute 'type' is missing", NULL },
        { "vhostuser-path", "<interface type='vhostuser'><source type='unix' mode='client'/></interface>",
          VB_ERROR_INVALID_XML, "'path' is missing", NULL },
        { "vhostuser-mode", "<interface type='vhostuser'><source type='unix' path='/a'/></interface>",
          VB_ERROR_INVALID_XML, "'mode' is missing", NULL },
        { "vhostuser-model",
          "<interface type='vhostuser'><source type='unix' path='/a' mode='client'/></interface>",
          VB_ERROR_INVALID_XML, "type='vhostuser' needs <model type='virtio'/>", NULL },
        { "vhostuser-reconnect",
          "<interface type='vhostuser'><source type='unix' path='/a' mode='server'><reconnect enabled='yes' "
          "timeout='1'/></source><model type='virtio'/></interface>",
          VB_ERROR_INVALID_XML, "only mode='client' can reconnect", NULL },
        { "server-no-port", "<interface type='server'><source address='10.0.0.1'/></interface>",
          VB_ERROR_INVALID_XML, "'port' is missing", NULL },
        { "client-no-address", "<interface type='client'><source port='1'/></interface>",
          VB_ERROR_INVALID_XML, "'address' is missing", NULL },
        { "udp-no-local", "<interface type='udp'><source address='10.0.0.1' port='1'/></interface>",
          VB_ERROR_INVALID_XML, "<local> is missing", NULL },

        { "mac", USER("<mac address='52:54:00:00:00'/>"), VB_ERROR_INVALID_XML, "six hexadecimal numbers",
          NULL },
        { "mac-multicast", USER("<mac address='53:54:00:00:00:01'/>"), VB_ERROR_INVALID_XML,
          "is a multicast address", NULL },
        { "mac-type", USER("<mac address='52:54:00:00:00:01' type='random'/>"), VB_ERROR_INVALID_XML,
          "type='random' is not known", NULL },
        { "model-characters", USER("<model type='e1000,x'/>"), VB_ERROR_INVALID_XML,
          "type='e1000,x' is not made of letters", NULL },
        { "model-absent", USER("<model type='lan9118'/>"), VB_ERROR_UNSUPPORTED, "has no device lan9118",
          NULL },
        { "model-isa", USER("<model type='ne2k_isa'/><address type='pci' slot='7'/>"),
          VB_ERROR_INVALID_ADDRESS, "its address is of type 'isa', not 'pci'", NULL },
        { "driver-name", BRIDGE("<driver name='kernel'/>"), VB_ERROR_INVALID_XML, "name='kernel'", NULL },
        { "driver-virtio", BRIDGE("<model type='e1000'/><driver iommu='on'/>"), VB_ERROR_UNSUPPORTED,
          "iommu, ats, packed and page_per_vq are of virtio devices only", NULL },
        { "driver-iommu", BRIDGE("<model type='virtio'/><driver iommu='on'/>"), VB_ERROR_UNSUPPORTED,
          "<driver iommu='on'/> needs a port of PCI Express", NULL },
        { "driver-vfio", BRIDGE("<driver name='vfio'/>"), VB_ERROR_INVALID_XML, "is for type='hostdev'",
          NULL },
        { "rx-queue-power", BRIDGE("<model type='virtio'/><driver rx_queue_size='500'/>"),
          VB_ERROR_INVALID_XML, "rx_queue_size='500' is not a power of two", NULL },
        { "tx-queue-size", BRIDGE("<model type='virtio'/><driver tx_queue_size='2048'/>"),
          VB_ERROR_INVALID_XML, "tx_queue_size='2048'", NULL },
        { "queues", BRIDGE("<model type='virtio'/><driver queues='many'/>"), VB_ERROR_INVALID_XML,
          "queues='many' is not", NULL },
        { "link", USER("<link state='wobbly'/>"), VB_ERROR_INVALID_XML, "state='wobbly' is not known", NULL },
        { "link-no-state", USER("<link/>"), VB_ERROR_INVALID_XML, "<link>: the attribute 'state'", NULL },
        { "mtu-user", USER("<mtu size='1500'/>"), VB_ERROR_UNSUPPORTED,
          "<mtu> is not supported for type='user'", NULL },
        { "mtu-small", BRIDGE("<mtu size='67'/>"), VB_ERROR_INVALID_XML, "size='67' is not", NULL },
        { "coalesce-direct", DIRECT("<coalesce><rx><frames max='1'/></rx></coalesce>"), VB_ERROR_UNSUPPORTED,
          "<coalesce> is not supported for type='direct'", NULL },
        { "port-user", USER("<port isolated='yes'/>"), VB_ERROR_UNSUPPORTED,
          "<port isolated='yes'/> is not supported for type='user'", NULL },
        { "port-openvswitch", BRIDGE("<port isolated='yes'/><virtualport type='openvswitch'/>"),
          VB_ERROR_UNSUPPORTED, "is for bridges of the kernel's", NULL },
        { "virtualport-user", USER("<virtualport type='openvswitch'/>"), VB_ERROR_UNSUPPORTED,
          "<virtualport> is not supported for type='user'", NULL },
        { "virtualport-type", DIRECT("<virtualport type='802.1Q'/>"), VB_ERROR_INVALID_XML,
          "type='802.1Q' is not known", NULL },
        { "virtualport-qbg", DIRECT("<virtualport type='802.1Qbg'><parameters managerid='1'/></virtualport>"),
          VB_ERROR_INVALID_XML, "type='802.1Qbg' needs <parameters typeid='...'/>", NULL },
        { "virtualport-qbh", DIRECT("<virtualport type='802.1Qbh'/>"), VB_ERROR_INVALID_XML,
          "needs <parameters profileid='...'/>", NULL },
        { "virtualport-midonet", BRIDGE("<virtualport type='midonet'/>"), VB_ERROR_INVALID_XML,
          "needs <parameters interfaceid='...'/>", NULL },
        { "vlan-empty", BRIDGE("<vlan/>"), VB_ERROR_INVALID_XML, "<vlan>: it needs a <tag", NULL },
        { "vlan-id", BRIDGE("<vlan><tag id='4096'/></vlan>"), VB_ERROR_INVALID_XML, "id='4096' is not",
          NULL },
        { "vlan-trunk", BRIDGE("<vlan trunk='no'><tag id='1'/><tag id='2'/></vlan>"), VB_ERROR_INVALID_XML,
          "make it a trunk", NULL },
        { "vlan-native",
          BRIDGE("<vlan><tag id='1' nativeMode='tagged'/><tag id='2' nativeMode='untagged'/></vlan>"),
          VB_ERROR_INVALID_XML, "only one tag can have a nativeMode", NULL },
        { "bandwidth", BRIDGE("<bandwidth><inbound peak='1'/></bandwidth>"), VB_ERROR_INVALID_XML,
          "<inbound>: it needs an average", NULL },
        { "bandwidth-floor", BRIDGE("<bandwidth><inbound average='1' floor='1'/></bandwidth>"),
          VB_ERROR_UNSUPPORTED, "the floor of <inbound> is for type='network'", NULL },
        { "bandwidth-outbound", NETWORK("<bandwidth><outbound average='1' floor='1'/></bandwidth>"),
          VB_ERROR_INVALID_XML, "only <inbound> has a floor", NULL },
        { "target-managed", BRIDGE("<target managed='no'/>"), VB_ERROR_UNSUPPORTED, "is for type='ethernet'",
          NULL },
        { "filter", BRIDGE("<filterref/>"), VB_ERROR_INVALID_XML, "<filterref>: the attribute 'filter'",
          NULL },
        { "sndbuf", BRIDGE("<tune><sndbuf>lots</sndbuf></tune>"), VB_ERROR_INVALID_XML, "<sndbuf>: ", NULL },
        { "trust", "<interface type='user' trustGuestRxFilters='maybe'/>", VB_ERROR_INVALID_XML,
          "trustGuestRxFilters='maybe'", NULL },
        { "ip-bridge", BRIDGE("<ip address='10.0.0.1'/>"), VB_ERROR_UNSUPPORTED,
          "<ip> is not supported for type='bridge'", NULL },
        { "ip-two", USER("<ip address='10.0.0.0' prefix='24'/><ip address='10.1.0.0' prefix='24'/>"),
          VB_ERROR_UNSUPPORTED, "there can be one <ip> of each family", NULL },
        { "ip-prefix", USER("<ip address='10.0.0.0' prefix='33'/>"), VB_ERROR_INVALID_XML,
          "prefix='33' is more than the 32 bits", NULL },
        { "ip-prefix-slirp", USER("<ip address='10.0.0.0' prefix='28'/>"), VB_ERROR_INVALID_XML,
          "prefix='28' is not from 4 to 27", NULL },
        { "ip-prefix-ipv6", USER("<ip address='fd00::' prefix='48'/>"), VB_ERROR_UNSUPPORTED,
          "prefix='48' of an IPv6 address is not 64", NULL },
        { "ip-peer", USER("<ip address='10.0.0.1' peer='10.0.0.2'/>"), VB_ERROR_UNSUPPORTED, "peer", NULL },
        { "ip-family", USER("<ip family='ipv6' address='10.0.0.1'/>"), VB_ERROR_INVALID_XML,
          "address='10.0.0.1' is not an IPv6 address", NULL },
        { "route-user", USER("<route address='10.0.0.0' prefix='8' gateway='10.1.0.1'/>"),
          VB_ERROR_UNSUPPORTED, "<route> is not supported", NULL },
        { "passt-bridge", BRIDGE("<backend type='passt'/>"), VB_ERROR_INVALID_XML, "is for type='user'",
          NULL },
        { "passt-log", USER("<backend logFile='/a'/>"), VB_ERROR_INVALID_XML, "is for type='passt'", NULL },
        { "forward-protocol", USER("<portForward proto='sctp'/>"), VB_ERROR_INVALID_XML, "proto='sctp'",
          NULL },
        { "forward-bridge", BRIDGE("<portForward proto='tcp'/>"), VB_ERROR_UNSUPPORTED,
          "<portForward> is not supported for type='bridge'", NULL },
        { "forward-range", USER("<portForward proto='tcp'><range start='9' end='8'/></portForward>"),
          VB_ERROR_INVALID_XML, "it ends before it begins", NULL },
        { "forward-exclude",
          USER("<portForward proto='tcp'><range start='9' to='8' exclude='yes'/></portForward>"),
          VB_ERROR_INVALID_XML, "no to='...'", NULL },
        { "forward-above",
          USER("<portForward proto='tcp'><range start='1' end='9' to='65530'/></portForward>"),
          VB_ERROR_INVALID_XML, "above the highest", NULL },
        { "teaming-model", BRIDGE("<model type='e1000'/><teaming type='persistent'/>"), VB_ERROR_INVALID_XML,
          "needs <model type='virtio'/>", NULL },
        { "teaming-alone", HOSTDEV("<teaming type='transient'/>"), VB_ERROR_INVALID_XML,
          "the alias of its twin", NULL },
        { "teaming-type", BRIDGE("<model type='virtio'/><teaming type='transient' persistent='ua-a'/>"),
          VB_ERROR_INVALID_XML, "is for type='hostdev'", NULL },
};

typedef struct {
        const char *arch;
        const char *model;
} ModelCase;

static const ModelCase model_cases[] = {
        { "x86_64", "rtl8139" }, { "i686", "rtl8139" },   { "ppc64", "rtl8139" },
        { "aarch64", "virtio" }, { "riscv64", "virtio" }, { "s390x", "virtio" },
};

/* Given a card of no model, when it is completed, then it is the usual one of the architecture. */
static void test_default_model(gconstpointer data)
{
        const ModelCase *c = data;
        g_autofree char *text = test_definition(BRIDGE(""), NULL);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts_pci();
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), NULL);
        g_autoptr(GError) error = NULL;
        const VbInterface *interface;

        g_free(emulator->arch);
        emulator->arch = g_strdup(c->arch);
        g_free(def->os.arch);
        def->os.arch = g_strdup(c->arch);
        vb_domain_def_complete(def, emulator, machine, &error);
        g_assert_no_error(error);
        interface = (const VbInterface *) vb_domain_def_find_device(def, "net0");
        g_assert_cmpstr(interface->model, ==, c->model);
        g_assert_true(interface->has_mac);
}

static char *complete(const char *text)
{
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts_pci();
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), NULL);

        g_assert_true(vb_domain_def_complete(def, emulator, machine, NULL));
        return vb_domain_def_format(def);
}

/* Given a port that a switch has to know, when it is completed, then it gets an id, which is kept, and is
 * another one each time. */
static void test_made_up(void)
{
        g_autofree char *text = test_definition(
                BRIDGE("<mac address='52:54:00:00:00:01'/><virtualport type='openvswitch'/>"), NULL);
        g_autofree char *first = complete(text), *again = complete(first), *other = complete(text);

        g_assert_nonnull(strstr(first, "<parameters interfaceid='"));
        g_assert_cmpstr(again, ==, first);
        g_assert_null(strstr(other, strstr(first, "interfaceid=")));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        test_refusals_add("/conf/interface/refuse/", refusals, G_N_ELEMENTS(refusals));
        for (gsize i = 0; i < G_N_ELEMENTS(model_cases); i++) {
                g_autofree char *path = g_strconcat("/conf/interface/model/", model_cases[i].arch, NULL);

                g_test_add_data_func(path, &model_cases[i], test_default_model);
        }
        g_test_add_func("/conf/interface/made-up", test_made_up);
        return g_test_run();
}
