/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One probe's process: start, QMP, stderr, time limit, and an end that leaves neither a process nor a
 * descriptor. What is asked is the kind's. The result is given as soon as it is known; the process is reaped
 * behind it. */
#include "qemu/probe-session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "host/own-program.h"
#include "qemu/monitor.h"
#include "qemu/probe-place.h"
#include "qemu/sandbox.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/printed.h"

/* How much of what the emulator printed is kept, from its end. */
#define STDERR_MAX 2048

/* Who closes the monitor is about to exit by itself and to say why. */
#define EXIT_GRACE_USEC (500 * G_TIME_SPAN_MILLISECOND)

/* Memory trees of the largest boards have some thousand nodes; a peer that keeps us asking is no emulator. */
#define QUESTIONS_MAX 20000

/* Questions that are with the emulator at the same time; the monitor takes a thousand. */
#define ON_THE_WAY_MAX 500

struct VbProbeSession {
        sd_event *event;
        char *emulator, *machine;
        uint64_t timeout_usec;
        const VbProbeKind *kind;
        void *state; /* borrowed */
        const VbProbeHandler *handler;
        void *userdata;

        VbChild child;
        VbMonitor *monitor;
        int stderr_fd;
        GString *printed;
        sd_event_source *child_source, *stderr_source, *timer;

        GQueue waiting;       /* Question *, not sent yet */
        guint open_questions; /* these and those that are on the way */
        guint questions;
        GError *failure;
        bool over; /* nothing more is asked */
        bool told; /* the handler has the result */
};

typedef struct {
        VbProbeSession *session; /* borrowed: the monitor that holds the question is its own */
        VbProbeAnswer answer;
        char *command, *subject;
        json_object *arguments; /* until it is sent */
} Question;

static void question_free(Question *question)
{
        json_object_put(question->arguments);
        g_free(question->command);
        g_free(question->subject);
        g_free(question);
}

void *vb_probe_session_state(VbProbeSession *session)
{
        return session->state;
}

/* The last lines, fit for an error message. Caller frees. */
static char *session_printed(const VbProbeSession *session)
{
        return g_strstrip(vb_printed_text(session->printed->str, session->printed->len));
}

