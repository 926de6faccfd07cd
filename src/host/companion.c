/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes beside an emulator: watched, and ended. */
#include "host/companion.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/release.h"
#include "util/fd.h"
#include "util/json.h"

struct VbCompanion {
        sd_event *event; /* borrowed: outlives all */
        char *what;
        VbChild child;
        VbHeldChild held;   /* all but the child itself; without a gate: it has been let go */
        VbRelease *release; /* has both meanwhile; NULL: it is not being executed */
        VbCompanionReleased released;
        void *released_data;
        unsigned long long start_ticks;
        sd_event_source *source;
        VbCompanionEnded ended;
        void *userdata;
};

static int on_exit_event(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        VbCompanion *companion = userdata;
        g_autofree char *how = NULL;

        companion->source = sd_event_source_disable_unref(companion->source);
        if (!vb_pidfd_reap(fd, &how))
                how = g_strdup("ended");
        companion->ended(companion->what, how, companion->userdata);
        return 0;
}

static void watch(VbCompanion *companion)
{
        /* After the emulator's own end, which is what ends them as a rule. */
        if (sd_event_add_io(companion->event, &companion->source, companion->child.pidfd, EPOLLIN,
                            on_exit_event, companion) >= 0)
                (void) sd_event_source_set_priority(companion->source, SD_EVENT_PRIORITY_NORMAL + 20);
}

static VbCompanion *companion_new(sd_event *event, const char *what, VbChild *child, VbCompanionEnded ended,
                                  void *userdata)
{
        VbCompanion *companion = g_new0(VbCompanion, 1);

        companion->event = event;
        companion->what = g_strdup(what);
        companion->child = *child;
        child->pidfd = -1;
        companion->held = (VbHeldChild){ .child = { .pidfd = -1 }, .gate = -1 };
        companion->ended = ended;
        companion->userdata = userdata;
        (void) vb_process_start_time(companion->child.pid, &companion->start_ticks);
        watch(companion);
        return companion;
}

VbCompanion *vb_companion_new(sd_event *event, const char *what, VbHeldChild *held, VbCompanionEnded ended,
                              void *userdata)
{
        VbCompanion *companion = companion_new(event, what, &held->child, ended, userdata);

        companion->held = *held;
        *held = (VbHeldChild){ .child = { .pidfd = -1 }, .gate = -1 };
        return companion;
}

static void on_released(VbChild *child, const GError *error, void *userdata)
{
        VbCompanion *companion = userdata;
        g_autoptr(GError) named = error ? g_error_copy(error) : NULL;

        companion->release = NULL;
        if (error) {
                g_prefix_error(&named, "%s: ", companion->what);
        } else {
                companion->child = *child;
                watch(companion);
        }
        companion->released(named, companion->released_data);
}

void vb_companion_release(VbCompanion *companion, VbCompanionReleased done, void *userdata)
{
        VbHeldChild held = companion->held;

        if (held.gate < 0) {
                done(NULL, userdata);
                return;
        }
        /* A failure closes the descriptor. The loop must have let go of it before: a closed one that other
         * children have copies of would wake it for ever. */
        companion->source = sd_event_source_disable_unref(companion->source);
        held.child = companion->child;
        companion->child.pidfd = -1;
        companion->held = (VbHeldChild){ .child = { .pidfd = -1 }, .gate = -1 };
        companion->released = done;
        companion->released_data = userdata;
        companion->release = vb_release_start(&held, on_released, companion);
}

pid_t vb_companion_pid(const VbCompanion *companion)
{
        struct pollfd ended = { .fd = companion->child.pidfd, .events = POLLIN };

        if (companion->release)
                return companion->child.pid;
        return !companion->source || poll(&ended, 1, 0) > 0 ? 0 : companion->child.pid;
}

void vb_companion_free(VbCompanion *companion)
{
        if (!companion)
                return;
        sd_event_source_disable_unref(companion->source);
        vb_release_cancel(companion->release);
        vb_spawn_abandon(&companion->held);
        vb_clear_fd(&companion->child.pidfd);
        g_free(companion->what);
        g_free(companion);
}

static int on_killed(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        g_autofree char *how = NULL;

        (void) vb_pidfd_reap(fd, &how);
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        /* It was the loop's alone, and is gone with this. */
        (void) sd_event_source_set_floating(source, false);
        return 0;
}

/* The event loop owns the descriptor until the process has gone. */
static void reap_later(sd_event *event, int *pidfd)
{
        sd_event_source *source = NULL;

        if (sd_event_add_io(event, &source, *pidfd, EPOLLIN, on_killed, NULL) < 0)
                return;
        (void) sd_event_source_set_io_fd_own(source, true);
        *pidfd = -1;
        if (sd_event_source_set_floating(source, true) >= 0)
                sd_event_source_unref(source);
}

static bool end_watch(VbCompanion *companion, gint64 end)
{
        bool gone = vb_pidfd_wait(companion->child.pidfd, end);
        g_autofree char *how = NULL;

        companion->source = sd_event_source_disable_unref(companion->source);
        if (gone)
                (void) vb_pidfd_reap(companion->child.pidfd, &how);
        else
                reap_later(companion->event, &companion->child.pidfd);
        return gone;
}

bool vb_companion_kill_all(GPtrArray *companions, unsigned wait_msec)
{
        gint64 end = g_get_monotonic_time() + (gint64) wait_msec * 1000;
        bool gone = true;

        for (guint i = 0; i < companions->len; i++) {
                const VbCompanion *companion = companions->pdata[i];

                if (companion->source)
                        (void) vb_pidfd_send_signal(companion->child.pidfd, SIGKILL);
        }
        for (guint i = 0; i < companions->len; i++) {
                VbCompanion *companion = companions->pdata[i];

                if (companion->source)
                        gone &= end_watch(companion, end);
                vb_companion_free(companion);
        }
        g_ptr_array_set_size(companions, 0);
        return gone;
}

json_object *vb_companion_save(const VbCompanion *companion)
{
        json_object *object = json_object_new_object();

        json_object_object_add(object, "what", json_object_new_string(companion->what));
        json_object_object_add(object, "pid", json_object_new_uint64((uint64_t) companion->child.pid));
        json_object_object_add(object, "start-ticks", json_object_new_uint64(companion->start_ticks));
        return object;
}

VbCompanion *vb_companion_load(sd_event *event, json_object *saved, VbCompanionEnded ended, void *userdata)
{
        unsigned long long start_ticks;
        uint64_t pid, expected;
        const char *what;
        VbChild child;

        if (!vb_json_get_string(saved, "what", &what) || !vb_json_get_uint64(saved, "pid", &pid) ||
            !vb_json_get_uint64(saved, "start-ticks", &expected) || pid <= 1 || pid > G_MAXINT)
                return NULL;
        child = (VbChild){ .pid = (pid_t) pid, .pidfd = vb_pidfd_open((pid_t) pid) };
        if (child.pidfd < 0)
                return NULL;
        if (!vb_process_start_time(child.pid, &start_ticks) || start_ticks != expected) {
                close(child.pidfd);
                return NULL;
        }
        return companion_new(event, what, &child, ended, userdata);
}
