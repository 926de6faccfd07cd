/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that guests share: a file of /dev/shm, or what a server hands out. */
#include "conf/shmem.h"

#include "qemu/argv-builder.h"

static char *add_memory(VbArgv *argv, const VbShmem *shmem)
{
        g_autofree char *id = g_strdup_printf("shmmem-%s", shmem->base.alias);
        g_autofree char *path = g_strdup_printf("/dev/shm/%s", shmem->name);
        json_object *object = json_object_new_object();

        vb_json_set_string(object, "qom-type", "memory-backend-file");
        vb_json_set_string(object, "id", id);
        vb_json_set_string(object, "mem-path", path);
        vb_json_set_uint(object, "size", shmem->size);
        vb_json_set_bool(object, "share", true);
        vb_argv_add_json(argv, "-object", object);
        return g_steal_pointer(&id);
}

static char *add_server(VbArgv *argv, const VbShmem *shmem)
{
        g_autofree char *id = vb_argv_chardev_id(shmem->base.alias);
        g_autofree char *path = vb_argv_quote(shmem->server);
        g_autofree char *option = g_strdup_printf("socket,id=%s,path=%s", id, path);

        vb_argv_add(argv, "-chardev", option);
        return g_steal_pointer(&id);
}

static bool build_shmem(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbShmem *shmem = (const VbShmem *) device;
        json_object *object = vb_argv_device_new(argv, device, error);
        g_autofree char *backend = NULL;

        if (!object)
                return false;
        if (shmem->model == VB_SHMEM_IVSHMEM_PLAIN) {
                backend = add_memory(argv, shmem);
                vb_json_set_string(object, "memdev", backend);
        } else {
                backend = add_server(argv, shmem);
                vb_json_set_string(object, "chardev", backend);
                vb_json_set_positive_if(object, "vectors", shmem->vectors);
                vb_json_set_bool(object, "ioeventfd", shmem->ioeventfd == VB_TRISTATE_ON);
        }
        if (shmem->role != VB_SHMEM_ROLE_UNSET)
                vb_json_set_string(object, "master", shmem->role == VB_SHMEM_MASTER ? "on" : "off");
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_shmem = { .build = build_shmem };
