/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What names of networks mean, and what is asked of the kernel's network and written down of it. */
#include <linux/rtnetlink.h>
#include <string.h>

#include "conf/complete.h"
#include "domain/links.h"
#include "facts.h"
#include "host/netlink.h"
#include "refusal.h"
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
        return vb_macvtaps_plan_all(macvtaps, def, NULL, error)
                       ? vb_links_open(def, &(VbLinksHost){ .macvtaps = macvtaps }, error)
                       : NULL;
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
                  "net0: there is no /dev/vhost-vdpa-absent on this host; the kernel's module vhost_vdpa "
                  "makes it" },
                { "<interface type='vdpa'><source dev='/etc/passwd'/></interface>",
                  "net0: /etc/passwd is no character device" },
                { "<interface type='direct'><source dev='absent0'/></interface>",
                  "net0: there is no network card 'absent0'" },
                { "<interface type='direct'><source dev='a-card-of-long-name'/></interface>",
                  "no network card 'a-card-of-long-name' on this host: the name is too long" },
                { "<interface type='direct'><source dev='lo'/><target dev='a-name-of-more-than-fifteen'/>"
                  "</interface>",
                  "is longer than the 15 characters" },
                { "<interface type='hostdev'><source><address type='pci' bus='3'/></source></interface>",
                  "type='hostdev'" },
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
                "\"mac\": \"52:54:00:01:02:0a\", \"passthrough\": false, \"mark\": 2147483651, "
                "\"index\": 7 } ] }";
        static const char *const damaged[] = { "\"index\": -1",
                                               "\"index\": 4294967296",
                                               "\"mark\": 4294967296",
                                               "\"mark\": \"3\"",
                                               "\"name\": \"a-name-of-more-than-fifteen\"",
                                               "\"mac\": \"52:54:00:01:02\"",
                                               "\"mac\": \"52:54:00:01:02:0a:0b\"",
                                               "\"parent\": 3" };
        g_autoptr(json_object) saved = vb_json_parse(NULL, text, strlen(text), NULL), again = NULL;
        g_autoptr(GPtrArray) macvtaps = vb_macvtaps_load(saved), none = vb_macvtaps_load(NULL);
        const VbGuestMacvtap *own = vb_macvtaps_find(macvtaps, "net0");

        g_assert_cmpuint(none->len, ==, 0);
        g_assert_null(vb_macvtaps_save(none));
        g_assert_cmpstr(own->macvtap.name, ==, "macvtap3");
        g_assert_cmpuint(own->macvtap.mac[5], ==, 10);
        g_assert_cmpuint(own->macvtap.index, ==, 7);
        g_assert_cmpuint(own->macvtap.mark, ==, 2147483651U);
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
                json_object_object_foreach(member, key, value) json_object_object_add(
                        json_object_array_get_idx(array, 0), key, json_object_get(value));
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
        g_test_add_func("/networks/attributes", test_attributes);
        g_test_add_func("/networks/macvtap-record", test_macvtap_record);
        return g_test_run();
}
