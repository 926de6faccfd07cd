/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One QMP session: greeting, handshake, commands that wait for their replies, events. Framing and the shape
 * of the messages are in qmp-parser.c and qmp-message.c; what commands and events mean is the caller's.
 *
 * QEMU answers in the order of the commands (out-of-band execution is not enabled), so the waiting commands
 * are a queue, and a reply that is not for its head is a breach of the protocol. A command that timed out
 * stays in the queue until its late answer comes.
 *
 * Callbacks may send and may free the monitor. Everything that calls one therefore holds a reference, and
 * afterwards looks at `freed` first. Failures found while a command is sent are told from the loop, by way of
 * `failing`. */
#include "qemu/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/qmp-message.h"
#include "qemu/qmp-output.h"
#include "qemu/qmp-parser.h"
#include "util/error.h"

/* The largest sequences, verifying every device of a large guest, send some hundreds at once. */
#define COMMANDS_MAX 1000
/* What waits here because the socket is full: QEMU reads one command at a time. */
#define OUTPUT_MAX (4U * 1024 * 1024)
/* A message that nobody asked for costs a unit, and one for each started KiB. A guest that starts or a
 * failing disk brings thousands at once; more than this for long would keep us from everything else. */
#define EVENTS_PER_SECOND 2000
#define EVENTS_BURST 10000

#define READ_SIZE (64U * 1024)
#define NEVER UINT64_MAX
#define TIMER_ACCURACY_USEC 1000
/* The id of the handshake is random and above this, so that it is not mistaken for the command of an earlier
 * session. */
#define HANDSHAKE_ID_MIN (INT64_C(1) << 40)

typedef enum {
        STATE_GREETING,  /* waiting for the greeting */
        STATE_HANDSHAKE, /* for the answer to qmp_capabilities */
        STATE_READY,
        STATE_ENDED,
} State;

typedef struct {
        int64_t id;
        char *name;
        uint64_t timeout_usec;
        uint64_t deadline;    /* CLOCK_MONOTONIC */
        VbMonitorReply reply; /* NULL: nobody wants to know, or knows already */
        void *userdata;
        GError *error; /* set in `failing` */
} Command;

struct VbMonitor {
        unsigned n_ref;
        bool freed; /* the owner's reference is gone: no handler is called any more */
        State state;
        const VbMonitorHandler *handler; /* borrowed: outlives the monitor */
        void *userdata;

        int fd;
        sd_event_source *io;
        sd_event_source *timer; /* armed for the earliest deadline, or for one that was */
        sd_event_source *defer;
        uint64_t timer_usec;
        uint64_t handshake_usec, handshake_deadline;

        VbQmpParser *parser;
        GQueue waiting; /* Command: sent or about to be, in the order of their ids */
        GQueue failing; /* Command: to be told about their error */
        VbQmpOutput output;
        bool output_blocked; /* EPOLLOUT is awaited */
        int output_errno;    /* sending is over */

        int64_t next_id, handshake_id;
        uint32_t version;
        uint64_t events_usec; /* when all that came would have been due at the permitted rate */
        GError *ended;        /* why */
};

static void command_free(Command *command)
{
        g_clear_error(&command->error);
        g_free(command->name);
        g_free(command);
}

static VbMonitor *monitor_ref(VbMonitor *monitor)
{
        monitor->n_ref++;
        return monitor;
}

static void disconnect(VbMonitor *monitor)
{
        monitor->io = sd_event_source_disable_unref(monitor->io);
        monitor->timer = sd_event_source_disable_unref(monitor->timer);
        if (monitor->fd >= 0)
                close(monitor->fd);
        monitor->fd = -1;
        vb_qmp_output_clear(&monitor->output);
}

static void monitor_unref(VbMonitor *monitor)
{
        if (--monitor->n_ref > 0)
                return;
        disconnect(monitor);
        sd_event_source_disable_unref(monitor->defer);
        g_queue_clear_full(&monitor->waiting, (GDestroyNotify) command_free);
        g_queue_clear_full(&monitor->failing, (GDestroyNotify) command_free);
        vb_qmp_parser_free(monitor->parser);
        g_clear_error(&monitor->ended);
        g_free(monitor);
}

