/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Free TCP ports, found by binding to them as a server would. */
#include "host/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "util/fd.h"

static bool can_bind(int family, const void *address, socklen_t size)
{
        vb_autoclose int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;

        /* A host may do without one of the two. */
        if (fd < 0)
                return true;
        /* Old connections do not keep a server from listening. */
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (family == AF_INET6)
                (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
        return bind(fd, address, size) == 0 || (errno != EADDRINUSE && errno != EACCES);
}

static bool is_free(uint16_t port)
{
        const struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        const struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

        return can_bind(AF_INET, &ipv4, sizeof(ipv4)) && can_bind(AF_INET6, &ipv6, sizeof(ipv6));
}

uint16_t vb_port_find_free(uint16_t first, bool (*is_taken)(uint16_t port, const void *data),
                           const void *data)
{
        for (uint32_t port = first; port <= UINT16_MAX; port++)
                if (!(is_taken && is_taken((uint16_t) port, data)) && is_free((uint16_t) port))
                        return (uint16_t) port;
        return 0;
}
