/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random number generators: an object that has the entropy, and the device that hands it to the guest. */
#include "conf/rng.h"

#include "qemu/argv-chardev.h"

static const char *const backend_types[_VB_RNG_BACKEND_MAX] = {
        [VB_RNG_BACKEND_RANDOM] = "rng-random",
        [VB_RNG_BACKEND_BUILTIN] = "rng-builtin",
        [VB_RNG_BACKEND_EGD] = "rng-egd",
};

/* What QEMU itself would count in, so that it is the definition's number and not a later QEMU's. */
#define PERIOD_DEFAULT_MS 1000

static bool build_rng(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbRng *rng = (const VbRng *) device;
        json_object *object = vb_argv_device_new(argv, device, error), *backend = NULL;
        g_autofree char *id = NULL, *chardev = NULL;

        if (!object)
                return false;
        if (rng->backend == VB_RNG_BACKEND_EGD) {
                chardev = vb_argv_add_chardev(argv, device, error);
                if (!chardev) {
                        json_object_put(object);
                        return false;
                }
        }
        id = g_strdup_printf("obj%s", device->alias);
        backend = json_object_new_object();
        vb_json_set_string(backend, "qom-type", backend_types[rng->backend]);
        vb_json_set_string(backend, "id", id);
        if (rng->backend == VB_RNG_BACKEND_RANDOM)
                vb_json_set_string_if(backend, "filename", rng->path);
        vb_json_set_string_if(backend, "chardev", chardev);
        vb_argv_add_json(argv, "-object", backend);

        vb_argv_set_virtio_options(object, &rng->options);
        vb_json_set_string(object, "rng", id);
        if (rng->rate_bytes > 0) {
                vb_json_set_uint(object, "max-bytes", rng->rate_bytes);
                vb_json_set_uint(object, "period",
                                 rng->rate_period_ms > 0 ? rng->rate_period_ms : PERIOD_DEFAULT_MS);
        }
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_rng = { .build = build_rng };