/* Holds the monitor through callbacks; a VbMonitor's own autoptr is its owner's. */
typedef VbMonitor MonitorRef;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MonitorRef, monitor_unref)

/* Failing commands */

/* Takes @error; the callback is called from the loop. */
static void fail_later(VbMonitor *monitor, Command *command, GError *error)
{
        command->error = error;
        g_queue_push_tail(&monitor->failing, command);
        if (monitor->defer)
                (void) sd_event_source_set_enabled(monitor->defer, SD_EVENT_ONESHOT);
}

static void fail_waiting(VbMonitor *monitor)
{
        Command *command;

        while ((command = g_queue_pop_head(&monitor->waiting)))
                fail_later(monitor, command, g_error_copy(monitor->ended));
}

static void tell_failure(VbMonitor *monitor)
{
        Command *command = g_queue_pop_head(&monitor->failing);

        if (command->reply)
                command->reply(monitor, NULL, command->error, command->userdata);
        command_free(command);
}

/* Those that are there now: a callback that sends again meets its own failure in a later turn of the loop. */
static void tell_failures(VbMonitor *monitor)
{
        for (unsigned n = g_queue_get_length(&monitor->failing);
             n > 0 && !g_queue_is_empty(&monitor->failing); n--)
                tell_failure(monitor);
}

/* Ends the session, from the loop only. Takes @error. */
static void end_session(VbMonitor *monitor, GError *error)
{
        g_assert(monitor->state != STATE_ENDED);
        monitor->state = STATE_ENDED;
        monitor->ended = error;
        disconnect(monitor);
        fail_waiting(monitor);
        tell_failures(monitor);
        if (!monitor->freed && monitor->handler->closed)
                monitor->handler->closed(monitor, monitor->ended, monitor->userdata);
}

static void end_by_breach(VbMonitor *monitor, const char *what)
{
        end_session(monitor,
                    g_error_new(VB_ERROR, VB_ERROR_MONITOR, "QEMU broke the monitor protocol: %s", what));
}

/* Deadlines */

static uint64_t deadline_after(uint64_t timeout_usec)
{
        /* Not the loop's time, which is old when something else than the loop calls. */
        uint64_t now = (uint64_t) g_get_monotonic_time();

        return timeout_usec == 0 || timeout_usec > NEVER - now ? NEVER : now + timeout_usec;
}

/* Later deadlines than the one that is set wait for on_timer(): a busy session sets the timer once in a
 * timeout, not for every command. */
static void arm_timer(VbMonitor *monitor, uint64_t deadline)
{
        if (deadline >= monitor->timer_usec)
                return;
        monitor->timer_usec = deadline;
        (void) sd_event_source_set_time(monitor->timer, deadline);
        (void) sd_event_source_set_enabled(monitor->timer, SD_EVENT_ONESHOT);
}

static GError *timeout_error(const char *what, uint64_t timeout_usec)
{
        return g_error_new(VB_ERROR, VB_ERROR_TIMEOUT, "QEMU has not answered %s within %.1f seconds", what,
                           (double) timeout_usec / G_USEC_PER_SEC);
}

/* The command keeps its place in the queue for the late answer. */
static void expire(VbMonitor *monitor, Command *command)
{
        Command *told = g_new0(Command, 1);

        told->reply = command->reply;
        told->userdata = command->userdata;
        command->reply = NULL;
        command->deadline = NEVER;
        fail_later(monitor, told, timeout_error(command->name, command->timeout_usec));
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        g_autoptr(MonitorRef) monitor = monitor_ref(userdata);
        uint64_t now = (uint64_t) g_get_monotonic_time();
        uint64_t next = NEVER;

        monitor->timer_usec = NEVER;
        if (monitor->state != STATE_READY) {
                if (monitor->handshake_deadline <= now)
                        end_session(monitor, timeout_error("on its monitor", monitor->handshake_usec));
                else
                        arm_timer(monitor, monitor->handshake_deadline);
                return 0;
        }
        for (GList *link = monitor->waiting.head; link; link = link->next) {
                Command *command = link->data;

                if (command->deadline <= now)
                        expire(monitor, command);
                next = MIN(next, command->deadline);
        }
        arm_timer(monitor, next);
        tell_failures(monitor);
        return 0;
}