static void drain_stderr(VbProbeSession *session)
{
        char buffer[4096];
        ssize_t n = 0;

        /* Bounded: whoever prints faster than we read is cut short by the next turn of the loop. */
        for (int i = 0; i < 16 && (n = read(session->stderr_fd, buffer, sizeof(buffer))) > 0; i++) {
                g_string_append_len(session->printed, buffer, n);
                if (session->printed->len > STDERR_MAX)
                        g_string_erase(session->printed, 0, (gssize) (session->printed->len - STDERR_MAX));
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                session->stderr_source = sd_event_source_disable_unref(session->stderr_source);
}

/* The result, once. A failure is told with what the emulator printed. */
static void session_tell(VbProbeSession *session)
{
        g_autofree char *printed = NULL;

        if (session->told)
                return;
        session->told = true;
        if (session->failure && session->stderr_source)
                drain_stderr(session);
        printed = session_printed(session);
        if (session->failure && *printed) {
                g_autoptr(GError) bare = g_steal_pointer(&session->failure);

                session->failure = g_error_new(bare->domain, bare->code, "%s: %s", bare->message, printed);
        }
        session->handler->done(session, session->failure, session->userdata);
}

/* With all that it has started, which is in the session that it was given. Not after it is reaped: the number
 * could be somebody else's. */
static void session_kill(const VbProbeSession *session)
{
        kill(-session->child.pid, SIGKILL);
}

/* From here on only the process is waited for. @failure is taken over; NULL: all is known. */
static void session_end(VbProbeSession *session, GError *failure)
{
        session->over = true;
        if (session->failure != failure)
                g_clear_error(&session->failure);
        session->failure = failure;
        session->timer = sd_event_source_disable_unref(session->timer);
        g_clear_pointer(&session->monitor, vb_monitor_free);
        session_kill(session);
        session_tell(session);
}

static int on_stderr(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        drain_stderr(userdata);
        return 0;
}

static int on_child(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        VbProbeSession *session = userdata;
        g_autofree char *status = NULL;

        session_kill(session);
        if (!vb_pidfd_reap(session->child.pidfd, &status))
                status = g_strdup("has gone");
        session->child_source = sd_event_source_disable_unref(session->child_source);
        vb_clear_fd(&session->child.pidfd);
        if (!session->told) {
                g_clear_error(&session->failure);
                vb_error_set(&session->failure, VB_ERROR_EMULATOR_FAILED, "%s with machine type %s %s",
                             session->emulator, session->machine, status);
                session->over = true;
                session_tell(session);
        }
        session->handler->gone(session, session->userdata);
        vb_probe_session_free(session);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbProbeSession *session = userdata;
        GError *failure = NULL;

        vb_error_set(&failure, VB_ERROR_TIMEOUT, "%s with machine type %s did not answer within %.1f s",
                     session->emulator, session->machine, (double) session->timeout_usec / 1e6);
        session_end(session, failure);
        return 0;
}

static void on_ready(VbMonitor *monitor, void *userdata)
{
        VbProbeSession *session = userdata;

        if (session->state)
                session->kind->ask(session);
}

static void on_event(VbMonitor *monitor, const char *name, json_object *data, uint64_t timestamp_usec,
                     void *userdata)
{
}

static int on_grace(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbProbeSession *session = userdata;

        session_end(session, g_steal_pointer(&session->failure));
        return 0;
}

static void on_closed(VbMonitor *monitor, const GError *error, void *userdata)
{
        VbProbeSession *session = userdata;

        if (session->over)
                return;
        session->over = true;
        vb_error_set(&session->failure, VB_ERROR_EMULATOR_FAILED,
                     "%s with machine type %s did not speak QMP to the end: %s", session->emulator,
                     session->machine, error->message);
        /* How the process ends says more than how its socket did. */
        session->timer = sd_event_source_disable_unref(session->timer);
        if (sd_event_add_time_relative(session->event, &session->timer, CLOCK_MONOTONIC, EXIT_GRACE_USEC, 0,
                                       on_grace, session) < 0)
                session_kill(session);
}

static const VbMonitorHandler monitor_handler = { .ready = on_ready, .event = on_event, .closed = on_closed };

/* The questions that wait are failed when the connection is, too, with the same code. */
static bool is_refusal(const VbMonitor *monitor, const GError *error)
{
        return vb_monitor_is_ready(monitor) && g_error_matches(error, VB_ERROR, VB_ERROR_MONITOR);
}

static void send_waiting(VbProbeSession *session);

static void take_answer(VbProbeSession *session, const Question *question, json_object *result)
{
        GError *failure = NULL;
        bool ok = question->answer(session, result, question->subject, &failure);

        session->open_questions--;
        if (ok && session->questions > QUESTIONS_MAX)
                ok = vb_error_set(&failure, VB_ERROR_EMULATOR_FAILED,
                                  "%s with machine type %s has more to tell than any machine",
                                  session->emulator, session->machine);
        if (ok && session->open_questions == 0) {
                ok = session->kind->conclude(session, &failure);
                session_end(session, ok ? NULL : failure);
        } else if (!ok) {
                session_end(session, failure);
        } else {
                send_waiting(session);
        }
}

static void on_reply(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        Question *question = userdata;
        VbProbeSession *session = question->session;

        /* What is refused is an answer. What is lost is none: then on_closed() ends the session, and nothing
         * is concluded from what was answered before. */
        if (!session->over && (result || is_refusal(monitor, error)))
                take_answer(session, question, result);
        else if (!session->over && vb_monitor_is_ready(monitor))
                session_end(session, g_error_copy(error));
        question_free(question);
}

static void send_waiting(VbProbeSession *session)
{
        while (!g_queue_is_empty(&session->waiting) &&
               session->open_questions - session->waiting.length < ON_THE_WAY_MAX) {
                Question *question = g_queue_pop_head(&session->waiting);

                vb_monitor_execute(session->monitor, question->command, g_steal_pointer(&question->arguments),
                                   0, on_reply, question);
        }
}

void vb_probe_session_ask(VbProbeSession *session, const char *command, json_object *arguments,
                          const char *subject, VbProbeAnswer answer)
{
        Question *question = NULL;

        session->questions++;
        if (session->questions > QUESTIONS_MAX) {
                json_object_put(arguments);
                return;
        }
        question = g_new0(Question, 1);
        question->session = session;
        question->answer = answer;
        question->command = g_strdup(command);
        question->arguments = arguments;
        question->subject = g_strdup(subject);
        session->open_questions++;
        g_queue_push_tail(&session->waiting, question);
        send_waiting(session);
}

static bool session_spawn(VbProbeSession *session, const VbIdentity *runner, int *ret_monitor_fd,
                          GError **error)
{
        vb_autoclose int ours = -1, theirs = -1, err_read = -1, err_write = -1;
        g_autofree char *chardev = NULL;
        int sockets[2], pipe_fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, errno, "No socket for a monitor");
        ours = sockets[0];
        theirs = sockets[1];
        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, errno,
                                          "No pipe for an emulator's output");
        err_read = pipe_fds[0];
        err_write = pipe_fds[1];
        /* Only our ends: the emulator's must block as it expects. */
        if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0 || fcntl(err_read, F_SETFL, O_NONBLOCK) < 0)
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, errno, "No socket for a monitor");

        chardev = g_strdup_printf("socket,id=monitor,fd=%d", theirs);
        /* No -m: boards with fixed memory take nothing else, and memory that no guest touches costs nothing.
         */
        const char *const argv[] = {
                VB_OWN_PROGRAM,
                VB_EXECUTE_ARGUMENT,
                session->emulator,
                "-S",
                "-machine",
                session->machine,
                "-accel",
                "tcg",
                "-display",
                "none",
                "-no-user-config",
                "-sandbox",
                VB_QEMU_SANDBOX,
                "-chardev",
                chardev,
                "-mon",
                "chardev=monitor,mode=control",
                session->kind->defaults ? NULL : "-nodefaults",
                NULL,
        };
        const int keep_fds[] = { theirs, -1 };
        bool foreign = runner && vb_probe_place_is_foreign(session->emulator, runner->uid);

        /* We wait for an exec: not for that of a file in a place of its user's. */
        if (!vb_spawn(&(VbSpawn){ .argv = foreign ? argv : argv + 2,
                                  .keep_fds = keep_fds,
                                  .stderr_fd = err_write,
                                  .identity = runner,
                                  .dies_with_us = true },
                      &session->child, error))
                return false;
        session->stderr_fd = vb_steal_fd(&err_read);
        *ret_monitor_fd = vb_steal_fd(&ours);
        return true;
}

