/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Macvtap devices: taps that share a network card of the host's. Unlike a tap, one stays when its last
 * descriptor is closed, so that what is needed to remove it has to be remembered. */
typedef struct {
        char name[IFNAMSIZ];
        char parent[IFNAMSIZ]; /* the card */
        uint8_t mac[6];        /* of the guest's card */
        bool passthrough;      /* the card is the guest's alone, and the device has the card's address */
        uint32_t mark;  /* a number of its own; the device has it from the moment that it is there. 0: none */
        unsigned index; /* the kernel's; 0: not made, or not known to be */
} VbMacvtap;

typedef struct {
        const char *mode;   /* vepa, bridge, private; passthrough is in VbMacvtap */
        uint32_t mtu;       /* 0: the card's */
        bool all_multicast; /* what others want to receive is not filtered out */
} VbMacvtapOptions;

/* A mark for one that is to be made. */
uint32_t vb_macvtap_new_mark(void);

/* Whether no device of the host's has that name. */
bool vb_macvtap_is_free(const char *name);

/* Makes the device @macvtap->name, which has to have a mark, brings it up and sets @macvtap->index. On
 * failure there is none. UNSUPPORTED, with what the kernel says and what would help. */
bool vb_macvtap_make(VbMacvtap *macvtap, const VbMacvtapOptions *options, GError **error);

/* One descriptor for each of @queues queues, close-on-exec, into @fds; on failure none is left open.
 * @vnet_header: packets carry virtio's header. */
bool vb_macvtap_open(const VbMacvtap *macvtap, bool vnet_header, guint queues, int *fds, GError **error);

/* Removes it, if it is there and the one that was meant: the kernel's number has to be the same, or, where
 * that is not known, the mark. True, too, if there is nothing to remove. */
bool vb_macvtap_remove(const VbMacvtap *macvtap, GError **error);
