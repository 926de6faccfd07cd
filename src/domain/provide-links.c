/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ends of network cards: descriptors, which go with the process that holds them, and macvtap
 * devices, which do not. */
#include "conf/interface.h"
#include "domain/grants.h"
#include "domain/links.h"
#include "domain/macvtaps.h"
#include "domain/start-private.h"
#include "util/error.h"

/* It is the service that opens these, with its own rights: no path of a user's. */
static bool check_device(const VbDevice *device, const char *path, const char *usual, GError **error)
{
        return !path || g_str_equal(path, usual) ||
               vb_error_set(error, VB_ERROR_ACCESS_DENIED,
                            "%s: <backend> names %s, and only root's domains may have another device than %s",
                            device->alias, path, usual);
}

static bool check_devices(const VbDomainDef *def, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbInterface *interface = def->devices->pdata[i];
                const VbInterfaceBackend *backend;

                if (interface->base.kind != VB_DEVICE_INTERFACE)
                        continue;
                backend = interface->parts.backend;
                if (backend && (!check_device(&interface->base, backend->tap, "/dev/net/tun", error) ||
                                !check_device(&interface->base, backend->vhost, "/dev/vhost-net", error)))
                        return false;
        }
        return true;
}

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

        if (!vb_grants_are_needed(start->domain->owner) || check_devices(start->domain->live, &error))
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
