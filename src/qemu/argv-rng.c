/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random number generators: an object that has the entropy, and the device that hands it to the guest. */
#include "conf/rng.h"

#include "qemu/argv-builder.h"

static bool build_rng(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbRng *rng = (const VbRng *) device;
        json_object *object = vb_argv_device_new(argv, device, error), *backend = NULL;
        g_autofree char *id = NULL;

        if (!object)
                return false;
        id = g_strdup_printf("obj%s", device->alias);
        backend = json_object_new_object();
        vb_json_set_string(backend, "qom-type",
                           rng->backend == VB_RNG_BACKEND_RANDOM ? "rng-random" : "rng-builtin");
        vb_json_set_string(backend, "id", id);
        if (rng->backend == VB_RNG_BACKEND_RANDOM)
                vb_json_set_string_if(backend, "filename", rng->path);
        vb_argv_add_json(argv, "-object", backend);

        vb_json_set_string(object, "rng", id);
        if (rng->rate_bytes > 0) {
                vb_json_set_uint(object, "max-bytes", rng->rate_bytes);
                vb_json_set_positive_if(object, "period", rng->rate_period_ms);
        }
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_rng = { .build = build_rng };