static bool session_watch(VbProbeSession *session, int monitor_fd, GError **error)
{
        int r = sd_event_add_io(session->event, &session->child_source, session->child.pidfd, EPOLLIN,
                                on_child, session);

        if (r >= 0)
                r = sd_event_add_io(session->event, &session->stderr_source, session->stderr_fd, EPOLLIN,
                                    on_stderr, session);
        if (r >= 0)
                r = sd_event_add_time_relative(session->event, &session->timer, CLOCK_MONOTONIC,
                                               session->timeout_usec, 0, on_timer, session);
        /* What was answered before the end counts. */
        if (r >= 0)
                r = sd_event_source_set_priority(session->child_source, SD_EVENT_PRIORITY_NORMAL + 1);
        if (r < 0) {
                close(monitor_fd);
                return vb_error_set_errno(error, VB_ERROR_EMULATOR_FAILED, -r, "The loop takes no emulator");
        }
        session->monitor = vb_monitor_new(session->event, monitor_fd, 0, &monitor_handler, session, error);
        return session->monitor;
}

VbProbeSession *vb_probe_session_new(sd_event *event, const char *emulator, const char *machine,
                                     const VbIdentity *runner, uint64_t timeout_usec, const VbProbeKind *kind,
                                     void *state, const VbProbeHandler *handler, void *userdata,
                                     GError **error)
{
        g_autoptr(VbProbeSession) session = g_new0(VbProbeSession, 1);
        int monitor_fd = -1;

        session->event = sd_event_ref(event);
        session->emulator = g_strdup(emulator);
        session->machine = g_strdup(machine);
        session->timeout_usec = timeout_usec;
        session->kind = kind;
        session->state = state;
        session->handler = handler;
        session->userdata = userdata;
        session->child.pidfd = -1;
        session->stderr_fd = -1;
        session->printed = g_string_new(NULL);
        if (!session_spawn(session, runner, &monitor_fd, error) || !session_watch(session, monitor_fd, error))
                return NULL;
        return g_steal_pointer(&session);
}

void vb_probe_session_release(VbProbeSession *session, void *state)
{
        session->state = state;
        if (!session->over && vb_monitor_is_ready(session->monitor))
                session->kind->ask(session);
}

void vb_probe_session_abandon(VbProbeSession *session)
{
        if (session->told)
                return;
        session->told = true;
        session_end(session, NULL);
}

/* SIGKILL takes a few milliseconds; a process that the kernel cannot end must not hold us. */
static void session_reap(VbProbeSession *session)
{
        struct pollfd pollfd = { .fd = session->child.pidfd, .events = POLLIN };
        g_autofree char *status = NULL;

        if (session->child.pidfd < 0)
                return;
        session_kill(session);
        if (poll(&pollfd, 1, 1000) <= 0 || !vb_pidfd_reap(session->child.pidfd, &status))
                vb_log_warning("%s (process %d) does not end", session->emulator, session->child.pid);
        vb_clear_fd(&session->child.pidfd);
}

void vb_probe_session_free(VbProbeSession *session)
{
        if (!session)
                return;
        session->over = true;
        vb_monitor_free(session->monitor);
        g_queue_clear_full(&session->waiting, (GDestroyNotify) question_free);
        sd_event_source_disable_unref(session->child_source);
        sd_event_source_disable_unref(session->stderr_source);
        sd_event_source_disable_unref(session->timer);
        session_reap(session);
        vb_clear_fd(&session->stderr_fd);
        g_string_free(session->printed, TRUE);
        g_clear_error(&session->failure);
        g_free(session->emulator);
        g_free(session->machine);
        sd_event_unref(session->event);
        g_free(session);
}
