/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Graphics servers: no device, the guest does not see them. */
#include "conf/graphics.h"

#include "qemu/argv-builder.h"
#include "qemu/argv-socket.h"

static bool build_graphics(VbArgv *argv, const VbDevice *device, GError **error)
{
        g_autofree char *generated = vb_argv_socket_path(device, argv->context->sockets_dir);
        const char *path = generated ? generated : ((const VbGraphics *) device)->socket;
        g_autofree char *quoted = NULL, *option = NULL;

        if (!vb_argv_check_socket(device, path, error))
                return false;
        quoted = vb_argv_quote(path);
        option = g_strdup_printf("vnc=unix:%s", quoted);
        vb_argv_add(argv, "-vnc", option);
        return true;
}

const VbArgvClass vb_argv_graphics = { .build = build_graphics };
