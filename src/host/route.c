/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's routes, of the network namespace that we are in: proc(5). */
#include "host/route.h"

#include <glib.h>
#include <linux/route.h>
#include <stdio.h>

#define IPV6_LOOPBACK "lo"

/* "eth0  00000000  0102A8C0  0003  ...": device, destination, gateway, flags. */
static bool is_default_ipv4(const char *line)
{
        unsigned destination, gateway, flags, mask;

        return sscanf(line, "%*s %x %x %x %*s %*s %*s %x", &destination, &gateway, &flags, &mask) == 4 &&
               destination == 0 && mask == 0 && flags & RTF_UP && !(flags & RTF_REJECT);
}

/* Destination, its length, source, its length, gateway, metric, references, uses, flags, device. */
static bool is_default_ipv6(const char *line)
{
        char destination[33], device[17];
        unsigned length, flags;

        return sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %x %16s", destination, &length, &flags,
                      device) == 4 &&
               length == 0 && flags & RTF_UP && !(flags & RTF_REJECT) && !g_str_equal(device, IPV6_LOOPBACK);
}

static bool any(const char *path, bool (*matches)(const char *line))
{
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return false;
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
                if (matches(*line))
                        return true;
        return false;
}

bool vb_host_has_route(void)
{
        return any("/proc/self/net/route", is_default_ipv4) ||
               any("/proc/self/net/ipv6_route", is_default_ipv6);
}
