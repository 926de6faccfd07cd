/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A QMP session with a peer that does not keep to the protocol, or too much of it. */
#include <string.h>

#include "qemu/qmp-parser.h"
#include "qmp-session.h"

/* QEMU answers the session that it has with what an earlier one asked for. */
static void test_stale_reply(void)
{
        open_session(0);
        say("{\"return\":{},\"id\":3}\r\n");
        shake_hands();
        close_session();
}

static void test_wrong_greeting(void)
{
        static const char *const greetings[] = {
                "{\"QMP\":{}}\r\n",
                "{\"QMP\":null}\r\n",
                "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":-1,\"minor\":2,\"major\":7}}}}\r\n",
                "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":1,\"minor\":2,\"major\":99999999999}}}}\r\n",
                "{\"event\":\"STOP\"}\r\n",
                "{\"hello\":1}\r\n",
                "SSH-2.0-OpenSSH_9.2p1\r\n",
                "\r\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(greetings); i++) {
                open_session(0);
                say(greetings[i]);
                assert_told_prefix("closed: QEMU broke the monitor protocol: ");
                close_session();
        }
        open_ready();
        say(GREETING);
        assert_told("closed: QEMU broke the monitor protocol: second greeting\n");
        close_session();
}

static void assert_breach(const char *text, size_t size, const char *expected)
{
        g_autofree char *told = g_strdup_printf("call: QEMU broke the monitor protocol: %s\n"
                                                "closed: QEMU broke the monitor protocol: %s\n",
                                                expected, expected);

        open_ready();
        execute("query-name", "call", 0);
        say_bytes(text, size);
        assert_told(told);
        close_session();
}

static void test_breaches(void)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                {"garbage\r\n",                                                  "invalid JSON: unexpected character at byte 0"},
                { "\r\n",                                                        "invalid JSON: ends too early"                },
                { "{\"return\":\r\n",                                            "invalid JSON: ends too early"                },
                { "{} {}\r\n",                                                   "invalid JSON: unexpected character at byte 3"},
                { "[]\r\n",                                                      "not an object"                               },
                { "7\r\n",                                                       "invalid JSON: neither an object nor an array"},
                { "{}\r\n",                                                      "neither a greeting nor a reply nor an event" },
                { "{\"return\":\"\xff\",\"id\":1}\r\n",                          "invalid JSON: not UTF-8"                     },
                { "{\"return\":\"\xed\xa0\x80\",\"id\":1}\r\n",                  "invalid JSON: not UTF-8"                     },
                { "{\"return\":{}}\r\n",                                         "reply that answers no command"               },
                { "{\"return\":{},\"id\":\"1\"}\r\n",                            "reply that answers no command"               },
                { "{\"return\":{},\"id\":2}\r\n",                                "reply out of order, or to no command"        },
                { "{\"error\":{\"class\":\"GenericError\",\"desc\":\"x\"}}\r\n",
                 "error that answers no command: x"                                                                            },
                { "{\"error\":{\"desc\":\"x\"},\"id\":1}\r\n",                   "error without class and description"         },
                { "{\"error\":{\"class\":\"a b\",\"desc\":\"x\"},\"id\":1}\r\n",
                 "error without class and description"                                                                         },
                { "{\"error\":3,\"id\":1}\r\n",                                  "error without class and description"         },
                { "{\"event\":7}\r\n",                                           "event without a name"                        },
                { "{\"event\":\"A\\nB\"}\r\n",                                   "event without a name"                        },
                { "{\"event\":\"A\",\"data\":[]}\r\n",                           "event with data that is no object"           },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_breach(cases[i].text, strlen(cases[i].text), cases[i].expected);
        assert_breach("{\"return\":\"a\0b\"}\r\n", 18, "invalid JSON: not UTF-8");
}

/* @start, then @unit again and again up to @size bytes or just above. */
static char *repeat(const char *start, const char *unit, size_t size)
{
        GString *text = g_string_sized_new(size + strlen(unit));

        g_string_append(text, start);
        while (text->len < size)
                g_string_append(text, unit);
        return g_string_free(text, FALSE);
}

