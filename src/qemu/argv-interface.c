/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces: a backend of QEMU's and the card in front of it. */
#include "conf/interface.h"

#include "qemu/argv-builder.h"

static bool build_interface(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbInterface *interface = (const VbInterface *) device;
        json_object *object = vb_argv_device_new(argv, device, error);
        const uint8_t *m = interface->mac;
        g_autofree char *id = NULL, *quoted = NULL, *backend = NULL, *mac = NULL;

        if (!object)
                return false;
        id = g_strdup_printf("host%s", device->alias);
        quoted = vb_argv_quote(id);
        /* Not in JSON, which -netdev takes from QEMU 7.2 on only. */
        backend = g_strdup_printf("user,id=%s", quoted);
        vb_argv_add(argv, "-netdev", backend);

        mac = g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
        vb_json_set_string(object, "netdev", id);
        vb_json_set_string(object, "mac", mac);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_interface = { .build = build_interface };
