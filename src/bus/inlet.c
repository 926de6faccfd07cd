/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the bus's socket and sd-bus's. A stream may give out descriptors together with the end of a message
 * before the one that they belong to, so that each message is read by itself, as sd-bus does: its length is
 * in its first 16 bytes (D-Bus specification, "Message Format"). Before the first message there are lines of
 * text. */
#include "bus/inlet.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "host/envelope.h"
#include "host/foreign-fd.h"
#include "util/fd.h"
#include "util/log.h"

#define HEADER_SIZE 16
#define BUFFER_SIZE 65536
/* The kernel's limit for one piece (SCM_MAX_FD). */
#define FDS_MAX 253
/* Pieces in one turn of the loop. */
#define TURN_MAX 64

struct VbInlet {
        int from, to;    /* the bus's socket, and the other end of sd-bus's; -1: over */
        int placeholder; /* for what cannot be put into an envelope */
        sd_event *event; /* borrowed */
        sd_event_source *readable, *writable;
        bool text, at_line; /* before the first message; at the beginning of a line there */
        bool blocked;       /* the buffer waits for sd-bus */
        guint8 buffer[BUFFER_SIZE];
        size_t n, sent; /* of the buffer */
        uint64_t left;  /* of the message, behind the buffer */
        int fds[FDS_MAX];
        unsigned n_fds;
        GHashTable *keepers; /* sd_event_source */
};

/* sd-bus sees an end as the bus's. */
static void end(VbInlet *inlet)
{
        inlet->readable = sd_event_source_disable_unref(inlet->readable);
        inlet->writable = sd_event_source_disable_unref(inlet->writable);
        vb_clear_fd(&inlet->from);
        vb_clear_fd(&inlet->to);
}

static void close_keeper(gpointer source)
{
        int keeper = sd_event_source_get_io_fd(source);

        sd_event_source_disable_unref(source);
        vb_foreign_fd_close(keeper);
}

static int on_envelope_gone(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        VbInlet *inlet = userdata;

        g_hash_table_remove(inlet->keepers, source);
        return 0;
}

/* What stands for @fd from now on. */
static int wrap(VbInlet *inlet, int fd)
{
        sd_event_source *source = NULL;
        int keeper, envelope = vb_envelope_new(fd, &keeper);
        int r = envelope < 0 ? envelope
                             /* A hangup is always told of. */
                             : sd_event_add_io(inlet->event, &source, keeper, 0, on_envelope_gone, inlet);

        if (r >= 0) {
                g_hash_table_add(inlet->keepers, source);
                return envelope;
        }
        vb_log_warning("a caller's descriptor is lost: %s", g_strerror(-r));
        if (envelope >= 0) {
                vb_foreign_fd_close(envelope);
                vb_foreign_fd_close(keeper);
        }
        return inlet->placeholder;
}

static void take_fds(VbInlet *inlet, struct msghdr *message)
{
        for (struct cmsghdr *it = CMSG_FIRSTHDR(message); it; it = CMSG_NXTHDR(message, it)) {
                size_t n = (it->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (it->cmsg_level != SOL_SOCKET || it->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(it) + i * sizeof(fd), sizeof(fd));
                        if (inlet->n_fds < FDS_MAX)
                                inlet->fds[inlet->n_fds++] = wrap(inlet, fd);
                        else
                                vb_foreign_fd_drop(fd);
                }
        }
}

/* Up to @n more into the buffer: their number, 0 at the end, -EAGAIN, or another -errno. */
static ssize_t receive(VbInlet *inlet, size_t n)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * FDS_MAX)];
        } control;
        struct iovec data = { inlet->buffer + inlet->n, n };
        struct msghdr message = {
                .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        ssize_t got;

        do
                got = recvmsg(inlet->from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return -errno;
        take_fds(inlet, &message);
        inlet->n += (size_t) got;
        return got;
}

static void forget_fds(VbInlet *inlet)
{
        for (unsigned i = 0; i < inlet->n_fds; i++)
                if (inlet->fds[i] != inlet->placeholder)
                        close(inlet->fds[i]);
        inlet->n_fds = 0;
}

/* What is in the buffer goes on: true when all has gone. */
static bool forward(VbInlet *inlet)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * FDS_MAX)];
        } control;

        while (inlet->sent < inlet->n) {
                struct iovec data = { inlet->buffer + inlet->sent, inlet->n - inlet->sent };
                struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
                ssize_t n;

                if (inlet->n_fds > 0) {
                        size_t size = sizeof(int) * inlet->n_fds;

                        control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                                           .cmsg_type = SCM_RIGHTS,
                                                           .cmsg_len = CMSG_LEN(size) };
                        memcpy(CMSG_DATA(&control.header), inlet->fds, size);
                        message.msg_control = &control;
                        message.msg_controllen = CMSG_SPACE(size);
                }
                n = sendmsg(inlet->to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        if (errno != EAGAIN)
                                end(inlet);
                        return false;
                }
                forget_fds(inlet);
                inlet->sent += (size_t) n;
        }
        inlet->n = inlet->sent = 0;
        return true;
}

static uint32_t number_at(const guint8 *data, bool big)
{
        uint32_t number;

        memcpy(&number, data, sizeof(number));
        return big ? GUINT32_FROM_BE(number) : GUINT32_FROM_LE(number);
}

