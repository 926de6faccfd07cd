/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of netlink as making network devices takes: one request, one answer. */
#include "host/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "util/fd.h"

/* The kernel does what it is asked within send(), holding its one lock for network devices; the answer is
 * there after that. Nothing limits how long it waits for the lock, which is a matter of microseconds unless a
 * card's driver hangs with it: then all that manages networks on the host waits, and so do we. This limits
 * only an answer that is lost. */
#define ANSWER_SECONDS 5
/* The kernel's own limit for what describes one link, without its virtual functions. */
#define ANSWER_MAX (32U * 1024)

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static void pad(GByteArray *message)
{
        static const uint8_t zeros[NLA_ALIGNTO];

        g_byte_array_append(message, zeros, NLA_ALIGN(message->len) - message->len);
}

GByteArray *vb_netlink_new(uint16_t type, uint16_t flags, const void *header, size_t size)
{
        GByteArray *message = g_byte_array_new();
        struct nlmsghdr begin = { .nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST | NLM_F_ACK };

        g_byte_array_append(message, (const uint8_t *) &begin, sizeof(begin));
        g_byte_array_append(message, header, (guint) size);
        return message;
}

void vb_netlink_add(GByteArray *message, uint16_t attribute, const void *data, size_t size)
{
        struct nlattr begin = { .nla_type = attribute, .nla_len = (uint16_t) (NLA_HDRLEN + size) };

        g_byte_array_append(message, (const uint8_t *) &begin, sizeof(begin));
        g_byte_array_append(message, data, (guint) size);
        pad(message);
}

void vb_netlink_add_string(GByteArray *message, uint16_t attribute, const char *text)
{
        vb_netlink_add(message, attribute, text, strlen(text) + 1);
}

guint vb_netlink_begin(GByteArray *message, uint16_t attribute)
{
        guint at = message->len;

        vb_netlink_add(message, attribute, "", 0);
        return at;
}

void vb_netlink_end(GByteArray *message, guint at)
{
        uint16_t length = (uint16_t) (message->len - at);

        memcpy(message->data + at + offsetof(struct nlattr, nla_len), &length, sizeof(length));
}

const uint8_t *vb_netlink_find(const uint8_t *data, size_t size, uint16_t attribute, size_t *ret_size)
{
        struct nlattr begin;
        size_t whole;

        while (size >= sizeof(begin)) {
                memcpy(&begin, data, sizeof(begin));
                if (begin.nla_len < sizeof(begin) || begin.nla_len > size)
                        return NULL;
                if ((begin.nla_type & NLA_TYPE_MASK) == attribute) {
                        *ret_size = begin.nla_len - sizeof(begin);
                        return data + sizeof(begin);
                }
                whole = NLA_ALIGN(begin.nla_len);
                if (whole >= size)
                        return NULL;
                data += whole;
                size -= whole;
        }
        return NULL;
}

/* Behind the error and the head of the request, for which NETLINK_CAP_ACK asks. */
static char *read_why(const uint8_t *data, size_t size, uint16_t flags)
{
        const uint8_t *text;
        size_t length;

        if (!(flags & NLM_F_ACK_TLVS) || size <= sizeof(struct nlmsgerr))
                return NULL;
        text = vb_netlink_find(data + sizeof(struct nlmsgerr), size - sizeof(struct nlmsgerr),
                               NLMSGERR_ATTR_MSG, &length);
        return text ? g_strndup((const char *) text, length) : NULL;
}

/* True when the answer has come to its end. */
static bool read_answer(const uint8_t *data, size_t size, GByteArray *reply, char **why, int *ret)
{
        struct nlmsghdr begin;
        struct nlmsgerr end;
        size_t whole;

        for (; size >= sizeof(begin); data += whole, size -= whole) {
                memcpy(&begin, data, sizeof(begin));
                if (begin.nlmsg_len < sizeof(begin) || begin.nlmsg_len > size)
                        break;
                if (begin.nlmsg_type == NLMSG_ERROR && begin.nlmsg_len >= sizeof(begin) + sizeof(end)) {
                        memcpy(&end, data + sizeof(begin), sizeof(end));
                        if (end.error < 0 && why)
                                *why = read_why(data + sizeof(begin), begin.nlmsg_len - sizeof(begin),
                                                begin.nlmsg_flags);
                        *ret = end.error;
                        return true;
                }
                if (reply && begin.nlmsg_type != NLMSG_ERROR)
                        g_byte_array_append(reply, data + sizeof(begin), begin.nlmsg_len - sizeof(begin));
                whole = NLMSG_ALIGN(begin.nlmsg_len);
                if (whole >= size)
                        break;
        }
        return false;
}

int vb_netlink_talk(GByteArray *message, GByteArray *reply, char **why)
{
        vb_autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
        g_autofree uint8_t *buffer = g_malloc(ANSWER_MAX);
        uint32_t length = message->len;
        const int on = 1;
        ssize_t n;
        int answer;

        if (why)
                *why = NULL;
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
                return -errno;
        /* Kernels from 4.12 on say why. */
        (void) setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
        (void) setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
        memcpy(message->data, &length, sizeof(length));
        if (send(fd, message->data, message->len, 0) < 0)
                return -errno;
        do {
                n = recv(fd, buffer, ANSWER_MAX, 0);
                if (n < 0)
                        return -errno;
        } while (!read_answer(buffer, (size_t) n, reply, why, &answer));
        return answer;
}
