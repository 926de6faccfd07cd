/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A QMP session with a peer that keeps to the protocol, and with QEMU itself. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/spawn.h"
#include "qmp-session.h"

#define QEMU "/usr/bin/qemu-system-x86_64"

static void on_reply_free(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        on_reply(monitor, result, error, userdata);
        g_clear_pointer(&session->monitor, vb_monitor_free);
}

static void on_reply_again(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        on_reply(monitor, result, error, userdata);
        vb_monitor_execute(monitor, "query-name", NULL, 0, on_reply, (void *) "again");
}

static void test_handshake(void)
{
        pid_t pid = 0;

        open_session(10 * SECOND);
        g_assert_cmpuint(vb_monitor_version(session->monitor), ==, 0);
        execute("query-name", "early", 0);
        assert_told("early: QEMU's monitor is not ready yet\n");
        shake_hands();
        g_assert_cmpuint(vb_monitor_version(session->monitor), ==, 7002022);
        g_assert_cmpint(vb_monitor_peer_pid(session->monitor, &pid), ==, 0);
        g_assert_cmpint(pid, ==, getpid());
        close_session();
}

static void test_handshake_refused(void)
{
        g_autofree char *command = NULL;
        g_autofree char *reply = NULL;

        open_session(0);
        say(GREETING);
        command = hear();
        reply = g_strdup_printf("{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"no\"},\"id\":%s\r\n",
                                strstr(command, "\"id\":") + strlen("\"id\":"));
        *strchr(reply, '\n') = ' '; /* the command's */
        say(reply);
        assert_told("closed: QEMU refused the handshake: CommandNotFound: no\n");
        execute("query-name", "late", 0);
        assert_told("late: QEMU refused the handshake: CommandNotFound: no\n");
        close_session();
}

static void test_handshake_timeout(void)
{
        open_session(SECOND / 2);
        run_for(SECOND / 100);
        assert_told("");
        run_for(SECOND);
        assert_told("closed: QEMU has not answered on its monitor within 0.5 seconds\n");
        close_session();
}

static void test_pipelining(void)
{
        json_object *arguments = json_object_new_object();

        open_ready();
        json_object_object_add(arguments, "path", json_object_new_string("/machine/\"x\"\n"));
        vb_monitor_execute(session->monitor, "qom-list", arguments, SECOND, on_reply, (void *) "one");
        execute("query-name", "two", SECOND);
        execute("query-status", "three", 0);
        vb_monitor_execute(session->monitor, "stop", NULL, 0, NULL, NULL);
        assert_heard(
                "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/\\\"x\\\"\\n\"},\"id\":1}\n"
                "{\"execute\":\"query-name\",\"id\":2}\n"
                "{\"execute\":\"query-status\",\"id\":3}\n"
                "{\"execute\":\"stop\",\"id\":4}\n");
        say("{\"return\":[],\"id\":1}\r\n"
            "{\"timestamp\":{\"seconds\":5,\"microseconds\":6},\"event\":\"STOP\"}\r\n"
            "{\"id\":2,\"error\":{\"class\":\"GenericError\",\"desc\":\"it is gone\"}}\r\n"
            "{\"timestamp\":{\"seconds\":-1,\"microseconds\":-1},\"event\":\"RESUME\",\"data\":{\"a\":[1]}}"
            "\r\n");
        assert_told("one: []\n"
                    "event STOP - 5000006\n"
                    "two: GenericError: it is gone\n"
                    "event RESUME {\"a\":[1]} 0\n");
        say("{\"return\":{\"x\":true},\"id\":3}\r\n{\"return\":{},\"id\":4}\r\n");
        assert_told("three: {\"x\":true}\n");
        close_session();
}

static void test_byte_by_byte(void)
{
        const char *text = "{\"return\":\"z\xc3\xbcrich \xf0\x9f\x90\x99 \\u00e9\",\"id\":1}\r\n"
                           "{\"event\":\"STOP\"}\r\n";

        open_ready();
        execute("query-name", "name", 0);
        for (const char *p = text; *p; p++)
                say_bytes(p, 1);
        assert_told("name: \"z\xc3\xbcrich \xf0\x9f\x90\x99 \xc3\xa9\"\nevent STOP - 0\n");
        close_session();
}

static void test_timeout(void)
{
        open_ready();
        execute("query-name", "slow", SECOND / 20);
        execute("query-status", "patient", 0);
        execute("query-cpus-fast", "slower", SECOND / 10);
        run_for(SECOND / 5);
        assert_told("slow: QEMU has not answered query-name within 0.1 seconds\n"
                    "slower: QEMU has not answered query-cpus-fast within 0.1 seconds\n");
        say("{\"return\":{},\"id\":1}\r\n{\"return\":{},\"id\":2}\r\n{\"return\":{},\"id\":3}\r\n");
        assert_told("patient: {}\n");
        /* An answer comes once. */
        say("{\"return\":{},\"id\":1}\r\n");
        assert_told("closed: QEMU broke the monitor protocol: reply out of order, or to no command\n");
        close_session();
}

