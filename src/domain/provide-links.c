/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ends of network cards: descriptors, and nothing that outlives the process which holds them. */
#include "domain/links.h"
#include "domain/start-private.h"

static void provide_links(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        start->links = vb_links_open(start->domain->live, start->domain->service->networks, &error);
        vb_start_provided(start, error);
}

const VbProvision vb_provision_links = {
        .name = "links",
        .provide = provide_links,
};
