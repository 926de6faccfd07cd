/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets between host and guest: the kernel's vhost-vsock, by a descriptor where the service has opened it. */
#include "conf/vsock.h"

#include "qemu/argv-builder.h"

static bool build_vsock(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbVsock *vsock = (const VbVsock *) device;
        json_object *object = vb_argv_device_new(argv, device, error);
        g_autofree char *fd = vb_argv_link_fd(argv, device);

        if (!object)
                return false;
        vb_argv_set_virtio_options(object, &vsock->options);
        /* In a dry run nothing is chosen yet; the lowest number stands for it. */
        if (vsock->auto_cid)
                vb_json_set_uint(object, "guest-cid",
                                 argv->context->vsock_cid > 0 ? argv->context->vsock_cid : VB_VSOCK_CID_MIN);
        else
                vb_json_set_uint(object, "guest-cid", vsock->cid);
        if (fd)
                vb_json_set_string(object, "vhostfd", fd);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_vsock = { .build = build_vsock };
