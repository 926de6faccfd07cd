/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/domain-def.h"
#include "domain/macvtaps.h"
#include "domain/networks.h"

/* The host's ends of a guest's network cards, made when it starts. */

/* For vb_argv_build(): VbArgvLink *, with descriptors that are closed when the array is freed; QEMU inherits
 * them first. The devices that are planned in @macvtaps are made; it is the caller who removes them, also when
 * this fails. UNSUPPORTED where a card cannot be connected, with its alias and the reason. */
GPtrArray *vb_links_open(const VbDomainDef *def, const VbNetworks *networks, GPtrArray *macvtaps,
                         GError **error);

/* The same for one device of @def; the array is empty for what is no network card. */
GPtrArray *vb_links_open_device(const VbDomainDef *def, const VbDevice *device, const VbNetworks *networks,
                                GPtrArray *macvtaps, GError **error);

/* Appends all descriptors to @fds, a GArray of int. */
void vb_links_append_fds(const GPtrArray *links, GArray *fds);
