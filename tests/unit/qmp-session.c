/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp-session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/error.h"

Session *session;

static void on_ready(VbMonitor *monitor, void *userdata)
{
        g_assert_true(vb_monitor_is_ready(monitor));
        g_string_append(session->told, "ready\n");
}

static void on_event(VbMonitor *monitor, const char *name, json_object *data, uint64_t timestamp_usec,
                     void *userdata)
{
        g_string_append_printf(session->told, "event %s %s %" G_GUINT64_FORMAT "\n", name,
                               data ? json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN) : "-",
                               timestamp_usec);
        if (session->free_in_event)
                g_clear_pointer(&session->monitor, vb_monitor_free);
}

static void on_closed(VbMonitor *monitor, const GError *error, void *userdata)
{
        g_assert_false(vb_monitor_is_ready(monitor));
        g_assert_true(error->domain == VB_ERROR);
        g_string_append_printf(session->told, "closed: %s\n", error->message);
        if (session->free_in_closed)
                g_clear_pointer(&session->monitor, vb_monitor_free);
}

static const VbMonitorHandler handler = { .ready = on_ready, .event = on_event, .closed = on_closed };

void on_reply(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_assert_true(!result == !!error);
        g_string_append_printf(session->told, "%s: %s\n", (const char *) userdata,
                               error ? error->message
                                     : json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN));
}

void run(void)
{
        while (sd_event_run(session->event, 0) > 0)
                ;
}

void run_for(uint64_t usec)
{
        uint64_t end = (uint64_t) g_get_monotonic_time() + usec, now;

        while ((now = (uint64_t) g_get_monotonic_time()) < end)
                sd_event_run(session->event, end - now);
}

void say_bytes(const char *data, size_t size)
{
        while (size > 0) {
                ssize_t n = send(session->peer, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n > 0) {
                        data += n;
                        size -= (size_t) n;
                } else if (errno == EAGAIN)
                        run();
                else
                        break; /* the monitor has had enough */
        }
        run();
}

void say(const char *text)
{
        say_bytes(text, strlen(text));
}

char *hear(void)
{
        GString *heard = g_string_new(NULL);
        char buffer[4096];
        ssize_t n;

        run();
        while ((n = recv(session->peer, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
                g_string_append_len(heard, buffer, n);
        return g_string_free(heard, FALSE);
}

void assert_heard(const char *expected)
{
        g_autofree char *heard = hear();

        g_assert_cmpstr(heard, ==, expected);
}

void assert_told(const char *expected)
{
        run();
        g_assert_cmpstr(session->told->str, ==, expected);
        g_string_truncate(session->told, 0);
}

void assert_told_prefix(const char *expected)
{
        run();
        if (!g_str_has_prefix(session->told->str, expected))
                g_assert_cmpstr(session->told->str, ==, expected);
        g_string_truncate(session->told, 0);
}

void execute(const char *command, const char *name, uint64_t timeout_usec)
{
        vb_monitor_execute(session->monitor, command, NULL, timeout_usec, on_reply, (void *) name);
}

void open_session(uint64_t handshake_usec)
{
        int fds[2];

        session = g_new0(Session, 1);
        g_assert_cmpint(sd_event_new(&session->event), >=, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        session->peer = fds[1];
        session->told = g_string_new(NULL);
        session->monitor = vb_monitor_new(session->event, fds[0], handshake_usec, &handler, NULL, NULL);
        g_assert_nonnull(session->monitor);
        run();
        assert_told("");
}

void close_session(void)
{
        vb_monitor_free(session->monitor);
        if (session->peer >= 0)
                close(session->peer);
        sd_event_unref(session->event);
        g_string_free(session->told, TRUE);
        g_clear_pointer(&session, g_free);
}

void shake_hands(void)
{
        g_autofree char *command = NULL;
        g_autofree char *reply = NULL;
        g_autoptr(json_object) json = NULL;
        int64_t id;

        say(GREETING);
        command = hear();
        json = vb_json_parse(NULL, command, strlen(command), NULL);
        g_assert_true(vb_json_get_int64(json, "id", &id));
        reply = g_strdup_printf("{\"execute\":\"qmp_capabilities\",\"id\":%" G_GINT64_FORMAT "}\n", id);
        g_assert_cmpstr(command, ==, reply);
        g_assert_false(vb_monitor_is_ready(session->monitor));
        g_free(reply);
        reply = g_strdup_printf("{\"return\": {}, \"id\": %" G_GINT64_FORMAT "}\r\n", id);
        say(reply);
        g_assert_true(vb_monitor_is_ready(session->monitor));
        assert_told("ready\n");
}

void open_ready(void)
{
        open_session(0);
        shake_hands();
}
