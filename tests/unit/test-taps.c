/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taps and macvtap devices, which are made in a network namespace of the test's own. What a container may be
 * without is refused by name there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/macvtap.h"
#include "host/netlink.h"
#include "host/tap.h"
#include "util/error.h"
#include "util/fd.h"

/* Becomes one of the network that a child has in a user namespace of its own: whoever made that has all
 * rights over what belongs to it, and can still open what is outside of it. */
static bool join_network_of_child(void)
{
        int ready[2];
        char result = 0;
        pid_t child;

        g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
        child = fork();
        if (child == 0) {
                if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
                        result = 1;
                if (write(ready[1], &result, 1) == 1 && result == 1)
                        pause();
                _exit(0);
        }
        g_assert_cmpint(child, >, 0);
        if (read(ready[0], &result, 1) == 1 && result == 1) {
                g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int) child);
                vb_autoclose int network = open(path, O_RDONLY | O_CLOEXEC);

                result = network >= 0 && setns(network, CLONE_NEWNET) == 0;
        }
        vb_clear_fd(&ready[0]);
        vb_clear_fd(&ready[1]);
        g_assert_cmpint(kill(child, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
        return result == 1;
}

/* A network of the test's own, once for all of them. Root of a container may be without rights over networks,
 * but has them over what a user namespace has. */
static bool enter_namespace(void)
{
        static bool inside;

        if (!inside && geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) == 1)
                inside = unshare(CLONE_NEWNET) == 0;
        else if (!inside)
                inside =
                        geteuid() == 0 ? join_network_of_child() : unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
        if (!inside)
                g_test_skip("no network namespace can be made here, neither as this user nor in a user "
                            "namespace");
        return inside;
}

static bool fails_with(bool ok, GError *const *error, const char *message)
{
        g_assert_false(ok);
        g_test_message("%s", (*error)->message);
        g_assert_error(*error, VB_ERROR, VB_ERROR_UNSUPPORTED);
        g_assert_nonnull(strstr((*error)->message, message));
        return true;
}

/* Given a container without the device of taps, when one is made, then that is what is missing, and nothing
 * is left. */
static bool is_without_taps(void)
{
        static const uint8_t mac[] = { 0x52, 0x54, 0, 1, 2, 3 };
        g_autoptr(GError) error = NULL;
        char name[IFNAMSIZ];
        int fds[1];

        return access("/dev/net/tun", R_OK | W_OK) < 0 &&
               fails_with(
                       vb_tap_open(&(VbTap){ .name = "vbtap9", .mac = mac, .queues = 1 }, fds, name, &error),
                       &error, "/dev/net/tun cannot be opened") &&
               if_nametoindex("vbtap9") == 0;
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
        static const VbTap tap = {
                .bridge = "vbtest0", .mac = mac, .mtu = 1400, .queues = 2, .vnet_header = true
        };
        vb_autoclose int socket_fd = -1;
        g_autoptr(GError) error = NULL;
        struct ifreq request;
        char name[IFNAMSIZ];
        int fds[2];

        if (!enter_namespace() || is_without_taps())
                return;
        socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (ioctl(socket_fd, SIOCBRADDBR, "vbtest0") < 0) {
                /* A kernel without bridges. */
                fails_with(vb_tap_open(&tap, fds, name, &error), &error, "there is no bridge 'vbtest0'");
                return;
        }
        vb_tap_open(&tap, fds, name, &error);
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
                { { .device = "/dev/null" }, "/dev/null makes no tap devices" },
                { { .device = "/absent" }, "/absent cannot be opened" },
        };

        if (!enter_namespace() || is_without_taps())
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

static int add_link(const char *name, const char *kind)
{
        g_autoptr(GByteArray) request = vb_netlink_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                                                       &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg));
        guint info;

        vb_netlink_add_string(request, IFLA_IFNAME, name);
        info = vb_netlink_begin(request, IFLA_LINKINFO);
        vb_netlink_add_string(request, IFLA_INFO_KIND, kind);
        vb_netlink_end(request, info);
        return vb_netlink_talk(request, NULL, NULL);
}

/* A card, of whatever the kernel has. */
static void make_card(const char *name)
{
        static const char *const kinds[] = { "veth", "dummy", "bridge" };
        int r = -EOPNOTSUPP;

        for (gsize i = 0; i < G_N_ELEMENTS(kinds) && r == -EOPNOTSUPP; i++)
                r = add_link(name, kinds[i]);
        g_assert_cmpint(r, ==, 0);
}

/* A device node is called by the number of its device, which another test's network may have, too: they take
 * turns until they have ended. */