/* Sending */

static void await_output(VbMonitor *monitor, bool blocked)
{
        if (monitor->output_blocked == blocked)
                return;
        monitor->output_blocked = blocked;
        (void) sd_event_source_set_io_events(monitor->io, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void flush(VbMonitor *monitor)
{
        int r = vb_qmp_output_flush(&monitor->output, monitor->fd);

        await_output(monitor, r == -EAGAIN);
        if (r == 0 || r == -EAGAIN)
                return;
        /* on_defer() ends the session, when what QEMU said before it went has been read. */
        monitor->output_errno = -r;
        vb_qmp_output_clear(&monitor->output);
        (void) sd_event_source_set_enabled(monitor->defer, SD_EVENT_ONESHOT);
}

/* Takes @text and @fd. */
static void enqueue(VbMonitor *monitor, char *text, size_t size, int fd)
{
        vb_qmp_output_push(&monitor->output, text, size, fd);
        if (monitor->output_errno != 0)
                vb_qmp_output_clear(&monitor->output);
        else if (!monitor->output_blocked)
                flush(monitor);
}

/* Receiving */

/* False if QEMU says more than it may without having been asked. */
static bool charge_event(VbMonitor *monitor, size_t size)
{
        const uint64_t unit = G_USEC_PER_SEC / EVENTS_PER_SECOND;
        uint64_t now = (uint64_t) g_get_monotonic_time();

        monitor->events_usec = MAX(monitor->events_usec, now) + unit * (1 + size / 1024);
        return monitor->events_usec - now <= unit * EVENTS_BURST;
}

static void handle_greeting(VbMonitor *monitor, const VbQmpMessage *message)
{
        size_t size;
        char *text;

        if (monitor->state != STATE_GREETING) {
                end_by_breach(monitor, "second greeting");
                return;
        }
        monitor->state = STATE_HANDSHAKE;
        monitor->version = message->version;
        text = vb_qmp_command_format("qmp_capabilities", NULL, monitor->handshake_id, &size, NULL);
        enqueue(monitor, text, size, -1);
}

static void handle_handshake(VbMonitor *monitor, const VbQmpMessage *message, size_t size)
{
        if (message->id != monitor->handshake_id) {
                /* QEMU finishes what an earlier session asked for, and answers whoever is there then. */
                if (!charge_event(monitor, size))
                        end_by_breach(monitor, "too many replies that answer no command");
                return;
        }
        if (message->kind == VB_QMP_ERROR) {
                end_session(monitor,
                            g_error_new(VB_ERROR, VB_ERROR_MONITOR, "QEMU refused the handshake: %s: %.*s",
                                        message->name, message->text_size, message->text));
                return;
        }
        monitor->state = STATE_READY;
        if (monitor->handler->ready)
                monitor->handler->ready(monitor, monitor->userdata);
}

static void handle_reply(VbMonitor *monitor, const VbQmpMessage *message, size_t size)
{
        g_autoptr(GError) error = NULL;
        Command *command = g_queue_peek_head(&monitor->waiting);

        if (monitor->state != STATE_READY) {
                handle_handshake(monitor, message, size);
                return;
        }
        if (!command || command->id != message->id) {
                end_by_breach(monitor, "reply out of order, or to no command");
                return;
        }
        g_queue_pop_head(&monitor->waiting);
        if (message->kind == VB_QMP_ERROR)
                error = g_error_new(VB_ERROR, VB_ERROR_MONITOR, "%s: %.*s", message->name, message->text_size,
                                    message->text);
        if (command->reply)
                command->reply(monitor, error ? NULL : message->data, error, command->userdata);
        command_free(command);
}

static void handle_event(VbMonitor *monitor, const VbQmpMessage *message, size_t size)
{
        if (monitor->state == STATE_GREETING)
                end_by_breach(monitor, "event before the greeting");
        else if (!charge_event(monitor, size))
                end_by_breach(monitor, "too many events");
        else if (monitor->handler->event)
                monitor->handler->event(monitor, message->name, message->data, message->timestamp_usec,
                                        monitor->userdata);
}

static void handle_message(VbMonitor *monitor, json_object *json, size_t size)
{
        g_autoptr(GError) error = NULL;
        VbQmpMessage message;

        if (!vb_qmp_message_read(json, &message, &error)) {
                end_by_breach(monitor, error->message);
                return;
        }
        switch (message.kind) {
        case VB_QMP_GREETING:
                handle_greeting(monitor, &message);
                break;
        case VB_QMP_RETURN:
        case VB_QMP_ERROR:
                handle_reply(monitor, &message, size);
                break;
        case VB_QMP_EVENT:
                handle_event(monitor, &message, size);
                break;
        }
}

static void handle_messages(VbMonitor *monitor)
{
        while (monitor->state != STATE_ENDED) {
                g_autoptr(json_object) json = NULL;
                g_autoptr(GError) error = NULL;
                size_t size;
                int r = vb_qmp_parser_next(monitor->parser, &json, &size, &error);

                if (r < 0)
                        end_by_breach(monitor, error->message);
                if (r <= 0)
                        return;
                handle_message(monitor, json, size);
        }
}

/* One read, so that a peer that never stops talking takes turns with everything else. False if there was
 * nothing. */
static bool receive(VbMonitor *monitor)
{
        char buffer[READ_SIZE];
        ssize_t n = recv(monitor->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n > 0) {
                vb_qmp_parser_feed(monitor->parser, buffer, (size_t) n);
                handle_messages(monitor);
        } else if (n == 0 || errno == ECONNRESET)
                end_session(monitor, g_error_new(VB_ERROR, VB_ERROR_MONITOR,
                                                 "QEMU closed the connection to its monitor"));
        else if (errno == EAGAIN)
                return false;
        else if (errno != EINTR)
                end_session(monitor, g_error_new(VB_ERROR, VB_ERROR_MONITOR,
                                                 "cannot read from QEMU's monitor: %s", g_strerror(errno)));
        return true;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        g_autoptr(MonitorRef) monitor = monitor_ref(userdata);

        if (revents & EPOLLOUT)
                flush(monitor);
        if (revents & ~(uint32_t) EPOLLOUT)
                (void) receive(monitor);
        return 0;
}

static int on_defer(sd_event_source *source, void *userdata)
{
        g_autoptr(MonitorRef) monitor = monitor_ref(userdata);

        tell_failures(monitor);
        if (monitor->state == STATE_ENDED || monitor->output_errno == 0)
                return 0;
        if (!receive(monitor))
                end_session(monitor,
                            g_error_new(VB_ERROR, VB_ERROR_MONITOR, "cannot write to QEMU's monitor: %s",
                                        g_strerror(monitor->output_errno)));
        else if (monitor->state != STATE_ENDED)
                (void) sd_event_source_set_enabled(monitor->defer, SD_EVENT_ONESHOT);
        return 0;
}

VbMonitor *vb_monitor_new(sd_event *event, int fd, uint64_t handshake_usec, const VbMonitorHandler *handler,
                          void *userdata, GError **error)
{
        g_autoptr(VbMonitor) monitor = g_new0(VbMonitor, 1);
        int r;

        monitor->n_ref = 1;
        monitor->fd = fd;
        monitor->handler = handler;
        monitor->userdata = userdata;
        monitor->parser = vb_qmp_parser_new();
        monitor->timer_usec = NEVER;
        monitor->next_id = 1;
        monitor->handshake_id = HANDSHAKE_ID_MIN + g_random_int();
        monitor->handshake_usec = handshake_usec;
        monitor->handshake_deadline = deadline_after(handshake_usec);

        r = sd_event_add_io(event, &monitor->io, fd, EPOLLIN, on_io, monitor);
        if (r >= 0)
                r = sd_event_add_time(event, &monitor->timer, CLOCK_MONOTONIC, NEVER, TIMER_ACCURACY_USEC,
                                      on_timer, monitor);
        if (r >= 0)
                r = sd_event_source_set_enabled(monitor->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &monitor->defer, on_defer, monitor);
        if (r >= 0)
                r = sd_event_source_set_enabled(monitor->defer, SD_EVENT_OFF);
        if (r < 0) {
                vb_error_set_errno(error, VB_ERROR_MONITOR, -r, "cannot watch QEMU's monitor");
                return NULL;
        }
        arm_timer(monitor, monitor->handshake_deadline);
        return g_steal_pointer(&monitor);
}

void vb_monitor_free(VbMonitor *monitor)
{
        if (!monitor || monitor->freed)
                return;
        monitor->freed = true;
        monitor->state = STATE_ENDED;
        if (!monitor->ended)
                monitor->ended =
                        g_error_new_literal(VB_ERROR, VB_ERROR_MONITOR, "the monitor session was closed");
        disconnect(monitor);
        fail_waiting(monitor);
        while (!g_queue_is_empty(&monitor->failing))
                tell_failure(monitor);
        monitor->defer = sd_event_source_disable_unref(monitor->defer);
        monitor_unref(monitor);
}

void vb_monitor_execute(VbMonitor *monitor, const char *command, struct json_object *arguments,
                        uint64_t timeout_usec, VbMonitorReply reply, void *userdata)
{
        vb_monitor_execute_fd(monitor, command, arguments, -1, timeout_usec, reply, userdata);
}

/* May the command be sent now? */
static bool check_session(const VbMonitor *monitor, GError **error)
{
        if (monitor->state == STATE_ENDED) {
                g_propagate_error(error, g_error_copy(monitor->ended));
                return false;
        }
        if (monitor->state != STATE_READY)
                return vb_error_set(error, VB_ERROR_INVALID_STATE, "QEMU's monitor is not ready yet");
        if (monitor->waiting.length >= COMMANDS_MAX)
                return vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED, "%u commands wait for QEMU already",
                                    COMMANDS_MAX);
        return true;
}

/* Sends it, or says why not. */
static bool submit(VbMonitor *monitor, Command *command, json_object *arguments, int fd, GError **error)
{
        g_autofree char *text = NULL;
        size_t size;
        int copy = -1;

        if (!check_session(monitor, error))
                return false;
        text = vb_qmp_command_format(command->name, arguments, monitor->next_id, &size, error);
        if (!text)
                return false;
        if (monitor->output.size + size > OUTPUT_MAX)
                return vb_error_set(error, VB_ERROR_LIMITS_EXCEEDED,
                                    "%u bytes of commands wait for QEMU already", OUTPUT_MAX);
        if (fd >= 0 && (copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
                return vb_error_set_errno(error, VB_ERROR_MONITOR, errno, "cannot pass a descriptor to QEMU");

        command->id = monitor->next_id++;
        command->deadline = deadline_after(command->timeout_usec);
        arm_timer(monitor, command->deadline);
        g_queue_push_tail(&monitor->waiting, command);
        enqueue(monitor, g_steal_pointer(&text), size, copy);
        return true;
}

void vb_monitor_execute_fd(VbMonitor *monitor, const char *command, struct json_object *arguments, int fd,
                           uint64_t timeout_usec, VbMonitorReply reply, void *userdata)
{
        g_autoptr(json_object) owned = arguments;
        g_autoptr(GError) error = NULL;
        Command *waiting = g_new0(Command, 1);

        waiting->name = g_strdup(command);
        waiting->timeout_usec = timeout_usec;
        waiting->reply = reply;
        waiting->userdata = userdata;
        if (!submit(monitor, waiting, owned, fd, &error))
                fail_later(monitor, waiting, g_steal_pointer(&error));
}

bool vb_monitor_is_ready(const VbMonitor *monitor)
{
        return monitor && monitor->state == STATE_READY;
}

uint32_t vb_monitor_version(const VbMonitor *monitor)
{
        return monitor->version;
}

int vb_monitor_peer_pid(const VbMonitor *monitor, pid_t *ret)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        if (monitor->fd < 0)
                return -ENOTCONN;
        if (getsockopt(monitor->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return -errno;
        if (peer.pid <= 0) /* not in our pid namespace */
                return -ESRCH;
        *ret = peer.pid;
        return 0;
}
