/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trusted platform modules: of the host, or of an emulator, which is a process beside QEMU. */
#include "conf/tpm.h"

#include "qemu/argv-builder.h"

#define CHARDEV "chrtpm"

static void add_emulator(VbArgv *argv, const VbTpm *tpm, const char *id)
{
        g_autofree char *generated = g_strdup_printf("%s/tpm.sock", argv->context->sockets_dir);
        g_autofree char *path = vb_argv_quote(tpm->path ? tpm->path : generated);
        int fd = vb_argv_end(argv, &tpm->base);
        g_autofree char *chardev = fd >= 0 ? g_strdup_printf("socket,id=" CHARDEV ",fd=%d", fd)
                                           : g_strdup_printf("socket,id=" CHARDEV ",path=%s", path);
        g_autofree char *option = g_strdup_printf("emulator,id=%s,chardev=" CHARDEV, id);

        vb_argv_add(argv, "-chardev", chardev);
        vb_argv_add(argv, "-tpmdev", option);
}

static void add_passthrough(VbArgv *argv, const VbTpm *tpm, const char *id)
{
        g_autofree char *path = vb_argv_quote(tpm->path);
        g_autofree char *option = g_strdup_printf("passthrough,id=%s,path=%s", id, path);

        vb_argv_add(argv, "-tpmdev", option);
}

static bool build_tpm(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbTpm *tpm = (const VbTpm *) device;
        json_object *object = vb_argv_device_new(argv, device, error);
        g_autofree char *id = NULL;

        if (!object)
                return false;
        if (tpm->model == VB_TPM_SPAPR_PROXY) {
                vb_json_set_string(object, "host-path", tpm->path);
                vb_argv_add_device(argv, device, object);
                return true;
        }
        id = g_strdup_printf("tpm-%s", device->alias);
        if (tpm->backend == VB_TPM_PASSTHROUGH)
                add_passthrough(argv, tpm, id);
        else
                add_emulator(argv, tpm, id);
        vb_json_set_string(object, "tpmdev", id);
        vb_argv_add_device(argv, device, object);
        return true;
}

const VbArgvClass vb_argv_tpm = { .build = build_tpm };