static void test_limits_of_a_message(void)
{
        g_autofree char *endless = repeat("{\"return\":\"", "x", VB_QMP_MESSAGE_MAX + 1024);
        g_autofree char *deep = repeat("{\"return\":", "[", 4096);
        g_autofree char *many = repeat("{\"return\":[", "{},", VB_QMP_MESSAGE_MAX / 2);
        g_autofree char *long_error =
                repeat("{\"id\":1,\"error\":{\"class\":\"A\",\"desc\":\"", "\xe2\x82\xac", 60000);
        g_autofree char *large = repeat("{\"id\":1,\"return\":\"", "x", VB_QMP_MESSAGE_MAX - 3);

        assert_breach(endless, strlen(endless), "message of more than 4194304 bytes");
        many[strlen(many) - 1] = '\n';
        assert_breach(many, strlen(many), "invalid JSON: more than 65536 values");
        deep[strlen(deep) - 1] = '\n';
        assert_breach(deep, strlen(deep), "invalid JSON: nesting too deep at byte 265");

        open_ready();
        execute("query-name", "large", 0);
        say(large);
        say("\"}\r");
        assert_told("");
        say("\n");
        g_assert_cmpuint(session->told->len, >, VB_QMP_MESSAGE_MAX - 100);
        close_session();

        /* What QEMU says is passed on, but not at any length, and in whole characters. */
        open_ready();
        execute("query-name", "error", 0);
        say(long_error);
        say("\"}}\r\n");
        g_assert_cmpuint(session->told->len, <, 9000);
        g_assert_true(g_utf8_validate(session->told->str, -1, NULL));
        assert_told_prefix("error: A: \xe2\x82\xac");
        close_session();
}

static void test_null_result(void)
{
        open_ready();
        execute("query-name", "null", 0);
        say("{\"return\":null,\"id\":1}\r\n");
        assert_told("null: GenericError: the answer is null\n");
        close_session();
}

/* A peer that does not read: the socket fills, then our queue, and all that was accepted arrives in the end.
 */
static void test_backpressure(void)
{
        g_autofree char *filling = repeat("", "x", 64 * 1024);
        g_autoptr(GString) heard = g_string_new(NULL);
        unsigned n = 0, ids = 0;

        open_ready();
        while (session->told->len == 0 && n < 1000) {
                json_object *arguments = json_object_new_object();

                json_object_object_add(arguments, "a", json_object_new_string(filling));
                vb_monitor_execute(session->monitor, "stop", arguments, 0, on_reply, (void *) "full");
                n++;
                run();
        }
        g_assert_cmpuint(n, >, 60);
        assert_told("full: 4194304 bytes of commands wait for QEMU already\n");
        for (g_autofree char *part = hear(); *part; g_free(part), part = hear())
                g_string_append(heard, part);
        for (const char *p = heard->str; (p = strstr(p, "\"id\":")); p++)
                ids++;
        g_assert_cmpuint(ids, ==, n - 1);
        close_session();
}

static void test_too_many_commands(void)
{
        open_ready();
        for (unsigned i = 0; i < 1001; i++)
                vb_monitor_execute(session->monitor, "stop", NULL, 0, on_reply, (void *) "many");
        g_assert_cmpstr(session->told->str, ==, "");
        assert_told("many: 1000 commands wait for QEMU already\n");
        say("{\"return\":{},\"id\":1}\r\n");
        assert_told("many: {}\n");
        vb_monitor_execute(session->monitor, "stop", NULL, 0, on_reply, (void *) "more");
        assert_told("");
        close_session();
}

static void test_event_flood(void)
{
        unsigned lines = 0;

        open_ready();
        for (unsigned i = 0; i < 9000; i++)
                say("{\"event\":\"A\"}\r\n");
        g_assert_true(vb_monitor_is_ready(session->monitor));
        for (unsigned i = 0; i < 300000 && vb_monitor_is_ready(session->monitor); i++)
                say("{\"event\":\"A\"}\r\n");
        g_assert_nonnull(
                strstr(session->told->str, "closed: QEMU broke the monitor protocol: too many events\n"));
        for (const char *p = session->told->str; (p = strchr(p, '\n')); p++)
                lines++;
        g_assert_cmpuint(lines, >=, 10000);
        close_session();
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/monitor-hostile/stale-reply", test_stale_reply);
        g_test_add_func("/monitor-hostile/wrong-greeting", test_wrong_greeting);
        g_test_add_func("/monitor-hostile/breaches", test_breaches);
        g_test_add_func("/monitor-hostile/limits-of-a-message", test_limits_of_a_message);
        g_test_add_func("/monitor-hostile/null-result", test_null_result);
        g_test_add_func("/monitor-hostile/backpressure", test_backpressure);
        g_test_add_func("/monitor-hostile/too-many-commands", test_too_many_commands);
        g_test_add_func("/monitor-hostile/event-flood", test_event_flood);
        return g_test_run();
}
