/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/provision.h"

/* The host's ends of network cards are made and removed on a thread: the kernel has one lock for all network
 * devices, which others may hold for long, and may load a module for one. */

/* @links is taken over; NULL with @error. */
typedef void (*VbLinkWorkDone)(GPtrArray *links, const GError *error, void *userdata);

/* As vb_links_open(), for all of @def, or for its device @alias alone. What is planned in provided->macvtaps
 * is made, and is there to be removed when @done is called; after a failure nothing of it is left. One thing at
 * a time. */
void vb_link_work_open(VbProvided *provided, const VbDomainDef *def, const char *alias, VbLinkWorkDone done,
                       void *userdata);

/* Removes the macvtap device of @alias (NULL: all of them), as far as it was made, and forgets it. What
 * cannot be removed is logged. @done is called at once where there is none, and may be NULL. */
void vb_link_work_remove(VbProvided *provided, const char *alias, VbLinkWorkDone done, void *userdata);

/* Nobody waits for what is under way any more: it ends, and what was made is known to be there. */
void vb_link_work_cancel(VbProvided *provided);

/* Lets go of what is under way. */
void vb_link_work_forget(VbProvided *provided);
