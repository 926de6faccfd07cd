/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* One QMP session: https://www.qemu.org/docs/master/interop/qmp-spec.html
 *
 * Commands are pipelined: any number may be under way, each answered in order through its own callback. What the
 * peer says is hostile input: the size of a message, its depth, the number of waiting commands and the rate of
 * events are limited, strings are valid UTF-8, and whatever breaks the protocol ends the session. */
typedef struct VbMonitor VbMonitor;

typedef struct {
        /* The handshake is done; commands may be sent from here on. */
        void (*ready)(VbMonitor *monitor, void *userdata);
        /* @data is the event's "data" or NULL, borrowed; @timestamp_usec is CLOCK_REALTIME as QEMU saw it, 0 if it
         * does not know. The first events may come before `ready`. */
        void (*event)(VbMonitor *monitor, const char *name, struct json_object *data, uint64_t timestamp_usec,
                      void *userdata);
        /* The session is over and every waiting command has been failed. Comes exactly once, never from inside
         * vb_monitor_new() or vb_monitor_execute(), and not after vb_monitor_free(). @error says why. */
        void (*closed)(VbMonitor *monitor, const GError *error, void *userdata);
} VbMonitorHandler;

/* The answer to one command: @result is "return", borrowed, or NULL and @error is set: MONITOR with QMP's class and
 * description, TIMEOUT, or what ended the session. */
typedef void (*VbMonitorReply)(VbMonitor *monitor, struct json_object *result, const GError *error, void *userdata);

/* Takes @fd, a connected stream socket whose peer is, or will be, QEMU's monitor, over (also on failure), waits for
 * the greeting and shakes hands. @handler must outlive the monitor. @handshake_usec limits the time until `ready`,
 * 0 for no limit. NULL with @error set where the loop will not take it. */
VbMonitor *vb_monitor_new(sd_event *event, int fd, uint64_t handshake_usec, const VbMonitorHandler *handler,
                          void *userdata, GError **error);

/* Closes the session. Waiting commands are failed before this returns, and so are those that their callbacks send;
 * `closed` is not called. May be called from any of the callbacks. NULL is allowed. */
void vb_monitor_free(VbMonitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbMonitor, vb_monitor_free)

/* Sends a command. @arguments is taken over and may be NULL. @reply is called exactly once, never from inside this
 * function, also when the session ends or @timeout_usec (0: none) has passed; NULL if nobody wants to know. A late
 * answer to a command that timed out is dropped. Before `ready` a command fails with INVALID_STATE; LIMITS_EXCEEDED
 * says that too many wait, INVALID_ARGS that @arguments is no JSON that QEMU takes. */
void vb_monitor_execute(VbMonitor *monitor, const char *command, struct json_object *arguments, uint64_t timeout_usec,
                        VbMonitorReply reply, void *userdata);

/* The same with the descriptor @fd (not taken over) sent along with the command, for "getfd" and "add-fd". */
void vb_monitor_execute_fd(VbMonitor *monitor, const char *command, struct json_object *arguments, int fd,
                           uint64_t timeout_usec, VbMonitorReply reply, void *userdata);

/* NULL is not. A command's MONITOR from a monitor that is not ready any more is no answer, but the session's end. */
bool vb_monitor_is_ready(const VbMonitor *monitor);
/* From the greeting: 7002022 for 7.2.22; 0 before it. */
uint32_t vb_monitor_version(const VbMonitor *monitor);
/* The credentials of the peer of the socket as the kernel recorded them when it began to listen. 0 or -errno. */
int vb_monitor_peer_pid(const VbMonitor *monitor, pid_t *ret);
