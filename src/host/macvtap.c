/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making macvtap devices, by rtnetlink, and opening them: the kernel's drivers/net/macvlan.c and tap.c say
 * how they behave. Their device nodes come from devtmpfs, and are called by the number of the device. */
#include "host/macvtap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/netlink.h"
#include "util/error.h"
#include "util/fd.h"

#define KIND "macvtap"

static const struct {
        const char *word;
        uint32_t mode;
} modes[] = {
        { "vepa", MACVLAN_MODE_VEPA },
        { "bridge", MACVLAN_MODE_BRIDGE },
        { "private", MACVLAN_MODE_PRIVATE },
        { "passthrough", MACVLAN_MODE_PASSTHRU },
};

/* What the kernel's errors mean here, and what to do. */
static const struct {
        int number;
        const char *advice;
} causes[] = {
        { EOPNOTSUPP, "this kernel has no macvtap devices; its module macvtap has to be there" },
        { EPERM,
          "this is not allowed; a service that does not run as root needs the capability CAP_NET_ADMIN" },
        { EEXIST, "there is a network device of that name; choose another in <target dev=''>" },
        { EBUSY, "the card is in use: by a bridge, by a device with mode='passthrough', or its address is "
                 "another's" },
        { EINVAL, "it does not take such devices, or has a mode='passthrough' or others already" },
        { EADDRNOTAVAIL, "the address of the guest's card is no station's" },
        { ERANGE, "the MTU is larger than the card's" },
};

static const char *advice_for(int number)
{
        for (gsize i = 0; i < G_N_ELEMENTS(causes); i++)
                if (causes[i].number == number)
                        return causes[i].advice;
        return g_strerror(number);
}

static uint32_t mode_of(const VbMacvtap *macvtap, const VbMacvtapOptions *options)
{
        const char *word = macvtap->passthrough ? "passthrough" : options->mode;

        for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
                if (g_str_equal(modes[i].word, word))
                        return modes[i].mode;
        g_assert_not_reached();
}

static GByteArray *new_request(uint16_t type, uint16_t flags, unsigned index)
{
        return vb_netlink_new(type, flags, &(struct ifinfomsg){ .ifi_index = (int) index },
                              sizeof(struct ifinfomsg));
}

uint32_t vb_macvtap_new_mark(void)
{
        /* 0 is the group of all devices, and small ones are those of administrators. */
        return g_random_int() | 1U << 31;
}

/* Where people see it. */
static char *alias_of(const VbMacvtap *macvtap)
{
        return g_strdup_printf("virtbus %08x", macvtap->mark);
}

bool vb_macvtap_is_free(const char *name)
{
        return if_nametoindex(name) == 0;
}

/* A device can be made with a group, and be given an alias later: until then the group is its mark. */
static bool has_mark(const VbMacvtap *macvtap, const uint8_t *reply, size_t size)
{
        g_autofree char *alias = alias_of(macvtap);
        const uint8_t *found;
        uint32_t group = 0;
        size_t length;

        if (macvtap->mark == 0)
                return false;
        found = vb_netlink_find(reply, size, IFLA_GROUP, &length);
        if (found && length == sizeof(group))
                memcpy(&group, found, sizeof(group));
        found = vb_netlink_find(reply, size, IFLA_IFALIAS, &length);
        return group == macvtap->mark ||
               (found && length == strlen(alias) + 1 && memcmp(found, alias, length) == 0);
}

/* Whether the device that has the name is a macvtap, and the very one. */
static bool is_it(const VbMacvtap *macvtap, const uint8_t *reply, size_t size, unsigned *ret_index)
{
        struct ifinfomsg link;
        const uint8_t *found;
        size_t length;

        if (size < sizeof(link))
                return false;
        memcpy(&link, reply, sizeof(link));
        reply += sizeof(link);
        size -= sizeof(link);
        *ret_index = (unsigned) link.ifi_index;
        if (macvtap->index != 0 ? macvtap->index != *ret_index : !has_mark(macvtap, reply, size))
                return false;
        found = vb_netlink_find(reply, size, IFLA_LINKINFO, &length);
        found = found ? vb_netlink_find(found, length, IFLA_INFO_KIND, &length) : NULL;
        return found && length >= strlen(KIND) && strncmp((const char *) found, KIND, length) == 0;
}

/* 0 and its number, -ENODEV where it is not there. */
static int find(const VbMacvtap *macvtap, unsigned *ret_index)
{
        g_autoptr(GByteArray) request = new_request(RTM_GETLINK, 0, 0), reply = g_byte_array_new();
        int r;

        vb_netlink_add_string(request, IFLA_IFNAME, macvtap->name);
        r = vb_netlink_talk(request, reply, NULL);
        return r < 0 ? r : is_it(macvtap, reply->data, reply->len, ret_index) ? 0 : -ENODEV;
}

bool vb_macvtap_remove(const VbMacvtap *macvtap, GError **error)
{
        g_autoptr(GByteArray) request = NULL;
        g_autofree char *why = NULL;
        unsigned index;
        int r = find(macvtap, &index);

        if (r == 0) {
                request = new_request(RTM_DELLINK, 0, index);
                r = vb_netlink_talk(request, NULL, &why);
        }
        return r == 0 || r == -ENODEV ||
               vb_error_set(error, VB_ERROR_UNSUPPORTED, "the macvtap device %s could not be removed: %s",
                            macvtap->name, why ? why : g_strerror(-r));
}

