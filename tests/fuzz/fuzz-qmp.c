/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU says: the parser alone, fed in pieces, and a whole session. The first byte of the input is the
 * size of the pieces; its highest bit leaves the handshake to the input. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/monitor.h"
#include "qemu/qmp-message.h"
#include "qemu/qmp-parser.h"

#define GREETING "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":22,\"minor\":2,\"major\":7}}}}\r\n"
#define COMMANDS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_parser(const uint8_t *data, size_t size, size_t piece)
{
        g_autoptr(VbQmpParser) parser = vb_qmp_parser_new();

        for (size_t i = 0; i < size; i += piece) {
                vb_qmp_parser_feed(parser, data + i, MIN(piece, size - i));
                for (;;) {
                        g_autoptr(json_object) json = NULL;
                        g_autoptr(GError) error = NULL;
                        VbQmpMessage message;
                        size_t length;
                        int r = vb_qmp_parser_next(parser, &json, &length, &error);

                        g_assert((r < 0) == (error != NULL));
                        if (r <= 0)
                                break;
                        if (!vb_qmp_message_read(json, &message, &error)) {
                                g_assert_nonnull(error);
                                g_assert_true(g_utf8_validate(error->message, -1, NULL));
                                continue;
                        }
                        g_assert(message.kind != VB_QMP_RETURN || message.data);
                        g_assert(message.kind != VB_QMP_EVENT || message.name);
                        g_assert(message.kind != VB_QMP_ERROR ||
                                 g_utf8_validate_len(message.text, (gsize) message.text_size, NULL));
                }
        }
}

typedef struct {
        unsigned sent, replied, closed;
} Count;

static void on_reply(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Count *count = userdata;

        g_assert(!result == !!error);
        g_assert(!error || g_utf8_validate(error->message, -1, NULL));
        count->replied++;
}

static void on_closed(VbMonitor *monitor, const GError *error, void *userdata)
{
        Count *count = userdata;

        g_assert(g_utf8_validate(error->message, -1, NULL));
        g_assert_cmpuint(count->closed++, ==, 0);
        g_assert_cmpuint(count->replied, ==, count->sent);
}

static void on_ready(VbMonitor *monitor, void *userdata)
{
        Count *count = userdata;

        for (; count->sent < COMMANDS; count->sent++)
                vb_monitor_execute(monitor, "query-name", NULL, 0, on_reply, count);
}

static const VbMonitorHandler handler = { .ready = on_ready, .closed = on_closed };

static void run(sd_event *event)
{
        while (sd_event_run(event, 0) > 0)
                ;
}

static void say(sd_event *event, int peer, const void *data, size_t size)
{
        (void) !send(peer, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        run(event);
}

static void shake_hands(sd_event *event, int peer)
{
        char command[256] = "", reply[256];
        const char *id;

        say(event, peer, GREETING, strlen(GREETING));
        if (recv(peer, command, sizeof(command) - 1, MSG_DONTWAIT) <= 0 || !(id = strstr(command, "\"id\":")))
                g_assert_not_reached();
        g_snprintf(reply, sizeof(reply), "{\"return\":{},\"id\":%lld}\n", atoll(id + strlen("\"id\":")));
        say(event, peer, reply, strlen(reply));
}

static void fuzz_session(const uint8_t *data, size_t size, size_t piece, bool ready)
{
        g_autoptr(VbMonitor) monitor = NULL;
        Count count = { 0 };
        sd_event *event;
        int fds[2];

        g_assert(sd_event_new(&event) >= 0);
        g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        monitor = vb_monitor_new(event, fds[0], 0, &handler, &count, NULL);
        g_assert(monitor);
        if (ready)
                shake_hands(event, fds[1]);
        for (size_t i = 0; i < size; i += piece)
                say(event, fds[1], data + i, MIN(piece, size - i));
        close(fds[1]);
        run(event);
        g_assert_cmpuint(count.closed, ==, 1);
        g_clear_pointer(&monitor, vb_monitor_free);
        sd_event_unref(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t piece;

        if (size == 0)
                return 0;
        piece = (data[0] & 0x7f) ? data[0] & 0x7f : 64 * 1024;
        fuzz_parser(data + 1, size - 1, piece);
        fuzz_session(data + 1, size - 1, piece, !(data[0] & 0x80));
        return 0;
}