static void test_disconnect(void)
{
        open_ready();
        execute("query-name", "one", 0);
        execute("query-status", "two", SECOND);
        say("{\"return\":{},\"id\":1}\r\n{\"return\":");
        assert_told("one: {}\n");
        close(session->peer);
        session->peer = -1;
        /* Sending notices first, and tells nothing by itself. */
        execute("query-cpus-fast", "three", 0);
        g_assert_cmpstr(session->told->str, ==, "");
        assert_told("two: QEMU closed the connection to its monitor\n"
                    "three: QEMU closed the connection to its monitor\n"
                    "closed: QEMU closed the connection to its monitor\n");
        execute("query-name", "four", 0);
        assert_told("four: QEMU closed the connection to its monitor\n");
        close_session();
}

/* A peer that only stops listening does not make commands wait for ever. */
static void test_half_closed(void)
{
        open_ready();
        say("{\"event\":\"STOP\"}\r\n");
        shutdown(session->peer, SHUT_RD);
        execute("query-name", "one", 0);
        assert_told("event STOP - 0\n"
                    "one: cannot write to QEMU's monitor: Broken pipe\n"
                    "closed: cannot write to QEMU's monitor: Broken pipe\n");
        close_session();
}

static void test_free_in_callbacks(void)
{
        static const char gone[] = "the monitor session was closed";
        g_autofree char *rest = g_strdup_printf("one: {}\ntwo: %s\nthree: %s\n", gone, gone);

        open_ready();
        vb_monitor_execute(session->monitor, "a", NULL, 0, on_reply_free, (void *) "one");
        execute("b", "two", SECOND);
        vb_monitor_execute(session->monitor, "b", NULL, 0, on_reply_free, (void *) "three");
        say("{\"return\":{},\"id\":1}\r\n{\"event\":\"STOP\"}\r\n{\"return\":{},\"id\":2}\r\n");
        assert_told(rest);
        close_session();

        open_ready();
        session->free_in_event = true;
        execute("a", "one", 0);
        say("{\"event\":\"STOP\"}\r\n{\"event\":\"STOP\"}\r\n{\"return\":{},\"id\":1}\r\n");
        assert_told("event STOP - 0\none: the monitor session was closed\n");
        close_session();

        open_ready();
        session->free_in_closed = true;
        execute("a", "one", 0);
        say("!\r\n");
        assert_told_prefix("one: QEMU broke");
        g_assert_null(session->monitor);
        close_session();

        /* While the session ends: the others are told by the freeing, `closed` does not come. */
        open_ready();
        vb_monitor_execute(session->monitor, "a", NULL, 0, on_reply_free, (void *) "one");
        execute("b", "two", 0);
        shutdown(session->peer, SHUT_RDWR);
        assert_told("one: QEMU closed the connection to its monitor\n"
                    "two: QEMU closed the connection to its monitor\n");
        close_session();

        /* On a timeout. */
        open_ready();
        vb_monitor_execute(session->monitor, "a", NULL, 1000, on_reply_free, (void *) "one");
        execute("b", "two", 1000);
        run_for(SECOND / 10);
        assert_told("one: QEMU has not answered a within 0.0 seconds\n"
                    "two: QEMU has not answered b within 0.0 seconds\n");
        close_session();
}

static void test_send_in_callbacks(void)
{
        open_ready();
        vb_monitor_execute(session->monitor, "query-status", NULL, 0, on_reply_again, (void *) "first");
        say("{\"return\":{},\"id\":1}\r\n");
        assert_told("first: {}\n");
        assert_heard("{\"execute\":\"query-status\",\"id\":1}\n{\"execute\":\"query-name\",\"id\":2}\n");
        vb_monitor_execute(session->monitor, "query-status", NULL, 0, on_reply_again, (void *) "second");
        say("{\"return\":{},\"id\":2}\r\n!\r\n");
        assert_told_prefix("again: {}\nsecond: QEMU broke the monitor protocol");
        close_session();
}

static void test_bad_commands(void)
{
        static const char *const names[] = { "", "a b", "a\"", "a\nb" };
        static const char *const texts[] = { "\xff", "\xef\xbf\xbe", "\xef\xb7\x90" };
        json_object *arguments;

        open_ready();
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                execute(names[i], "bad", 0);
                g_assert_cmpstr(session->told->str, ==, "");
                assert_told("bad: not the name of a monitor command\n");
        }
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                arguments = json_object_new_object();
                json_object_object_add(arguments, "a", json_object_new_string(texts[i]));
                vb_monitor_execute(session->monitor, "stop", arguments, 0, on_reply, (void *) "bad");
                assert_told("bad: stop: the arguments have text that is not valid UTF-8\n");
        }
        arguments = json_object_new_object();
        json_object_object_add(arguments, "a", json_object_new_double(1.0 / 0.0));
        vb_monitor_execute(session->monitor, "stop", arguments, 0, on_reply, (void *) "bad");
        assert_told("bad: stop: the arguments have a number that is not finite\n");
        vb_monitor_execute(session->monitor, "stop", json_object_new_array(), 0, on_reply, (void *) "bad");
        assert_told("bad: stop: the arguments are no JSON object\n");
        vb_monitor_execute_fd(session->monitor, "getfd", NULL, 9999, 0, on_reply, (void *) "bad");
        assert_told("bad: cannot pass a descriptor to QEMU: Bad file descriptor\n");
        assert_heard("");
        close_session();
}

