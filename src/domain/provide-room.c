/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runtime directory, with what a restarted service reads in it. */
#include "domain/start-private.h"
#include "domain/status.h"
#include "util/error.h"

static void provide_room(VbStart *start)
{
        VbDomain *domain = start->domain;
        VbProvided *provided = domain->provided;
        g_autoptr(GError) error = NULL;

        provided->room = vb_room_create(domain->service->runtime_dir, domain->id, provided->identity, &error);
        if (provided->room)
                (void) vb_status_write_live(domain, provided->room, &error);
        vb_start_provided(start, error);
}

static void withdraw_room(VbProvided *provided)
{
        vb_room_remove(g_steal_pointer(&provided->room));
}

static void forget_room(VbProvided *provided)
{
        vb_room_free(g_steal_pointer(&provided->room));
}

const VbProvision vb_provision_room = {
        .name = "room",
        .provide = provide_room,
        .withdraw = withdraw_room,
        .forget = forget_room,
};
