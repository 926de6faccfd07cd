/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What names of networks mean, and tap devices, which are made in a network namespace of the test's own. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "conf/complete.h"
#include "domain/links.h"
#include "facts.h"
#include "host/macvtap.h"
#include "host/netlink.h"
#include "host/tap.h"
#include "refusal.h"
#include "util/fd.h"
#include "util/json.h"

static VbNetworks *read_networks(const char *text, GError **error)
{
        g_autoptr(GKeyFile) file = g_key_file_new();

        g_assert_true(g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL));
        return vb_networks_new(file, error);
}

static void test_names(void)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(VbNetworks) networks = read_networks("[network office]\nbridge=br0\n"
                                                       "[network lab]\ndirect=eth1\nmode=bridge\n"
                                                       "[network home]\nuser=yes\n",
                                                       &error);

        g_assert_no_error(error);
        g_assert_cmpint(vb_networks_find(networks, "office")->kind, ==, VB_NETWORK_BRIDGE);
        g_assert_cmpstr(vb_networks_find(networks, "office")->device, ==, "br0");
        g_assert_cmpint(vb_networks_find(networks, "lab")->kind, ==, VB_NETWORK_DIRECT);
        g_assert_cmpstr(vb_networks_find(networks, "lab")->mode, ==, "bridge");
        g_assert_cmpint(vb_networks_find(networks, "home")->kind, ==, VB_NETWORK_USER);
        g_assert_null(vb_networks_find(networks, "attic"));
}

/* Given nothing, then "default" is user-mode; given something else, then it is that. */
static void test_default(void)
{
        g_autoptr(VbNetworks) networks = read_networks("[network default]\nbridge=virbr0\n", NULL);

        g_assert_cmpint(vb_networks_find(NULL, "default")->kind, ==, VB_NETWORK_USER);
        g_assert_null(vb_networks_find(NULL, "other"));
        g_assert_cmpint(vb_networks_find(networks, "default")->kind, ==, VB_NETWORK_BRIDGE);
}

static void test_wrong(void)
{
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "[networks]\nbridge=a\n", "[networks] is not known" },
                { "[network ]\nbridge=a\n", "is not known" },
                { "[network a]\n", "one of bridge=, direct= and user=" },
                { "[network a]\nbridge=b\nuser=yes\n", "one of bridge=, direct= and user=" },
                { "[network a]\nbridge=\n", "the name of a device is missing" },
                { "[network a]\nuser=no\n", "it can only be yes" },
                { "[network a]\nbridge=b\nmode=vepa\n", "it goes with direct=" },
                { "[network a]\ndirect=b\nmode=nat\n", "mode=nat" },
                { "[network a]\nbridge=b\nvlan=3\n", "vlan= is not known" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(read_networks(cases[i].text, &error));
                g_test_message("%s", error->message);
                g_assert_error(error, VB_ERROR, VB_ERROR_INVALID_ARGS);
                g_assert_nonnull(strstr(error->message, cases[i].message));
        }
}

static GPtrArray *open_links(const char *devices, GError **error)
{
        g_autofree char *text = test_definition(devices, NULL);
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts_pci();
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), NULL);
        g_autoptr(GPtrArray) macvtaps = vb_macvtaps_new();

        g_assert_true(vb_domain_def_complete(def, emulator, machine, NULL));
        return vb_macvtaps_plan_all(macvtaps, def, NULL, error) ? vb_links_open(def, &(VbLinksHost){ .macvtaps = macvtaps }, error) : NULL;
}

