/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <unistd.h>

/* A descriptor that is closed at the end of its scope: `vb_autoclose int fd = -1;` */
static inline void vb_close_at_end(const int *fd)
{
        if (*fd >= 0)
                close(*fd);
}
#define vb_autoclose __attribute__((cleanup(vb_close_at_end)))

/* Hands a descriptor over: what the variable held, which is -1 from then on. */
static inline int vb_steal_fd(int *fd)
{
        int taken = *fd;

        *fd = -1;
        return taken;
}

/* Closes what the variable holds, if anything. */
static inline void vb_clear_fd(int *fd)
{
        vb_close_at_end(fd);
        *fd = -1;
}
