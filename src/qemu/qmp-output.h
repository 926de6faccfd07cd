/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>

/* What is to be sent to QEMU, in order, with descriptors; embedded, and empty when zeroed. */
typedef struct {
        GQueue chunks;
        size_t size; /* bytes not sent yet */
} VbQmpOutput;

void vb_qmp_output_clear(VbQmpOutput *output);

/* Takes @text over, and @fd, which goes with its first byte (-1: none). */
void vb_qmp_output_push(VbQmpOutput *output, char *text, size_t size, int fd);

/* Sends what @socket_fd takes now: 0 when nothing is left, -EAGAIN when it is full, another -errno when it is
 * broken. */
int vb_qmp_output_flush(VbQmpOutput *output, int socket_fd);