/* Given what this service cannot connect, when the guest starts, then it is refused by alias and reason. */
static void test_refused(void)
{
        static const struct {
                const char *interface, *message;
        } cases[] = {
                { "<interface type='network'><source network='lan'/></interface>",
                  "net0 cannot be connected: no network is called 'lan'" },
                { "<interface type='vdpa'><source dev='/dev/vhost-vdpa-absent'/></interface>",
                  "net0: there is no /dev/vhost-vdpa-absent on this host; the kernel's module vhost_vdpa makes it" },
                { "<interface type='vdpa'><source dev='/etc/passwd'/></interface>",
                  "net0: /etc/passwd is no character device" },
                { "<interface type='direct'><source dev='absent0'/></interface>",
                  "net0: there is no network card 'absent0'" },
                { "<interface type='direct'><source dev='a-card-of-long-name'/></interface>",
                  "no network card 'a-card-of-long-name' on this host: the name is too long" },
                { "<interface type='direct'><source dev='lo'/><target dev='a-name-of-more-than-fifteen'/>"
                  "</interface>",
                  "is longer than the 15 characters" },
                { "<interface type='direct'><source dev='lo'/><vlan><tag id='1'/></vlan></interface>", "<vlan>" },
                { "<interface type='hostdev'><source><address type='pci' bus='3'/></source></interface>",
                  "type='hostdev'" },
                { "<interface type='network'><source network='default'/><filterref filter='f'/></interface>",
                  "<filterref>" },
                { "<interface type='bridge'><source bridge='b'/><vlan><tag id='1'/></vlan></interface>",
                  "<vlan>" },
                { "<interface type='bridge'><source bridge='b'/><port isolated='yes'/></interface>",
                  "isolated" },
                { "<interface type='bridge'><source bridge='b'/><virtualport "
                  "type='openvswitch'/></interface>",
                  "<virtualport>" },
                { "<interface type='bridge'><source bridge='b'/><bandwidth><inbound average='1'/></bandwidth>"
                  "</interface>",
                  "<bandwidth>" },
                { "<interface type='ethernet'><script path='/bin/true'/></interface>", "<script>" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(open_links(cases[i].interface, &error));
                g_test_message("%s", error->message);
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_nonnull(strstr(error->message, cases[i].message));
        }
}

/* What virt-install writes starts on a host where nothing was set up. */
static void test_default_link(void)
{
        g_autoptr(GPtrArray) links =
                open_links("<interface type='network'><source network='default'/></interface>"
                           "<interface type='mcast'><source address='230.0.0.1' port='1'/>"
                           "</interface>",
                           NULL);
        g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));

        g_assert_cmpuint(links->len, ==, 2);
        vb_links_append_fds(links, fds);
        g_assert_cmpuint(fds->len, ==, 0);
}

/* A network of the test's own, once for all of them. Root of a container may be without rights over networks, but has
 * them in a user namespace. */
static bool enter_namespace(void)
{
        static bool inside;
        bool entitled = geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) == 1;

        inside = inside || unshare(entitled ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) == 0;
        if (!inside)
                g_test_skip(
                        "no network namespace can be made here, neither as this user nor in a user namespace");
        return inside;
}

/* Containers may be without taps. */
static bool has_taps(void)
{
        if (access("/dev/net/tun", R_OK | W_OK) == 0)
                return true;
        g_test_skip("no tap can be made here: /dev/net/tun cannot be opened");
        return false;
}

static void get(int socket_fd, const char *name, unsigned long what, struct ifreq *ret)
{
        *ret = (struct ifreq){ 0 };
        g_strlcpy(ret->ifr_name, name, IFNAMSIZ);
        g_assert_cmpint(ioctl(socket_fd, what, ret), ==, 0);
}

/* Given a bridge, when a tap with two queues joins it, then it is up, a port of the bridge, and gone with its
 * last descriptor. */
static void test_tap(void)
{
        static const uint8_t mac[] = { 0x52, 0x54, 0, 1, 2, 3 };
        vb_autoclose int socket_fd = -1;
        g_autoptr(GError) error = NULL;
        struct ifreq request;
        char name[IFNAMSIZ];
        int fds[2];

        if (!has_taps() || !enter_namespace())
                return;
        socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (ioctl(socket_fd, SIOCBRADDBR, "vbtest0") < 0) {
                g_test_skip("this kernel has no bridges");
                return;
        }
        vb_tap_open(
                &(VbTap){ .bridge = "vbtest0", .mac = mac, .mtu = 1400, .queues = 2, .vnet_header = true },
                fds, name, &error);
        g_assert_no_error(error);
        get(socket_fd, name, SIOCGIFFLAGS, &request);
        g_assert_true(request.ifr_flags & IFF_UP);
        get(socket_fd, name, SIOCGIFMTU, &request);
        g_assert_cmpint(request.ifr_mtu, ==, 1400);
        get(socket_fd, name, SIOCGIFHWADDR, &request);
        g_assert_cmpint((uint8_t) request.ifr_hwaddr.sa_data[0], ==, 0xfe);
        g_assert_cmpint((uint8_t) request.ifr_hwaddr.sa_data[5], ==, 3);
        get(socket_fd, "vbtest0", SIOCGIFINDEX, &request);
        request.ifr_ifindex = (int) if_nametoindex(name);
        g_assert_cmpint(ioctl(socket_fd, SIOCBRADDIF, &request), ==, -1);
        g_assert_cmpint(errno, ==, EBUSY);
        vb_clear_fd(&fds[0]);
        g_assert_cmpuint(if_nametoindex(name), !=, 0);
        vb_clear_fd(&fds[1]);
        g_assert_cmpuint(if_nametoindex(name), ==, 0);
}

