/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making tap devices, by the kernel's oldest interfaces for it: /dev/net/tun and the ioctls of a socket.
 * https://docs.kernel.org/networking/tuntap.html */
#include "host/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/error.h"
#include "util/fd.h"

#define TUN_DEVICE "/dev/net/tun"
#define NAME_PATTERN "vnet%d"

static bool fail(const VbTap *tap, const char *name, const char *what, GError **error)
{
        int number = errno;

        if (number == EPERM || number == EACCES)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "the tap device %s: not allowed to %s; a service that does not run as root "
                        "needs the capability CAP_NET_ADMIN, or <target dev='...' managed='no'/> "
                        "a device that is there and its own",
                        name, what);
        return vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, number, "the tap device %s: failed to %s",
                                  name, what);
}

static int open_queue(const VbTap *tap, char *name, GError **error)
{
        const char *device = tap->device ? tap->device : TUN_DEVICE;
        vb_autoclose int fd = open(device, O_RDWR | O_CLOEXEC);
        struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

        if (fd < 0) {
                vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno, "%s cannot be opened", device);
                return -1;
        }
        if (tap->vnet_header)
                request.ifr_flags |= IFF_VNET_HDR;
        if (tap->queues > 1)
                request.ifr_flags |= IFF_MULTI_QUEUE;
        g_strlcpy(request.ifr_name, name, IFNAMSIZ);
        if (ioctl(fd, TUNSETIFF, &request) < 0) {
                if (errno == ENOTTY)
                        vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s makes no tap devices, as %s does", device,
                                     TUN_DEVICE);
                else
                        fail(tap, name, tap->existing ? "use it" : "make it", error);
                return -1;
        }
        /* The pattern has become a number. */
        g_strlcpy(name, request.ifr_name, IFNAMSIZ);
        return vb_steal_fd(&fd);
}

/* Like libvirt: the host's end has the guest's address with a first byte that keeps it from becoming that of
 * the bridge, which takes the lowest of its ports. */
static bool set_mac(const VbTap *tap, int socket_fd, struct ifreq *request)
{
        request->ifr_hwaddr.sa_family = ARPHRD_ETHER;
        memcpy(request->ifr_hwaddr.sa_data, tap->mac, 6);
        request->ifr_hwaddr.sa_data[0] = (char) 0xfe;
        return ioctl(socket_fd, SIOCSIFHWADDR, request) == 0;
}

static bool join_bridge(const VbTap *tap, int socket_fd, const char *name, GError **error)
{
        struct ifreq request = { .ifr_ifindex = (int) if_nametoindex(name) };

        if (strlen(tap->bridge) >= IFNAMSIZ || if_nametoindex(tap->bridge) == 0)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED, "there is no bridge '%s' on this host",
                                    tap->bridge);
        g_strlcpy(request.ifr_name, tap->bridge, IFNAMSIZ);
        if (ioctl(socket_fd, SIOCBRADDIF, &request) == 0)
                return true;
        if (errno == EOPNOTSUPP)
                return vb_error_set(error, VB_ERROR_UNSUPPORTED, "'%s' is no bridge of the kernel's",
                                    tap->bridge);
        return fail(tap, name, "make it a port of the bridge", error);
}

static bool bring_up(const VbTap *tap, int socket_fd, const char *name, GError **error)
{
        struct ifreq request = { 0 };

        g_strlcpy(request.ifr_name, name, IFNAMSIZ);
        if (ioctl(socket_fd, SIOCGIFFLAGS, &request) < 0)
                return fail(tap, name, "look at it", error);
        request.ifr_flags |= IFF_UP;
        return ioctl(socket_fd, SIOCSIFFLAGS, &request) == 0 || fail(tap, name, "bring it up", error);
}

static bool set_up(const VbTap *tap, const char *name, GError **error)
{
        vb_autoclose int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = { 0 };

        if (socket_fd < 0)
                return fail(tap, name, "configure it", error);
        g_strlcpy(request.ifr_name, name, IFNAMSIZ);
        if (!set_mac(tap, socket_fd, &request))
                return fail(tap, name, "give it an address", error);
        if (tap->mtu > 0) {
                request.ifr_mtu = (int) tap->mtu;
                if (ioctl(socket_fd, SIOCSIFMTU, &request) < 0)
                        return fail(tap, name, "set its MTU", error);
        }
        return (!tap->bridge || join_bridge(tap, socket_fd, name, error)) &&
               bring_up(tap, socket_fd, name, error);
}

bool vb_tap_open(const VbTap *tap, int *fds, char *name, GError **error)
{
        guint n = 0;

        if (tap->name && strlen(tap->name) >= IFNAMSIZ)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "'%s' is longer than the %d characters that a network device's name can have",
                        tap->name, IFNAMSIZ - 1);
        g_strlcpy(name, tap->name ? tap->name : NAME_PATTERN, IFNAMSIZ);
        for (; n < tap->queues; n++) {
                fds[n] = open_queue(tap, name, error);
                if (fds[n] < 0)
                        break;
        }
        if (n == tap->queues && (tap->existing || set_up(tap, name, error)))
                return true;
        while (n > 0)
                vb_clear_fd(&fds[--n]);
        return false;
}
