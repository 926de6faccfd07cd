/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"
#include "domain/macvtaps.h"
#include "domain/networks.h"

/* The host's ends of a guest's network cards, and what else of the kernel's it is connected to, made when it
 * starts. */

typedef struct {
        const VbNetworks *networks;
        GPtrArray *macvtaps; /* the devices that are planned in it are made, and removed by the caller, also on failure */
        bool users;          /* the guest is a user's: it opens itself what it has no grant for, and nothing is
                              * opened for it at a path of its definition's */
} VbLinksHost;

/* Whether there is anything to be opened for @device. */
bool vb_links_are_needed(const VbDevice *device);

/* For vb_argv_build(): VbArgvLink *, with descriptors that are closed when the array is freed; QEMU inherits
 * them first. UNSUPPORTED where a card cannot be connected, with its alias and the reason; ACCESS_DENIED where a
 * user's names a device of the host's to be opened with the service's rights. */
GPtrArray *vb_links_open(const VbDomainDef *def, const VbLinksHost *host, GError **error);

/* The same for one device of @def; the array is empty for what needs none. */
GPtrArray *vb_links_open_device(const VbDomainDef *def, const VbDevice *device, const VbLinksHost *host,
                                GError **error);

/* Appends all descriptors to @fds, a GArray of int. */
void vb_links_append_fds(const GPtrArray *links, GArray *fds);
