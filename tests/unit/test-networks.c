/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What names of networks mean, and tap devices, which are made in a network namespace of the test's own. */
#include <errno.h>
#include <linux/capability.h>
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
#include "host/tap.h"
#include "refusal.h"
#include "util/fd.h"

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

        g_assert_true(vb_domain_def_complete(def, emulator, machine, NULL));
        return vb_links_open(def, NULL, error);
}

/* Given what this service cannot connect, when the guest starts, then it is refused by alias and reason. */
static void test_refused(void)
{
        static const struct {
                const char *interface, *message;
        } cases[] = {
                { "<interface type='network'><source network='lan'/></interface>",
                  "net0 cannot be connected: no network is called 'lan'" },
                { "<interface type='direct'><source dev='eth0'/></interface>", "makes no macvtap" },
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
        return g_test_run();
}
