/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accelerators of ciphers: who computes, and the device that hands it the work. */
#include "conf/crypto.h"

#include "qemu/argv-builder.h"

static bool build_crypto(VbArgv *argv, const VbDevice *device, GError **error)
{
        static const char *const types[_VB_CRYPTO_MAX] = {
                [VB_CRYPTO_BUILTIN] = "cryptodev-backend-builtin",
                [VB_CRYPTO_LKCF] = "cryptodev-backend-lkcf",
        };
        const VbCrypto *crypto = (const VbCrypto *) device;
        json_object *object = vb_argv_device_new(argv, device, error), *backend = NULL;
        g_autofree char *id = NULL;

        if (!object)
                return false;
        id = g_strdup_printf("obj%s", device->alias);
        backend = json_object_new_object();
        vb_json_set_string(backend, "qom-type", types[crypto->backend]);
        vb_json_set_string(backend, "id", id);
        vb_json_set_positive_if(backend, "queues", crypto->queues);
        vb_argv_add_json(argv, "-object", backend);
        vb_argv_set_virtio_options(object, &crypto->virtio);
        vb_json_set_string(object, "cryptodev", id);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_crypto = { .build = build_crypto };
