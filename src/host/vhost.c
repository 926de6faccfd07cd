/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's vhost devices, by their paths. */
#include "host/vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"

int vb_vhost_open(const char *path, const char *module, GError **error)
{
        vb_autoclose int fd = -1;
        struct stat status;

        /* Opening something else can have effects. */
        if (lstat(path, &status) == 0 && !S_ISCHR(status.st_mode)) {
                vb_error_set(error, VB_ERROR_UNSUPPORTED, "%s is no character device", path);
                return -1;
        }
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        if (fd >= 0)
                return vb_steal_fd(&fd);
        if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
                vb_error_set(error, VB_ERROR_UNSUPPORTED,
                             "there is no %s on this host; the kernel's module %s makes it", path, module);
        else
                vb_error_set_errno(error, VB_ERROR_UNSUPPORTED, errno, "%s cannot be opened", path);
        return -1;
}
