/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Tap devices: network cards of the host's whose other end is a guest. Those that are made here are gone when
 * the last descriptor is closed, so that nothing is left behind by a guest that ends, however it ends. */
typedef struct {
        const char *device; /* NULL: /dev/net/tun */
        const char *name;   /* NULL: the kernel numbers one */
        bool vnet_header;   /* packets carry virtio's header: for virtio cards */
        bool existing;      /* the device is somebody else's and there already */
        const char *bridge; /* it becomes a port of that; NULL: of none */
        uint32_t mtu;       /* 0: the kernel's */
        const uint8_t *mac; /* of the guest's card */
        guint queues;       /* descriptors to open */
} VbTap;

/* One descriptor for each queue, close-on-exec, into @fds; on failure none is left open. UNSUPPORTED where
 * the kernel does not allow it, with what would. @name has IFNAMSIZ bytes. */
bool vb_tap_open(const VbTap *tap, int *fds, char *name, GError **error);