static bool enter_network_of_cards(void)
{
        static int lock = -1;

        if (lock < 0 && geteuid() == 0) {
                g_assert_cmpint(g_mkdir_with_parents("/run/lock", 0755), ==, 0);
                lock = open("/run/lock/virtbus-test-networks", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
                g_assert_cmpint(lock, >=, 0);
                g_assert_cmpint(flock(lock, LOCK_EX), ==, 0);
        }
        return enter_namespace();
}

/* Given a kernel without such devices, when one is made, then that is said, and nothing is left. */
static bool is_without_macvtap(const char *parent)
{
        VbMacvtap macvtap = { .name = "vbtap8", .mac = { 2 } };
        g_autoptr(GError) error = NULL;

        g_strlcpy(macvtap.parent, parent, sizeof(macvtap.parent));
        if (add_link("vbtap9", "macvtap") != -EOPNOTSUPP)
                return false;
        fails_with(vb_macvtap_make(&macvtap, &(VbMacvtapOptions){ .mode = "bridge" }, &error), &error,
                   "this kernel has no macvtap devices; its module macvtap has to be there");
        g_assert_true(vb_macvtap_is_free("vbtap8"));
        return true;
}

/* Given a container, or a user, without its device node, when it is opened, then the node is named. */
static bool is_without_node(const VbMacvtap *macvtap)
{
        g_autofree char *path = g_strdup_printf("/dev/tap%u", macvtap->index);
        g_autofree char *message = g_strdup_printf("%s, which devtmpfs makes, cannot be opened", path);
        g_autoptr(GError) error = NULL;
        int fds[1];

        return access(path, R_OK | W_OK) < 0 &&
               fails_with(vb_macvtap_open(macvtap, true, 1, fds, &error), &error, message);
}

/* Given a card, when a macvtap device with two queues is made on it, then it is up, with the address of the
 * guest's and the MTU; what is called the same and is another is left alone; and it stays until it is
 * removed.
 */
static void test_macvtap(void)
{
        VbMacvtap macvtap = { .name = "vbtap0",
                              .parent = "vbcard0",
                              .mac = { 0x52, 0x54, 0, 1, 2, 3 },
                              .mark = vb_macvtap_new_mark() },
                  other;
        g_autoptr(GError) error = NULL;
        vb_autoclose int socket_fd = -1;
        struct ifreq request;
        bool with_node;
        int fds[2];

        if (!enter_network_of_cards())
                return;
        make_card("vbcard0");
        if (is_without_macvtap("vbcard0"))
                return;
        vb_macvtap_make(&macvtap, &(VbMacvtapOptions){ .mode = "bridge", .mtu = 1400, .all_multicast = true },
                        &error);
        g_assert_no_error(error);
        g_assert_cmpuint(macvtap.index, ==, if_nametoindex("vbtap0"));
        with_node = !is_without_node(&macvtap);
        if (with_node) {
                vb_macvtap_open(&macvtap, true, 2, fds, &error);
                g_assert_no_error(error);
        }
        socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        get(socket_fd, "vbtap0", SIOCGIFFLAGS, &request);
        g_assert_true(request.ifr_flags & IFF_UP);
        g_assert_true(request.ifr_flags & IFF_ALLMULTI);
        get(socket_fd, "vbtap0", SIOCGIFMTU, &request);
        g_assert_cmpint(request.ifr_mtu, ==, 1400);
        get(socket_fd, "vbtap0", SIOCGIFHWADDR, &request);
        g_assert_cmpmem(request.ifr_hwaddr.sa_data, 6, macvtap.mac, 6);
        if (with_node) {
                g_assert_cmpint(ioctl(fds[1], TUNGETIFF, &request), ==, 0);
                g_assert_true(request.ifr_flags & IFF_VNET_HDR);
                g_assert_true(request.ifr_flags & IFF_MULTI_QUEUE);
                vb_clear_fd(&fds[0]);
                vb_clear_fd(&fds[1]);
        }

        other = macvtap;
        other.index++;
        g_assert_true(vb_macvtap_remove(&other, NULL));
        other.index = 0;
        other.mark++;
        g_assert_true(vb_macvtap_remove(&other, NULL));
        other.mark = 0;
        g_assert_true(vb_macvtap_remove(&other, NULL));
        other = (VbMacvtap){ .name = "vbcard0", .parent = "lo" };
        g_assert_true(vb_macvtap_remove(&other, NULL));
        g_assert_cmpuint(if_nametoindex("vbcard0"), !=, 0);
        g_assert_cmpuint(if_nametoindex("vbtap0"), !=, 0);
        /* As a service knows it that was killed before it was made. */
        macvtap.index = 0;
        g_assert_true(vb_macvtap_remove(&macvtap, NULL));
        g_assert_cmpuint(if_nametoindex("vbtap0"), ==, 0);
        g_assert_true(vb_macvtap_remove(&macvtap, NULL));
}

/* As any administrator makes it, with a group. */
static void make_strangers(const VbMacvtap *like, uint32_t group)
{
        g_autoptr(GByteArray) request = vb_netlink_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                                                       &(struct ifinfomsg){ 0 }, sizeof(struct ifinfomsg));
        uint32_t parent = if_nametoindex(like->parent);
        guint info;

        vb_netlink_add_string(request, IFLA_IFNAME, like->name);
        vb_netlink_add(request, IFLA_LINK, &parent, sizeof parent);
        vb_netlink_add(request, IFLA_ADDRESS, like->mac, sizeof like->mac);
        vb_netlink_add(request, IFLA_GROUP, &group, sizeof group);
        info = vb_netlink_begin(request, IFLA_LINKINFO);
        vb_netlink_add_string(request, IFLA_INFO_KIND, "macvtap");
        vb_netlink_end(request, info);
        g_assert_cmpint(vb_netlink_talk(request, NULL, NULL), ==, 0);
}