static void test_descriptors(void)
{
        struct iovec part;
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        char buffer[4096];
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

        open_ready();
        for (int i = 0; i < 2; i++) {
                int fds[2], received;

                g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
                execute("before", "before", 0);
                vb_monitor_execute_fd(session->monitor, "getfd", NULL, fds[1], 0, on_reply, (void *) "fd");
                close(fds[1]);
                part = (struct iovec){ buffer, sizeof(buffer) };
                do {
                        message.msg_control = &control;
                        message.msg_controllen = sizeof(control);
                        g_assert_cmpint(recvmsg(session->peer, &message, MSG_CMSG_CLOEXEC), >, 0);
                } while (message.msg_controllen == 0);
                memcpy(&received, CMSG_DATA(&control.header), sizeof(received));
                g_assert_cmpint(write(received, "x", 1), ==, 1);
                close(received);
                g_assert_cmpint(read(fds[0], buffer, 2), ==, 1);
                g_assert_cmpint(read(fds[0], buffer, 2), ==, 0); /* no copy is left with us */
                close(fds[0]);
        }
        close_session();
}

static void open_qemu(VbChild *ret)
{
        g_autofree char *chardev = NULL;
        g_autoptr(GError) error = NULL;
        bool started;

        open_session(30 * SECOND);
        chardev = g_strdup_printf("socket,id=monitor,fd=%d", session->peer);
        started = vb_spawn(
                &(VbSpawn){
                        .argv = (const char *const[]){QEMU,      "-machine", "none", "-accel", "tcg",
                                                      "-nodefaults", "-no-user-config", "-display", "none",
                                                      "-S", "-chardev", chardev, "-mon",
                                                      "chardev=monitor,mode=control", NULL },
                        .keep_fds = (const int[]){ session->peer, -1     },
                        .stderr_fd = STDERR_FILENO
        },
                ret, &error);
        g_assert_no_error(error);
        g_assert_true(started);
        close(session->peer);
        session->peer = -1;
}

static void wait_told(const char *suffix)
{
        uint64_t end = (uint64_t) g_get_monotonic_time() + 60 * SECOND;

        while (!g_str_has_suffix(session->told->str, suffix) && (uint64_t) g_get_monotonic_time() < end)
                sd_event_run(session->event, SECOND);
        g_assert_true(g_str_has_suffix(session->told->str, suffix));
}

static void test_qemu(void)
{
        g_autofree char *words = NULL;
        VbChild child;
        int fds[2];

        open_qemu(&child);
        wait_told("ready\n");
        g_assert_cmpuint(vb_monitor_version(session->monitor), >=, 6000000);
        execute("query-qmp-schema", "schema", 60 * SECOND);
        wait_told("]\n");
        g_string_truncate(session->told, 0);

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        for (int i = 0; i < 2; i++) {
                json_object *arguments = json_object_new_object();

                json_object_object_add(arguments, "fdname", json_object_new_string(i ? "b" : "a"));
                vb_monitor_execute_fd(session->monitor, "getfd", arguments, fds[i], SECOND, on_reply,
                                      (void *) "getfd");
        }
        close(fds[0]);
        close(fds[1]);
        execute("no-such-command", "wrong", 60 * SECOND);
        execute("quit", "quit", 60 * SECOND);
        wait_told("closed: QEMU closed the connection to its monitor\n");
        g_test_message("%s", session->told->str);
        g_assert_true(g_str_has_prefix(session->told->str, "getfd: {}\ngetfd: {}\nwrong: CommandNotFound: "));
        g_assert_nonnull(strstr(session->told->str, "\nquit: {}\n"));
        g_assert_nonnull(strstr(session->told->str, "\nevent SHUTDOWN {\"guest\":false,"));
        while (!vb_pidfd_reap(child.pidfd, &words))
                g_usleep(1000);
        g_assert_cmpstr(words, ==, "exited with status 0");
        close(child.pidfd);
        close_session();
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/monitor/handshake", test_handshake);
        g_test_add_func("/monitor/handshake-refused", test_handshake_refused);
        g_test_add_func("/monitor/handshake-timeout", test_handshake_timeout);
        g_test_add_func("/monitor/pipelining", test_pipelining);
        g_test_add_func("/monitor/byte-by-byte", test_byte_by_byte);
        g_test_add_func("/monitor/timeout", test_timeout);
        g_test_add_func("/monitor/disconnect", test_disconnect);
        g_test_add_func("/monitor/half-closed", test_half_closed);
        g_test_add_func("/monitor/free-in-callbacks", test_free_in_callbacks);
        g_test_add_func("/monitor/send-in-callbacks", test_send_in_callbacks);
        g_test_add_func("/monitor/bad-commands", test_bad_commands);
        g_test_add_func("/monitor/descriptors", test_descriptors);
        g_test_add_func("/monitor/qemu", test_qemu);
        return g_test_run();
}
