/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sending half of the monitor's socket. A descriptor is sent with the first byte of its command: QEMU
 * keeps the last that came for the command that it reads. */
#include "qemu/qmp-output.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
        char *text;
        size_t size, sent;
        int fd;
} Chunk;

static void chunk_free(Chunk *chunk)
{
        if (chunk->fd >= 0)
                close(chunk->fd);
        g_free(chunk->text);
        g_free(chunk);
}

void vb_qmp_output_clear(VbQmpOutput *output)
{
        g_queue_clear_full(&output->chunks, (GDestroyNotify) chunk_free);
        output->size = 0;
}

void vb_qmp_output_push(VbQmpOutput *output, char *text, size_t size, int fd)
{
        Chunk *chunk = g_new(Chunk, 1);

        *chunk = (Chunk){ .text = text, .size = size, .fd = fd };
        g_queue_push_tail(&output->chunks, chunk);
        output->size += size;
}

static ssize_t send_chunk(const Chunk *chunk, int socket_fd)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = { .space = { 0 } };
        struct iovec part = { chunk->text + chunk->sent, chunk->size - chunk->sent };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

        if (chunk->fd >= 0) {
                control.header.cmsg_len = CMSG_LEN(sizeof(int));
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                memcpy(CMSG_DATA(&control.header), &chunk->fd, sizeof(int));
                message.msg_control = &control;
                message.msg_controllen = sizeof(control.space);
        }
        return sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int vb_qmp_output_flush(VbQmpOutput *output, int socket_fd)
{
        Chunk *chunk;

        while ((chunk = g_queue_peek_head(&output->chunks))) {
                ssize_t n = send_chunk(chunk, socket_fd);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (chunk->fd >= 0)
                        close(chunk->fd);
                chunk->fd = -1;
                chunk->sent += (size_t) n;
                output->size -= (size_t) n;
                if (chunk->sent == chunk->size)
                        chunk_free(g_queue_pop_head(&output->chunks));
        }
        return 0;
}
