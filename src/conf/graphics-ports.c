/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of graphics servers that are chosen when a guest starts: of a running guest's definition, never of a
 * kept one. */
#include "conf/domain-def.h"
#include "conf/graphics.h"

bool vb_graphics_is_tcp(const VbGraphics *graphics)
{
        return !vb_graphics_is_display(graphics) && (graphics->listens[0].type == VB_LISTEN_ADDRESS ||
                                                     graphics->listens[0].type == VB_LISTEN_NETWORK);
}

void vb_graphics_copy_ports(VbDomainDef *to, const VbDomainDef *from)
{
        for (guint i = 0; i < to->devices->len; i++) {
                VbGraphics *graphics = g_ptr_array_index(to->devices, i);
                const VbGraphics *other;

                if (graphics->base.kind != VB_DEVICE_GRAPHICS)
                        continue;
                other = vb_domain_def_find_graphics(from, graphics->type);
                if (!other)
                        continue;
                if (graphics->autoport && other->autoport) {
                        graphics->port = other->port;
                        graphics->tls_port = other->tls_port;
                }
                if (other->websocket == -1)
                        graphics->websocket = -1;
        }
}