static int create(const VbMacvtap *macvtap, const VbMacvtapOptions *options, unsigned parent, char **why)
{
        g_autoptr(GByteArray) request = new_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
        uint32_t mode = mode_of(macvtap, options), number = parent;
        guint info, data;

        vb_netlink_add_string(request, IFLA_IFNAME, macvtap->name);
        vb_netlink_add(request, IFLA_LINK, &number, sizeof(number));
        if (macvtap->mark != 0)
                vb_netlink_add(request, IFLA_GROUP, &macvtap->mark, sizeof(macvtap->mark));
        vb_netlink_add(request, IFLA_ADDRESS, macvtap->mac, sizeof(macvtap->mac));
        if (options->mtu > 0)
                vb_netlink_add(request, IFLA_MTU, &options->mtu, sizeof(options->mtu));
        info = vb_netlink_begin(request, IFLA_LINKINFO);
        vb_netlink_add_string(request, IFLA_INFO_KIND, KIND);
        data = vb_netlink_begin(request, IFLA_INFO_DATA);
        vb_netlink_add(request, IFLA_MACVLAN_MODE, &mode, sizeof(mode));
        vb_netlink_end(request, data);
        vb_netlink_end(request, info);
        return vb_netlink_talk(request, NULL, why);
}

static int bring_up(const VbMacvtap *macvtap, const VbMacvtapOptions *options, char **why)
{
        unsigned flags = IFF_UP | (options->all_multicast ? IFF_ALLMULTI : 0);
        g_autoptr(GByteArray) request = vb_netlink_new(RTM_NEWLINK, 0,
                                                       &(struct ifinfomsg){ .ifi_index = (int) macvtap->index,
                                                                            .ifi_flags = flags,
                                                                            .ifi_change = flags },
                                                       sizeof(struct ifinfomsg));
        g_autofree char *alias = alias_of(macvtap);
        const uint32_t usual_group = 0;

        /* All that is in one request is done before anybody else sees the device again. */
        if (macvtap->mark != 0) {
                vb_netlink_add(request, IFLA_IFALIAS, alias, strlen(alias));
                vb_netlink_add(request, IFLA_GROUP, &usual_group, sizeof(usual_group));
        }
        return vb_netlink_talk(request, NULL, why);
}

static bool fail(const VbMacvtap *macvtap, int r, const char *why, GError **error)
{
        /* EINVAL can be anything, so that the kernel's words are better. */
        if (why && r == -EINVAL)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "the macvtap device %s on %s cannot be made: %s", macvtap->name,
                                    macvtap->parent, why);
        return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                            "the macvtap device %s on %s cannot be made: %s%s%s%s", macvtap->name,
                            macvtap->parent, advice_for(-r), why ? " (" : "", why ? why : "", why ? ")" : "");
}

bool vb_macvtap_make(VbMacvtap *macvtap, const VbMacvtapOptions *options, GError **error)
{
        unsigned parent = if_nametoindex(macvtap->parent), index;
        g_autofree char *why = NULL;
        int r;

        if (parent == 0)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED,
                                    "there is no network card '%s' on this host for a macvtap device",
                                    macvtap->parent);
        r = create(macvtap, options, parent, &why);
        if (r < 0)
                return fail(macvtap, r, why, error);
        r = find(macvtap, &index);
        if (r == 0) {
                macvtap->index = index;
                r = bring_up(macvtap, options, &why);
        }
        if (r == 0)
                return true;
        (void) vb_macvtap_remove(macvtap, NULL);
        macvtap->index = 0;
        return fail(macvtap, r, why, error);
}

/* A node is called by the number of its device, which another network namespace may have, too. */
static bool is_device(const VbMacvtap *macvtap, int fd)
{
        struct ifreq request = { 0 };

        return ioctl(fd, TUNGETIFF, &request) == 0 && g_str_equal(request.ifr_name, macvtap->name);
}

static int open_queue(const VbMacvtap *macvtap, const char *path, short flags, GError **error)
{
        vb_autoclose int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        struct ifreq request = { .ifr_flags = flags };

        if (fd < 0) {
                vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno,
                                   "the macvtap device %s: %s, which devtmpfs makes, cannot be opened",
                                   macvtap->name, path);
                return -1;
        }
        if (!is_device(macvtap, fd)) {
                vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "the macvtap device %s: %s is not its node, but that of another network namespace's "
                        "device",
                        macvtap->name, path);
                return -1;
        }
        if (ioctl(fd, TUNSETIFF, &request) < 0) {
                vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno,
                                   "the macvtap device %s cannot be set up", macvtap->name);
                return -1;
        }
        return vb_steal_fd(&fd);
}

bool vb_macvtap_open(const VbMacvtap *macvtap, bool vnet_header, guint queues, int *fds, GError **error)
{
        g_autofree char *path = g_strdup_printf("/dev/tap%u", macvtap->index);
        short flags = IFF_TAP | IFF_NO_PI;
        guint n = 0;

        if (vnet_header)
                flags |= IFF_VNET_HDR;
        if (queues > 1)
                flags |= IFF_MULTI_QUEUE;
        for (; n < queues; n++) {
                fds[n] = open_queue(macvtap, path, flags, error);
                if (fds[n] < 0)
                        break;
        }
        if (n == queues)
                return true;
        while (n > 0)
                vb_clear_fd(&fds[--n]);
        return false;
}
