/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking all arguments of a message for descriptors. */
#include "bus/message-fds.h"

#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "host/foreign-fd.h"

typedef struct {
        int named, fd;
} MessageFd;

struct VbMessageFds {
        GArray *all; /* MessageFd */
};

static void take(GArray *all, int named)
{
        MessageFd it = { .named = named };

        for (guint i = 0; i < all->len; i++)
                if (g_array_index(all, MessageFd, i).named == named)
                        return;
        it.fd = fcntl(named, F_DUPFD_CLOEXEC, 3);
        g_array_append_val(all, it);
        vb_foreign_fd_replace(named);
}

static bool may_hold_fds(const char *signature)
{
        return strpbrk(signature, "hv") != NULL;
}

static int walk(sd_bus_message *message, GArray *all)
{
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(message, &type, &contents)) > 0) {
                int fd;

                if (type == SD_BUS_TYPE_UNIX_FD) {
                        r = sd_bus_message_read_basic(message, type, &fd);
                        if (r > 0)
                                take(all, fd);
                } else if (contents && may_hold_fds(contents)) {
                        r = sd_bus_message_enter_container(message, type, contents);
                        if (r >= 0)
                                r = walk(message, all);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(message);
                } else {
                        r = sd_bus_message_skip(message, NULL);
                }
                if (r < 0)
                        return r;
        }
        return r;
}

VbMessageFds *vb_message_fds_take(sd_bus_message *message)
{
        const char *signature = sd_bus_message_get_signature(message, true);
        VbMessageFds *fds;

        if (!signature || !may_hold_fds(signature))
                return NULL;
        fds = g_new(VbMessageFds, 1);
        fds->all = g_array_new(FALSE, FALSE, sizeof(MessageFd));
        (void) walk(message, fds->all);
        (void) sd_bus_message_rewind(message, true);
        if (fds->all->len == 0)
                g_clear_pointer(&fds, vb_message_fds_free);
        return fds;
}

int vb_message_fds_find(const VbMessageFds *fds, int fd)
{
        for (guint i = 0; fds && i < fds->all->len; i++)
                if (g_array_index(fds->all, MessageFd, i).named == fd)
                        return g_array_index(fds->all, MessageFd, i).fd;
        return -1;
}

void vb_message_fds_free(VbMessageFds *fds)
{
        if (!fds)
                return;
        for (guint i = 0; i < fds->all->len; i++)
                vb_foreign_fd_close(g_array_index(fds->all, MessageFd, i).fd);
        g_array_unref(fds->all);
        g_free(fds);
}