/* Of a message whose first bytes are in the buffer. What is nonsense is sd-bus's to say. */
static uint64_t length_behind_header(const VbInlet *inlet)
{
        bool big = inlet->buffer[0] == 'B';
        uint64_t fields = number_at(inlet->buffer + 12, big);

        return ((fields + 7) & ~UINT64_C(7)) + number_at(inlet->buffer + 4, big);
}

/* The rest of a message, or as much of it as the buffer holds: as receive(), but -EAGAIN until it is there.
 */
static ssize_t receive_message(VbInlet *inlet)
{
        ssize_t got = 1;

        if (inlet->left == 0) {
                while (inlet->n < HEADER_SIZE && got > 0)
                        got = receive(inlet, HEADER_SIZE - inlet->n);
                if (got <= 0)
                        return got;
                inlet->left = length_behind_header(inlet);
        }
        if (inlet->left > 0)
                got = receive(inlet, MIN(inlet->left, sizeof(inlet->buffer) - inlet->n));
        if (got > 0 && inlet->left > 0)
                inlet->left -= (uint64_t) got;
        return got;
}

/* Byte by byte: a message may be right behind it. */
static ssize_t receive_text(VbInlet *inlet)
{
        ssize_t got = receive(inlet, 1);

        if (got <= 0)
                return got;
        inlet->text = !inlet->at_line || (inlet->buffer[0] != 'l' && inlet->buffer[0] != 'B');
        inlet->at_line = inlet->buffer[0] == '\n';
        return inlet->text ? got : receive_message(inlet);
}

/* Either side. */
static int on_ready(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        VbInlet *inlet = userdata;
        bool blocked = inlet->blocked;

        for (unsigned i = 0; i < TURN_MAX && inlet->from >= 0; i++) {
                ssize_t got = blocked ? 1 : inlet->text ? receive_text(inlet) : receive_message(inlet);

                if (got == -EAGAIN)
                        break;
                if (got <= 0) {
                        end(inlet);
                        return 0;
                }
                blocked = !forward(inlet);
                if (blocked)
                        break;
        }
        if (inlet->from >= 0 && blocked != inlet->blocked) {
                (void) sd_event_source_set_enabled(inlet->readable, blocked ? SD_EVENT_OFF : SD_EVENT_ON);
                (void) sd_event_source_set_enabled(inlet->writable, blocked ? SD_EVENT_ON : SD_EVENT_OFF);
        }
        inlet->blocked = blocked;
        return 0;
}

static int connect_to(const char *address, int *ret)
{
        g_autoptr(GError) error = NULL;
        g_autoptr(GIOStream) stream = g_dbus_address_get_stream_sync(address, NULL, NULL, &error);

        if (!stream)
                return error->domain == G_IO_ERROR && error->code == G_IO_ERROR_NOT_FOUND ? -ENOENT
                                                                                          : -ECONNREFUSED;
        if (!G_IS_SOCKET_CONNECTION(stream))
                return -EPROTONOSUPPORT;
        *ret = fcntl(g_socket_get_fd(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream))),
                     F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return *ret < 0 ? -errno : 0;
}

/* Takes the descriptors. */
static int start_bus(const char *address, int *in, int *out, sd_event *event, sd_bus **ret)
{
        sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, true);
        if (r >= 0)
                r = sd_bus_set_fd(bus, *in, *out);
        if (r >= 0) {
                *in = *out = -1;
                r = sd_bus_start(bus);
        }
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                *ret = g_steal_pointer(&bus);
        sd_bus_close_unref(bus);
        return r;
}

static int add_sources(VbInlet *inlet)
{
        int r = sd_event_add_io(inlet->event, &inlet->readable, inlet->from, EPOLLIN, on_ready, inlet);

        if (r >= 0)
                r = sd_event_add_io(inlet->event, &inlet->writable, inlet->to, EPOLLOUT, on_ready, inlet);
        return r < 0 ? r : sd_event_source_set_enabled(inlet->writable, SD_EVENT_OFF);
}

int vb_inlet_new(sd_event *event, const char *address, sd_bus **bus, VbInlet **ret)
{
        VbInlet *inlet = g_new0(VbInlet, 1);
        vb_autoclose int out = -1, in = -1;
        int ends[2], r;

        inlet->event = event;
        inlet->text = inlet->at_line = true;
        inlet->to = -1;
        inlet->keepers = g_hash_table_new_full(NULL, NULL, close_keeper, NULL);
        inlet->placeholder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = connect_to(address, &out);
        inlet->from = r < 0 ? -1 : fcntl(out, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (r >= 0 && (inlet->placeholder < 0 || inlet->from < 0 ||
                       socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0))
                r = -errno;
        else if (r >= 0) {
                inlet->to = ends[0];
                in = ends[1];
                r = add_sources(inlet);
        }
        if (r >= 0)
                r = start_bus(address, &in, &out, event, bus);
        if (r < 0) {
                vb_inlet_free(inlet);
                return r;
        }
        *ret = inlet;
        return 0;
}

void vb_inlet_free(VbInlet *inlet)
{
        if (!inlet)
                return;
        end(inlet);
        forget_fds(inlet);
        vb_clear_fd(&inlet->placeholder);
        g_hash_table_unref(inlet->keepers);
        g_free(inlet);
}