/* Given a service that was killed between writing down what it was about to make and making it, when somebody
 * else makes a device of that name, card and address, then it stays; what the service did make goes, also if
 * it was killed before it did anything else to it. */
static void test_macvtap_of_another(void)
{
        VbMacvtap planned = {
                .name = "vbtap5", .parent = "vbcard5", .mac = { 2 }, .mark = vb_macvtap_new_mark()
        };

        if (!enter_network_of_cards())
                return;
        make_card("vbcard5");
        if (is_without_macvtap("vbcard5"))
                return;
        g_assert_cmpuint(vb_macvtap_new_mark(), !=, planned.mark);
        make_strangers(&planned, 0);
        g_assert_true(vb_macvtap_remove(&planned, NULL));
        g_assert_cmpuint(if_nametoindex("vbtap5"), !=, 0);
        planned.index = if_nametoindex("vbtap5");
        g_assert_true(vb_macvtap_remove(&planned, NULL));
        g_assert_cmpuint(if_nametoindex("vbtap5"), ==, 0);

        planned.index = 0;
        make_strangers(&planned, planned.mark);
        g_assert_true(vb_macvtap_remove(&planned, NULL));
        g_assert_cmpuint(if_nametoindex("vbtap5"), ==, 0);
}

static void test_macvtap_wrong(void)
{
        static const struct {
                VbMacvtap macvtap;
                uint32_t mtu;
                const char *message;
        } cases[] = {
                { { .name = "vbtap1", .parent = "absent0" }, 0, "there is no network card 'absent0'" },
                { { .name = "lo", .parent = "vbcard2", .mac = { 2 } },
                  0,
                  "there is a network device of that name" },
                { { .name = "vbtap1", .parent = "vbcard2", .mac = { 1 } },
                  0,
                  "vbtap1 on vbcard2 cannot be made" },
                { { .name = "vbtap1", .parent = "vbcard2", .mac = { 2 } },
                  1U << 30,
                  "vbtap1 on vbcard2 cannot be made" },
                { { .name = "vbtap1", .parent = "lo", .mac = { 2 } }, 0, "it does not take such devices" },
        };
        g_autoptr(GError) first = NULL;
        VbMacvtap passthrough = {
                .name = "vbtap2", .parent = "vbcard2", .mac = { 2 }, .passthrough = true, .mark = 1
        };
        VbMacvtap second = { .name = "vbtap3", .parent = "vbcard2", .mac = { 6 }, .mark = 2 };

        if (!enter_network_of_cards())
                return;
        make_card("vbcard2");
        if (is_without_macvtap("vbcard2"))
                return;
        vb_macvtap_make(&passthrough, &(VbMacvtapOptions){ 0 }, &first);
        g_assert_no_error(first);
        g_assert_false(vb_macvtap_make(&second, &(VbMacvtapOptions){ .mode = "vepa" }, &first));
        g_assert_nonnull(strstr(first->message, "passthrough"));
        passthrough.index = 0;
        g_assert_true(vb_macvtap_remove(&passthrough, NULL));
        g_assert_true(vb_macvtap_is_free("vbtap2"));
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                VbMacvtap macvtap = cases[i].macvtap;

                g_assert_false(vb_macvtap_make(
                        &macvtap, &(VbMacvtapOptions){ .mode = "vepa", .mtu = cases[i].mtu }, &error));
                g_test_message("%s", error->message);
                g_assert_error(error, VB_ERROR, VB_ERROR_UNSUPPORTED);
                g_assert_nonnull(strstr(error->message, cases[i].message));
                g_assert_true(vb_macvtap_is_free("vbtap1"));
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/taps/tap", test_tap);
        g_test_add_func("/taps/tap-wrong", test_tap_wrong);
        g_test_add_func("/taps/macvtap", test_macvtap);
        g_test_add_func("/taps/macvtap-wrong", test_macvtap_wrong);
        g_test_add_func("/taps/macvtap-of-another", test_macvtap_of_another);
        return g_test_run();
}
