/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets of devices: objects that read them from where nobody else can, and never from the command line. */
#include "qemu/argv-blockdev.h"
#include "qemu/argv-builder.h"

/* Empty, and always there. */
#define PLACEHOLDER "/dev/null"

static char *add(VbArgv *argv, const VbDevice *device, const char *what, unsigned index, const char *name,
                 GError **error)
{
        const VbArgvContext *context = argv->context;
        g_autofree char *layer = g_strconcat(what, "-secret", NULL);
        g_autofree char *path = NULL;
        json_object *object = NULL;
        char *id = NULL;

        path = context->secret_path ? context->secret_path(name, context->secret_userdata, error)
                                    : g_strdup(PLACEHOLDER);
        if (!path) {
                g_prefix_error(error, "%s: ", device->alias);
                return NULL;
        }
        id = vb_argv_node_name(device, layer, index);
        object = json_object_new_object();
        vb_json_set_string(object, "qom-type", "secret");
        vb_json_set_string(object, "id", id);
        vb_json_set_string(object, "file", path);
        vb_argv_add_json(argv, "-object", object);
        return id;
}

char *vb_argv_add_secret(VbArgv *argv, const VbDevice *device, const char *what, unsigned index,
                         const VbSecretRef *secret, GError **error)
{
        return add(argv, device, what, index, vb_secret_name(secret), error);
}

bool vb_argv_add_secret_if_given(VbArgv *argv, const VbDevice *device, const char *what, unsigned index,
                                 const char *name, char **ret, GError **error)
{
        const VbArgvContext *context = argv->context;

        if (!context->has_secret || !context->has_secret(name, context->secret_userdata))
                return true;
        *ret = add(argv, device, what, index, name, error);
        return *ret != NULL;
}
