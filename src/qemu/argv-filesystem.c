/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared folders: 9p, which the emulator serves itself, and virtiofs, served by a process beside it. */
#include "conf/filesystem.h"

#include "qemu/argv-builder.h"
#include "qemu/argv-socket.h"
#include "util/error.h"

static char *add_9p(VbArgv *argv, const VbFilesystem *filesystem)
{
        static const char *const models[] = {
                [VB_FS_PASSTHROUGH] = "passthrough", [VB_FS_MAPPED] = "mapped", [VB_FS_SQUASH] = "none"
        };
        static const char *const multidevs[] = {
                [VB_FS_REMAP] = "remap", [VB_FS_FORBID] = "forbid", [VB_FS_WARN] = "warn"
        };
        char *id = g_strdup_printf("fsdev-%s", filesystem->base.alias);
        g_autofree char *quoted_id = vb_argv_quote(id), *path = vb_argv_quote(filesystem->dir);
        g_autoptr(GString) option = g_string_new(NULL);

        g_string_printf(option, "local,security_model=%s", models[filesystem->access]);
        if (filesystem->multidevs)
                g_string_append_printf(option, ",multidevs=%s", multidevs[filesystem->multidevs]);
        if (filesystem->file_mode)
                g_string_append_printf(option, ",fmode=%s", filesystem->file_mode);
        if (filesystem->dir_mode)
                g_string_append_printf(option, ",dmode=%s", filesystem->dir_mode);
        if (filesystem->write_immediately)
                g_string_append(option, ",writeout=immediate");
        g_string_append_printf(option, ",id=%s,path=%s", quoted_id, path);
        if (filesystem->readonly)
                g_string_append(option, ",readonly=on");
        vb_argv_add(argv, "-fsdev", option->str);
        return id;
}

static char *add_virtiofs(VbArgv *argv, const VbFilesystem *filesystem, GError **error)
{
        g_autofree char *id = g_strdup_printf("chr-vu-%s", filesystem->base.alias);
        g_autofree char *generated = vb_argv_socket_path(&filesystem->base, argv->context->sockets_dir);
        const char *path = generated ? generated : filesystem->socket;
        g_autofree char *quoted_id = vb_argv_quote(id), *quoted = vb_argv_quote(path);
        int fd = vb_argv_end(argv, &filesystem->base);
        g_autofree char *option = fd >= 0 ? g_strdup_printf("socket,id=%s,fd=%d", quoted_id, fd)
                                          : g_strdup_printf("socket,id=%s,path=%s", quoted_id, quoted);

        if (fd < 0 && !vb_argv_check_socket(&filesystem->base, path, error))
                return NULL;
        vb_argv_add(argv, "-chardev", option);
        return g_steal_pointer(&id);
}

static bool build_filesystem(VbArgv *argv, const VbDevice *device, GError **error)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;
        bool virtiofs = vb_filesystem_is_virtiofs(filesystem);
        g_autoptr(json_object) object = vb_argv_device_new(argv, device, error);
        g_autofree char *backend = NULL;

        if (!object)
                return false;
        backend = virtiofs ? add_virtiofs(argv, filesystem, error) : add_9p(argv, filesystem);
        if (!backend)
                return false;
        vb_argv_set_virtio_options(object, &filesystem->virtio);
        vb_json_set_string(object, virtiofs ? "chardev" : "fsdev", backend);
        if (filesystem->queue.given)
                vb_json_set_uint(object, "queue-size", filesystem->queue.value);
        vb_json_set_string(object, virtiofs ? "tag" : "mount_tag", filesystem->tag);
        vb_argv_add_device(argv, device, g_steal_pointer(&object));
        return true;
}

static bool check_start(const VbDomainDef *def, const VbDevice *device, GError **error)
{
        const VbFilesystem *filesystem = (const VbFilesystem *) device;

        if (*(filesystem->socket ? filesystem->socket : filesystem->dir) != '/')
                return vb_error_set_at(error, VB_ERROR_UNSUPPORTED, device->line,
                                       "%s: the path of its <source> is not absolute", device->alias);
        return true;
}

const VbArgvClass vb_argv_filesystem = { .build = build_filesystem, .check_start = check_start };