static void test_tap_wrong(void)
{
        static const uint8_t mac[] = { 0x52, 0x54, 0, 1, 2, 3 };
        static const struct {
                VbTap tap;
                const char *message;
        } cases[] = {
                { { .bridge = "absent0" }, "there is no bridge 'absent0'" },
                { { .bridge = "lo" }, "'lo' is no bridge" },
                { { .name = "a-name-of-more-than-fifteen" }, "is longer than the 15 characters" },
                { { .device = "/dev/null" }, "failed to make it" },
                { { .device = "/absent" }, "/absent cannot be opened" },
        };

        if (!has_taps() || !enter_namespace())
                return;
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                VbTap tap = cases[i].tap;
                char name[IFNAMSIZ];
                int fds[1];

                tap.mac = mac;
                tap.queues = 1;
                g_assert_false(vb_tap_open(&tap, fds, name, &error));
                g_test_message("%s", error->message);
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_nonnull(strstr(error->message, cases[i].message));
        }
}

/* Two cards that are connected with each other: false where the kernel has none. */
static bool make_cards(const char *name, const char *peer)
{
        g_autoptr(GByteArray) request = vb_netlink_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                                                       &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg));
        guint info, data, second;
        int r;

        vb_netlink_add_string(request, IFLA_IFNAME, name);
        info = vb_netlink_begin(request, IFLA_LINKINFO);
        vb_netlink_add_string(request, IFLA_INFO_KIND, "veth");
        data = vb_netlink_begin(request, IFLA_INFO_DATA);
        second = vb_netlink_begin(request, 1 /* VETH_INFO_PEER */);
        g_byte_array_append(request, (const uint8_t *) &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg));
        vb_netlink_add_string(request, IFLA_IFNAME, peer);
        vb_netlink_end(request, second);
        vb_netlink_end(request, data);
        vb_netlink_end(request, info);
        r = vb_netlink_talk(request, NULL, NULL);
        if (r == -EOPNOTSUPP)
                g_test_skip("this kernel has no veth");
        else
                g_assert_cmpint(r, ==, 0);
        return r == 0;
}

/* A user of a user namespace has no device nodes. */
static bool enter_network_of_root(void)
{
        if (geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) == 1)
                return enter_namespace();
        g_test_skip("macvtap devices can only be made by root with the capability CAP_NET_ADMIN");
        return false;
}

static bool make_macvtap(VbMacvtap *macvtap, const VbMacvtapOptions *options, GError **error)
{
        g_autoptr(GError) problem = NULL;

        if (vb_macvtap_make(macvtap, options, &problem))
                return true;
        if (strstr(problem->message, "has no macvtap"))
                g_test_skip(problem->message);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
}

/* Given a card, when a macvtap device with two queues is made on it, then it is up, with the address of the
 * guest's and the MTU; what is called the same and is another is left alone; and it stays until it is removed.
 */
