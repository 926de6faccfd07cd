/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "qemu/monitor.h"
#include "util/json.h"

/* A monitor, and the peer whose every byte the test writes. What the monitor tells is gathered as text, one
 * line for each callback, and compared as a whole: so the order is tested too. */
typedef struct {
        sd_event *event;
        int peer;
        VbMonitor *monitor;
        GString *told;      /* what the callbacks said */
        bool free_in_event; /* else in `closed` */
        bool free_in_closed;
} Session;

extern Session *session; /* one at a time */

#define GREETING                                                                                             \
        "{\"QMP\":{\"version\":{\"qemu\":{\"micro\":22,\"minor\":2,\"major\":7},\"package\":\"\"},"          \
        "\"capabilities\":[\"oob\"]}}\r\n"
#define SECOND G_USEC_PER_SEC

void open_session(uint64_t handshake_usec);
void shake_hands(void);
void open_ready(void); /* both */
void close_session(void);

/* @userdata is what the test calls the command. */
void on_reply(VbMonitor *monitor, json_object *result, const GError *error, void *userdata);
void execute(const char *command, const char *name, uint64_t timeout_usec);

/* Until there is nothing to do. */
void run(void);
void run_for(uint64_t usec);

void say_bytes(const char *data, size_t size);
void say(const char *text);
/* What the monitor has sent since the last time. */
char *hear(void);
void assert_heard(const char *expected);
/* What the monitor has told its owner since the last time. */
void assert_told(const char *expected);
void assert_told_prefix(const char *expected);
