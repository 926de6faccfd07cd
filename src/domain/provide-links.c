/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ends of network cards: descriptors, and nothing that outlives the process which holds them. */
#include "conf/interface.h"
#include "domain/grants.h"
#include "domain/links.h"
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

static void provide_links(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        if (!vb_grants_are_needed(start->domain->owner) || check_devices(start->domain->live, &error))
                start->links = vb_links_open(start->domain->live, start->domain->service->networks, &error);
        vb_start_provided(start, error);
}

const VbProvision vb_provision_links = {
        .name = "links",
        .provide = provide_links,
};
