/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ends of network cards: descriptors, which go with the process that holds them, and macvtap
 * devices, which do not. */
#include "domain/link-work.h"
#include "domain/macvtaps.h"
#include "domain/service.h"
#include "domain/start-private.h"

static void on_opened(GPtrArray *links, const GError *error, void *userdata)
{
        VbStart *start = userdata;

        start->links = links;
        vb_start_provided(start, error);
}

static void provide_links(VbStart *start)
{
        const VbDomainDef *def = start->domain->live;
        VbProvided *provided = start->domain->provided;
        g_autoptr(GError) error = NULL;

        provided->macvtaps = vb_macvtaps_new();
        /* What is about to be made is written down first. */
        if (!vb_macvtaps_plan_all(provided->macvtaps, def, provided->service->networks, &error) ||
            (provided->macvtaps->len > 0 && !vb_start_note(start, &error)))
                vb_start_provided(start, error);
        else
                vb_link_work_open(provided, def, NULL, on_opened, start);
}

static void cancel_links(VbStart *start)
{
        vb_link_work_cancel(start->domain->provided);
}

static bool withdraw_links(VbProvided *provided)
{
        if (!provided->link_work)
                vb_link_work_remove(provided, NULL, NULL, NULL);
        return !provided->link_work;
}

static void forget_links(VbProvided *provided)
{
        vb_link_work_forget(provided);
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
        .cancel = cancel_links,
        .try_withdraw = withdraw_links,
        .forget = forget_links,
        .save = save_links,
        .load = load_links,
};
