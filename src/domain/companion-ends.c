/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of the emulator, by the device that each is for. */
#include "domain/companion-ends.h"

#include "qemu/argv.h"
#include "util/fd.h"

static void end_free(gpointer data)
{
        VbArgvEnd *end = data;

        vb_clear_fd(&end->fd);
        g_free(end->alias);
        g_free(end);
}

GPtrArray *vb_companion_ends_new(void)
{
        return g_ptr_array_new_with_free_func(end_free);
}

void vb_companion_ends_add(GPtrArray *ends, const char *alias, int fd)
{
        VbArgvEnd *end = g_new0(VbArgvEnd, 1);

        end->alias = g_strdup(alias);
        end->fd = fd;
        g_ptr_array_add(ends, end);
}

void vb_companion_ends_append_fds(const GPtrArray *ends, GArray *fds)
{
        for (guint i = 0; i < ends->len; i++)
                g_array_append_val(fds, ((VbArgvEnd *) ends->pdata[i])->fd);
}
