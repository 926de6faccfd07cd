/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports for graphics servers that leave the choice to us: written into the definition of the running guest,
 * where whoever connects finds them. Nothing is held until the emulator listens, so those of other guests
 * that are still starting are left out. */
#include "conf/graphics.h"
#include "domain/start-private.h"
#include "host/ports.h"
#include "util/error.h"

/* libvirt's ranges; both end with the last port. */
#define PORT_MIN 5900
#define WEBSOCKET_MIN 5700

static bool uses(const VbDomainDef *def, uint16_t port)
{
        for (guint i = 0; def && i < def->devices->len; i++) {
                const VbGraphics *graphics = g_ptr_array_index(def->devices, i);

                if (graphics->base.kind == VB_DEVICE_GRAPHICS && vb_graphics_is_tcp(graphics) &&
                    (graphics->port == port || graphics->tls_port == port || graphics->websocket == port))
                        return true;
        }
        return false;
}

static bool is_taken(uint16_t port, const void *data)
{
        const VbService *service = data;

        for (guint i = 0; i < service->domains->len; i++)
                if (uses(((const VbDomain *) service->domains->pdata[i])->live, port))
                        return true;
        return false;
}

static bool choose(const VbService *service, const VbGraphics *graphics, uint16_t first, int *ret,
                   GError **error)
{
        uint16_t port = vb_port_find_free(first, is_taken, service);

        if (port == 0)
                return vb_error_set(
                        error, VB_ERROR_UNSUPPORTED,
                        "%s: no TCP port from %u on is free for it; end a guest, or let it listen on a "
                        "socket",
                        graphics->base.alias, first);
        *ret = port;
        return true;
}

static bool choose_all(const VbDomain *domain, GError **error)
{
        for (guint i = 0; i < domain->live->devices->len; i++) {
                VbGraphics *graphics = g_ptr_array_index(domain->live->devices, i);

                if (graphics->base.kind != VB_DEVICE_GRAPHICS || !vb_graphics_is_tcp(graphics))
                        continue;
                if ((graphics->autoport &&
                     !choose(domain->service, graphics, PORT_MIN, &graphics->port, error)) ||
                    (graphics->websocket == -1 &&
                     !choose(domain->service, graphics, WEBSOCKET_MIN, &graphics->websocket, error)))
                        return false;
        }
        return true;
}

static void provide_ports(VbStart *start)
{
        g_autoptr(GError) error = NULL;

        (void) choose_all(start->domain, &error);
        vb_start_provided(start, error);
}

const VbProvision vb_provision_ports = {
        .name = "ports",
        .provide = provide_ports,
};