static void test_macvtap(void)
{
        VbMacvtap macvtap = { .name = "vbtap0", .parent = "vbcard0", .mac = { 0x52, 0x54, 0, 1, 2, 3 } }, other;
        g_autoptr(GError) error = NULL;
        vb_autoclose int socket_fd = -1;
        struct ifreq request;
        int fds[2];

        if (!enter_network_of_root() || !make_cards("vbcard0", "vbcard1"))
                return;
        if (!make_macvtap(&macvtap, &(VbMacvtapOptions){ .mode = "bridge", .mtu = 1400, .all_multicast = true },
                          &error)) {
                g_assert_true(g_str_has_suffix(error->message, "Unknown device type.)"));
                return;
        }
        g_assert_cmpuint(macvtap.index, ==, if_nametoindex("vbtap0"));
        vb_macvtap_open(&macvtap, true, 2, fds, &error);
        g_assert_no_error(error);
        socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        get(socket_fd, "vbtap0", SIOCGIFFLAGS, &request);
        g_assert_true(request.ifr_flags & IFF_UP);
        g_assert_true(request.ifr_flags & IFF_ALLMULTI);
        get(socket_fd, "vbtap0", SIOCGIFMTU, &request);
        g_assert_cmpint(request.ifr_mtu, ==, 1400);
        get(socket_fd, "vbtap0", SIOCGIFHWADDR, &request);
        g_assert_cmpmem(request.ifr_hwaddr.sa_data, 6, macvtap.mac, 6);
        g_assert_cmpint(ioctl(fds[1], TUNGETIFF, &request), ==, 0);
        g_assert_true(request.ifr_flags & IFF_VNET_HDR);
        g_assert_true(request.ifr_flags & IFF_MULTI_QUEUE);
        vb_clear_fd(&fds[0]);
        vb_clear_fd(&fds[1]);

        other = macvtap;
        other.index++;
        g_assert_true(vb_macvtap_remove(&other, NULL));
        other.index = 0;
        other.mac[5]++;
        g_assert_true(vb_macvtap_remove(&other, NULL));
        other = (VbMacvtap){ .name = "vbcard0", .parent = "vbcard1" };
        g_assert_true(vb_macvtap_remove(&other, NULL));
        g_assert_cmpuint(if_nametoindex("vbcard0"), !=, 0);
        g_assert_cmpuint(if_nametoindex("vbtap0"), !=, 0);
        /* As a service knows it that was killed before it was made. */
        macvtap.index = 0;
        g_assert_true(vb_macvtap_remove(&macvtap, NULL));
        g_assert_cmpuint(if_nametoindex("vbtap0"), ==, 0);
        g_assert_true(vb_macvtap_remove(&macvtap, NULL));
}

static void test_macvtap_wrong(void)
{
        static const struct {
                VbMacvtap macvtap;
                uint32_t mtu;
                const char *message;
        } cases[] = {
                { { .name = "vbtap1", .parent = "absent0" }, 0, "there is no network card 'absent0'" },
                { { .name = "lo", .parent = "vbcard2", .mac = { 2 } }, 0, "there is a network device of that name" },
                { { .name = "vbtap1", .parent = "vbcard2", .mac = { 1 } }, 0, "vbtap1 on vbcard2 cannot be made" },
                { { .name = "vbtap1", .parent = "vbcard2", .mac = { 2 } }, 1U << 30, "vbtap1 on vbcard2 cannot be made" },
                { { .name = "vbtap1", .parent = "lo", .mac = { 2 } }, 0, "it does not take such devices" },
        };
        g_autoptr(GError) first = NULL;
        VbMacvtap passthrough = { .name = "vbtap2", .parent = "vbcard2", .mac = { 2 }, .passthrough = true };
        VbMacvtap second = { .name = "vbtap3", .parent = "vbcard2", .mac = { 6 } };

        if (!enter_network_of_root() || !make_cards("vbcard2", "vbcard3"))
                return;
        if (!make_macvtap(&passthrough, &(VbMacvtapOptions){ 0 }, &first))
                return;
        g_assert_false(vb_macvtap_make(&second, &(VbMacvtapOptions){ .mode = "vepa" }, &first));
        g_assert_nonnull(strstr(first->message, "passthrough"));
        passthrough.index = 0;
        g_assert_true(vb_macvtap_remove(&passthrough, NULL));
        g_assert_true(vb_macvtap_is_free("vbtap2"));
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                VbMacvtap macvtap = cases[i].macvtap;

                g_assert_false(vb_macvtap_make(&macvtap, &(VbMacvtapOptions){ .mode = "vepa", .mtu = cases[i].mtu },
                                               &error));
                g_test_message("%s", error->message);
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_nonnull(strstr(error->message, cases[i].message));
                g_assert_true(vb_macvtap_is_free("vbtap1"));
        }
}

