/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that QEMU is told to make because the XML named none: one name per device, short enough
 * whatever its alias is. Which devices have one is decided here and nowhere else. */
#include "qemu/argv-socket.h"

#include <sys/un.h>

#include "conf/filesystem.h"
#include "conf/graphics.h"
#include "conf/serial.h"
#include "qemu/argv.h"
#include "util/error.h"

/* A longer alias is replaced by its digest: names depend on nothing but the alias, and leave room for the
 * directory. */
#define SOCKET_ALIAS_MAX 20

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1)

bool vb_argv_check_socket(const VbDevice *device, const char *path, GError **error)
{
        if (strlen(path) <= SOCKET_PATH_MAX)
                return true;
        return vb_error_set_at(error, VB_ERROR_LIMITS_EXCEEDED, device->line,
                               "%s: the path of a socket has at most %zu bytes, and '%s' is longer",
                               device->alias, SOCKET_PATH_MAX, path);
}

static bool has_generated_socket(const VbDevice *device)
{
        const VbChardev *source = NULL;

        if (device->kind == VB_DEVICE_FILESYSTEM)
                return vb_filesystem_is_virtiofs((const VbFilesystem *) device) &&
                       !((const VbFilesystem *) device)->socket;
        if (device->kind == VB_DEVICE_GRAPHICS)
                return vb_graphics_has_own_socket((const VbGraphics *) device);
        if (device->kind == VB_DEVICE_CONSOLE &&
            ((const VbConsole *) device)->target == VB_CONSOLE_TARGET_SERIAL)
                return false;
        source = vb_device_chardev(device);
        return source && source->type == VB_CHARDEV_UNIX && !source->path;
}

char *vb_argv_socket_path(const VbDevice *device, const char *sockets_dir)
{
        g_autofree char *digest = NULL;

        if (!has_generated_socket(device))
                return NULL;
        if (strlen(device->alias) <= SOCKET_ALIAS_MAX && !strchr(device->alias, '/'))
                return g_strdup_printf("%s/%s.sock", sockets_dir, device->alias);
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, device->alias, -1);
        return g_strdup_printf("%s/%.16s", sockets_dir, digest);
}
