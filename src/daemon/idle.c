/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a service that has nothing to do. First the name is given up; what had been sent to it until
 * then comes before the bus's reply, and is answered. If there was anything, the service stays; but not where a service
 * manager starts it: that one has to know before the name is free, or it takes a call's wish to start the service for
 * fulfilled, and once it knows there is no way back. */
#include "daemon/idle.h"

#include "bus/paths.h"
#include "util/log.h"

#include <systemd/sd-daemon.h>

/* Between two looks whether the last calls have been answered. */
#define LOOK_USEC (50 * 1000)

struct VbIdle {
        sd_event *event; /* borrowed, as the next three */
        sd_bus *sd;
        VbBus *bus;
        VbService *service;
        uint64_t usec;
        bool activatable; /* the bus would start us again */
        bool announced;   /* the service manager knows that we leave */
        sd_event_source *timer;
        sd_bus_slot *question, *release;
};

static uint64_t now(void)
{
        return (uint64_t) g_get_monotonic_time();
}

/* How long there was nothing to do. */
static uint64_t idle_usec(const VbIdle *idle)
{
        if (idle->service->domains->len > 0 || vb_bus_is_busy(idle->bus))
                return 0;
        return now() - MIN(now(), vb_bus_last_call(idle->bus));
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void arm(VbIdle *idle)
{
        uint64_t been = idle_usec(idle);
        int r;

        idle->timer = sd_event_source_disable_unref(idle->timer);
        if (idle->usec == VB_UNLIMITED || !idle->activatable)
                return;
        r = sd_event_add_time_relative(idle->event, &idle->timer, CLOCK_MONOTONIC,
                                       idle->usec - MIN(been, idle->usec), 0, on_timer, idle);
        if (r < 0)
                vb_log_warning("the service stays when it is idle: %s", g_strerror(-r));
}

/* What came at the last moment is answered first. */
static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbIdle *idle = userdata;

        idle->timer = sd_event_source_disable_unref(idle->timer);
        if (vb_bus_is_busy(idle->bus) && sd_event_add_time_relative(idle->event, &idle->timer, CLOCK_MONOTONIC,
                                                                    LOOK_USEC, 0, on_look, idle) >= 0)
                return 0;
        vb_log_info("there is nothing to do");
        (void) sd_event_exit(idle->event, idle->service->domains->len > 0 ? VB_IDLE_EXIT_AGAIN : 0);
        return 0;
}

static void on_named(int r, void *userdata)
{
        VbIdle *idle = userdata;

        if (r < 0) {
                vb_log_warning("the name cannot be taken again: %s", g_strerror(-r));
                (void) sd_event_exit(idle->event, 1);
                return;
        }
        arm(idle);
}

static int on_released(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        VbIdle *idle = userdata;
        int r;

        idle->release = sd_bus_slot_unref(idle->release);
        if (idle->announced || idle_usec(idle) >= idle->usec)
                return on_look(NULL, 0, idle);
        /* Somebody called at the last moment. */
        r = vb_bus_request_name(idle->bus, on_named, idle);
        if (r < 0)
                on_named(r, idle);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbIdle *idle = userdata;

        if (idle_usec(idle) < idle->usec) {
                arm(idle);
                return 0;
        }
        idle->timer = sd_event_source_disable_unref(idle->timer);
        idle->announced = sd_notify(false, "STOPPING=1\nSTATUS=There is nothing to do") > 0;
        if (sd_bus_release_name_async(idle->sd, &idle->release, VB_BUS_NAME, on_released, idle) >= 0)
                return 0;
        if (idle->announced)
                return on_look(NULL, 0, idle);
        arm(idle);
        return 0;
}

static int on_activatable(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        VbIdle *idle = userdata;
        const char *name;

        idle->question = sd_bus_slot_unref(idle->question);
        if (sd_bus_message_is_method_error(reply, NULL) ||
            sd_bus_message_enter_container(reply, 'a', "s") < 0)
                return 0;
        while (sd_bus_message_read(reply, "s", &name) > 0)
                if (g_str_equal(name, VB_BUS_NAME))
                        idle->activatable = true;
        arm(idle);
        return 0;
}

VbIdle *vb_idle_new(sd_event *event, sd_bus *sd, VbBus *bus, VbService *service, uint64_t usec)
{
        g_autoptr(VbIdle) idle = g_new0(VbIdle, 1);

        *idle = (VbIdle){ .event = event, .sd = sd, .bus = bus, .service = service, .usec = usec };
        if (sd_bus_call_method_async(sd, &idle->question, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "ListActivatableNames", on_activatable, idle,
                                     "") < 0)
                return NULL;
        return g_steal_pointer(&idle);
}

void vb_idle_free(VbIdle *idle)
{
        if (!idle)
                return;
        sd_event_source_disable_unref(idle->timer);
        sd_bus_slot_unref(idle->question);
        sd_bus_slot_unref(idle->release);
        g_free(idle);
}

void vb_idle_set_time(VbIdle *idle, uint64_t usec)
{
        idle->usec = usec;
        if (!idle->release && !idle->announced)
                arm(idle);
}
