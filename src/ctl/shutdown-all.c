/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends all domains with the host. That the service cannot be asked does not mean that they are off: it is
 * asked again until the time is over. */
#include "ctl/commands.h"
#include "ctl/ending.h"

#include <stdio.h>
#include <systemd/sd-event.h>

/* Between two looks. */
#define LOOK_USEC (500 * 1000)
/* What a guest takes to be gone when its plug is pulled. */
#define PLUG_USEC (20 * G_USEC_PER_SEC)

typedef struct {
        VbCtl *ctl;
        VbCtlEnding *ending;
        sd_event *event;
        sd_event_source *timer;
        bool overdue;  /* told */
        GError *error; /* why it failed */
} All;

/* How many still run. */
static unsigned act(All *all, GHashTable *states)
{
        GHashTableIter iter;
        gpointer path, state;
        unsigned n = 0;

        g_hash_table_iter_init(&iter, states);
        while (g_hash_table_iter_next(&iter, &path, &state)) {
                if (vb_ctl_is_off(state))
                        continue;
                n++;
                vb_ctl_ending_act(all->ending, path);
        }
        return n;
}

static int look(All *all);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        return look(userdata);
}

static int look(All *all)
{
        g_autoptr(GError) away = NULL;
        g_autoptr(GHashTable) states =
                vb_ctl_reconnect(all->ctl, all->event) >= 0 ? vb_ctl_read_states(all->ctl, &away) : NULL;
        int64_t overdue_usec = vb_ctl_ending_overdue_usec(all->ending);
        unsigned n = states ? act(all, states) : 0;

        if (states && n == 0)
                return sd_event_exit(all->event, 0);
        if (n > 0 && overdue_usec >= 0 && !all->overdue) {
                fprintf(stderr, "virtbusctl: %u have their plug pulled\n", n);
                all->overdue = true;
        }
        if (overdue_usec >= PLUG_USEC) {
                vb_ctl_fail(&all->error, VB_CTL_ERROR_FAILED, "%s%s",
                            states ? "some domains still run" : "some domains may still run: ",
                            states ? "" : away ? away->message : "there is no bus");
                return sd_event_exit(all->event, 0);
        }
        all->timer = sd_event_source_disable_unref(all->timer);
        return sd_event_add_time_relative(all->event, &all->timer, CLOCK_MONOTONIC, LOOK_USEC, 0, on_timer,
                                          all);
}

/* Without a service there is nothing that it could be asked to end. One that has just ended is started by
 * being asked; but a host that shuts down starts none. */
static bool is_there(VbCtl *ctl)
{
        g_autoptr(GHashTable) states = vb_ctl_read_states(ctl, NULL);

        return states || sd_bus_get_name_creds(ctl->bus, VB_CTL_SERVICE, 0, NULL) >= 0;
}

bool vb_ctl_shutdown_all(VbCtl *ctl, char **args, GError **error)
{
        All all = { .ctl = ctl };
        VbCtlEndingWish wish;
        int r;

        if (!vb_ctl_ending_read(&wish, error) || !vb_ctl_connect(ctl, error))
                return false;
        if (!is_there(ctl))
                return true;
        r = sd_event_default(&all.event);
        if (r >= 0)
                r = sd_bus_attach_event(ctl->bus, all.event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0) {
                all.ending = vb_ctl_ending_new(ctl, &wish);
                r = look(&all);
        }
        if (r >= 0)
                r = sd_event_loop(all.event);
        if (r < 0)
                vb_ctl_fail(&all.error, VB_CTL_ERROR_FAILED, "cannot listen on the bus: %s", g_strerror(-r));
        vb_ctl_ending_free(all.ending);
        sd_event_source_disable_unref(all.timer);
        vb_ctl_disconnect(ctl);
        sd_event_unref(all.event);
        if (!all.error)
                return true;
        g_propagate_error(error, all.error);
        return false;
}
