/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* The descriptors that came with a message, as far as its arguments name them, taken out of it: sd-bus closes
 * those of a message in the main loop, which a file system of the sender's could hold up. What the message
 * names instead is the same number, and means nothing. */
typedef struct VbMessageFds VbMessageFds;

/* NULL if there are none. @message is read, and rewound. */
VbMessageFds *vb_message_fds_take(sd_bus_message *message);
/* The one that the message named @fd: borrowed; -1 if it came with none. NULL is allowed. */
int vb_message_fds_find(const VbMessageFds *fds, int fd);
void vb_message_fds_free(VbMessageFds *fds);
