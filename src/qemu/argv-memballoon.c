/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory balloon. How often the guest reports is not an option but a property, set once it runs. */
#include "conf/memballoon.h"

#include "qemu/argv-builder.h"

static bool build_memballoon(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbMemballoon *balloon = (const VbMemballoon *) device;
        json_object *object = NULL;

        if (balloon->none)
                return true;
        object = vb_argv_device_new(argv, device, error);
        if (!object)
                return false;
        vb_argv_set_virtio_options(object, &balloon->virtio);
        vb_json_set_tristate_if(object, "deflate-on-oom", balloon->autodeflate);
        vb_json_set_tristate_if(object, "free-page-reporting", balloon->free_page_reporting);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_memballoon = { .build = build_memballoon };
