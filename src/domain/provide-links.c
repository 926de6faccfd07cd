/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ends of network cards: descriptors, which go with the process that holds them, and macvtap
 * devices, which do not. */
#include "domain/grants.h"
#include "domain/links.h"
#include "domain/macvtaps.h"
#include "domain/start-private.h"

static bool open_links(VbStart *start, GError **error)
{
        const VbDomainDef *def = start->domain->live;
        VbProvided *provided = start->domain->provided;
        VbLinksHost host = { .networks = start->domain->service->networks,
                             .users = vb_grants_are_needed(start->domain->owner) };

        host.macvtaps = provided->macvtaps = vb_macvtaps_new();
        /* What is about to be made is written down first. */
        if (!vb_macvtaps_plan_all(provided->macvtaps, def, host.networks, error) ||
            (provided->macvtaps->len > 0 && !vb_start_note(start, error)))
                return false;
        start->links = vb_links_open(def, &host, error);
        return start->links != NULL;
}

static void provide_links(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        (void) open_links(start, &error);
        vb_start_provided(start, error);
}

static void withdraw_links(VbProvided *provided)
{
        vb_macvtaps_remove(provided->macvtaps, NULL);
}

static void forget_links(VbProvided *provided)
{
        g_clear_pointer(&provided->macvtaps, g_ptr_array_unref);
}

static json_object *save_links(const VbProvided *provided)
{
        return vb_macvtaps_save(provided->macvtaps);
}

static void load_links(VbProvided *provided, json_object *saved)
{
        provided->macvtaps = vb_macvtaps_load(saved);
}

const VbProvision vb_provision_links = {
        .name = "links",
        .provide = provide_links,
        .withdraw = withdraw_links,
        .forget = forget_links,
        .save = save_links,
        .load = load_links,
};