/* Given what is cut off or lies about its size, then nothing is read behind its end. */
static void test_attributes(void)
{
        g_autoptr(GByteArray) message = vb_netlink_new(RTM_GETLINK, 0, "", 0);
        guint nest = vb_netlink_begin(message, IFLA_LINKINFO);
        const gsize head = sizeof(struct nlmsghdr);
        const uint8_t *found;
        gsize size;

        vb_netlink_add_string(message, IFLA_INFO_KIND, "macvtap");
        vb_netlink_end(message, nest);
        vb_netlink_add_string(message, IFLA_IFNAME, "a");
        g_assert_cmpuint(message->len % 4, ==, 0);
        found = vb_netlink_find(message->data + head, message->len - head, IFLA_IFNAME, &size);
        g_assert_cmpmem(found, size, "a", 2);
        found = vb_netlink_find(message->data + head, message->len - head, IFLA_LINKINFO, &size);
        found = vb_netlink_find(found, size, IFLA_INFO_KIND, &size);
        g_assert_cmpmem(found, size, "macvtap", 8);
        g_assert_null(vb_netlink_find(message->data + head, message->len - head, IFLA_MTU, &size));
        for (gsize cut = 0; cut < 16; cut++) {
                g_autofree uint8_t *copy = g_memdup2(message->data + head, cut);

                g_assert_null(vb_netlink_find(copy, cut, IFLA_LINKINFO, &size));
        }
        message->data[head] = 3;
        g_assert_null(vb_netlink_find(message->data + head, message->len - head, IFLA_IFNAME, &size));
}

/* Given what a service wrote down, then another reads the same, and nothing from what is damaged. */
static void test_macvtap_record(void)
{
        static const char text[] =
                "{ \"macvtaps\": [ { \"alias\": \"net0\", \"name\": \"macvtap3\", \"parent\": \"eth0\", "
                "\"mac\": \"52:54:00:01:02:0a\", \"passthrough\": false, \"index\": 7 } ] }";
        static const char *const damaged[] = { "\"index\": -1", "\"index\": 4294967296",
                                               "\"name\": \"a-name-of-more-than-fifteen\"",
                                               "\"mac\": \"52:54:00:01:02\"", "\"mac\": \"52:54:00:01:02:0a:0b\"",
                                               "\"parent\": 3" };
        g_autoptr(json_object) saved = vb_json_parse(NULL, text, strlen(text), NULL), again = NULL;
        g_autoptr(GPtrArray) macvtaps = vb_macvtaps_load(saved), none = vb_macvtaps_load(NULL);
        const VbGuestMacvtap *own = vb_macvtaps_find(macvtaps, "net0");

        g_assert_cmpuint(none->len, ==, 0);
        g_assert_null(vb_macvtaps_save(none));
        g_assert_cmpstr(own->macvtap.name, ==, "macvtap3");
        g_assert_cmpuint(own->macvtap.mac[5], ==, 10);
        g_assert_cmpuint(own->macvtap.index, ==, 7);
        again = vb_macvtaps_save(macvtaps);
        g_assert_true(json_object_equal(saved, again));
        for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
                g_autoptr(json_object) member = NULL;
                g_autofree char *object = g_strdup_printf("{ %s }", damaged[i]);
                g_autoptr(json_object) bad = vb_json_parse(NULL, text, strlen(text), NULL);
                g_autoptr(GPtrArray) loaded = NULL;
                json_object *array = NULL;

                member = vb_json_parse(NULL, object, strlen(object), NULL);
                g_assert_true(vb_json_get_array(bad, "macvtaps", &array));
                json_object_object_foreach(member, key, value)
                        json_object_object_add(json_object_array_get_idx(array, 0), key, json_object_get(value));
                loaded = vb_macvtaps_load(bad);
                g_assert_cmpuint(loaded->len, ==, 0);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/networks/names", test_names);
        g_test_add_func("/networks/default", test_default);
        g_test_add_func("/networks/wrong", test_wrong);
        g_test_add_func("/networks/refused", test_refused);
        g_test_add_func("/networks/default-link", test_default_link);
        g_test_add_func("/networks/tap", test_tap);
        g_test_add_func("/networks/tap-wrong", test_tap_wrong);
        g_test_add_func("/networks/attributes", test_attributes);
        g_test_add_func("/networks/macvtap", test_macvtap);
        g_test_add_func("/networks/macvtap-wrong", test_macvtap_wrong);
        g_test_add_func("/networks/macvtap-record", test_macvtap_record);
        return g_test_run();
}
