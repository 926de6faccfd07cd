/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saves, buttons and plugs: for each domain the last call, and what came of it. */
#include "ctl/ending.h"

#include <stdio.h>

#define SHUTDOWN_SECONDS 120
#define SHUTDOWN_SECONDS_MAX 86400
/* A guest that is just being booted does not hear its button, and nobody can tell. One that has heard it
 * takes no notice of another press. OpenStack's Nova waits as long between two (shutdown_retry_interval). */
#define PRESS_AGAIN_USEC (10 * G_USEC_PER_SEC)

typedef enum { SAVE, BUTTON, PLUG, _VERB_MAX } Verb;

static const char *const methods[] = { [SAVE] = "ManagedSave", [BUTTON] = "Shutdown", [PLUG] = "PowerOff" };

typedef struct {
        VbCtlEnding *ending; /* borrowed */
        char *path;
        sd_bus_slot *calls[_VERB_MAX]; /* under way */
        bool pressed;                  /* the guest has been told */
        int64_t pressed_usec;          /* when, for the last time */
        bool no_save, no_button;
        char *complaint; /* the last that was told */
} Target;

struct VbCtlEnding {
        VbCtl *ctl;
        int64_t deadline;
        bool save;
        GHashTable *targets; /* by path */
};

bool vb_ctl_ending_read(VbCtlEndingWish *ret, GError **error)
{
        const char *text = g_getenv("VIRTBUS_SHUTDOWN_SECONDS"), *what = g_getenv("VIRTBUS_ON_SHUTDOWN");
        uint64_t seconds = SHUTDOWN_SECONDS;

        if (text && !g_ascii_string_to_unsigned(text, 10, 0, SHUTDOWN_SECONDS_MAX, &seconds, NULL))
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE,
                                   "VIRTBUS_SHUTDOWN_SECONDS is a number up to %d, not '%s'",
                                   SHUTDOWN_SECONDS_MAX, text);
        if (what && !g_str_equal(what, "shutdown") && !g_str_equal(what, "save"))
                return vb_ctl_fail(error, VB_CTL_ERROR_USAGE, "VIRTBUS_ON_SHUTDOWN is 'shutdown' or 'save', not '%s'",
                                   what);
        *ret = (VbCtlEndingWish){ .patience_usec = seconds * G_USEC_PER_SEC,
                                  .save = what && g_str_equal(what, "save") };
        return true;
}

static void target_free(gpointer data)
{
        Target *target = data;

        for (size_t i = 0; i < _VERB_MAX; i++)
                sd_bus_slot_unref(target->calls[i]);
        g_free(target->path);
        g_free(target->complaint);
        g_free(target);
}

VbCtlEnding *vb_ctl_ending_new(VbCtl *ctl, const VbCtlEndingWish *wish)
{
        VbCtlEnding *ending = g_new(VbCtlEnding, 1);

        *ending =
                (VbCtlEnding){ .ctl = ctl,
                               .deadline = g_get_monotonic_time() + (int64_t) wish->patience_usec,
                               .save = wish->save,
                               .targets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, target_free) };
        return ending;
}

void vb_ctl_ending_free(VbCtlEnding *ending)
{
        if (!ending)
                return;
        g_hash_table_unref(ending->targets);
        g_free(ending);
}

static Target *find_target(VbCtlEnding *ending, const char *path)
{
        Target *target = g_hash_table_lookup(ending->targets, path);

        if (target)
                return target;
        target = g_new0(Target, 1);
        target->ending = ending;
        target->path = g_strdup(path);
        g_hash_table_insert(ending->targets, target->path, target);
        return target;
}

/* Once, however often it is met. */
static void complain(Target *target, const GError *error)
{
        if (g_strcmp0(target->complaint, error->message) == 0)
                return;
        g_free(target->complaint);
        target->complaint = g_strdup(error->message);
        fprintf(stderr, "virtbusctl: %s%s\n", error->message,
                target->no_button ? "; its plug is pulled" :
                target->no_save   ? "; it is shut down instead of being saved" :
                                    "");
}

static void call(Target *target, Verb verb);

/* Its guest, or the disk, is to blame for what the service says, and will be again: it is shut down. Other failures may
 * pass: a service that is just coming back, something else that is being done to the domain. */
static int on_saved(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        Target *target = userdata;
        g_autoptr(GError) error = NULL;

        target->calls[SAVE] = sd_bus_slot_unref(target->calls[SAVE]);
        if (vb_ctl_check_reply(target->ending->ctl, reply, &error))
                return 0;
        target->no_save = error->code != VB_CTL_ERROR_FAILED && error->code != VB_CTL_ERROR_BUSY;
        complain(target, error);
        if (target->no_save)
                call(target, BUTTON);
        return 0;
}

static int on_pressed(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        Target *target = userdata;
        g_autoptr(GError) error = NULL;

        target->calls[BUTTON] = sd_bus_slot_unref(target->calls[BUTTON]);
        target->pressed_usec = g_get_monotonic_time();
        /* That it cannot be pressed once more may come from its being heard. */
        if (vb_ctl_check_reply(target->ending->ctl, reply, &error) || target->pressed) {
                target->pressed = true;
                return 0;
        }
        /* Any other failure may pass: a service that is just coming back, a monitor that is busy. */
        target->no_button = g_error_matches(error, VB_CTL_ERROR, VB_CTL_ERROR_INVALID_STATE);
        complain(target, error);
        if (target->no_button)
                call(target, PLUG);
        return 0;
}

static int on_pulled(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
        Target *target = userdata;
        g_autoptr(GError) error = NULL;

        target->calls[PLUG] = sd_bus_slot_unref(target->calls[PLUG]);
        if (!vb_ctl_check_reply(target->ending->ctl, reply, &error) &&
            !g_error_matches(error, VB_CTL_ERROR, VB_CTL_ERROR_INVALID_STATE))
                complain(target, error);
        return 0;
}

static void call(Target *target, Verb verb)
{
        static const sd_bus_message_handler_t handlers[] = { [SAVE] = on_saved,
                                                               [BUTTON] = on_pressed,
                                                               [PLUG] = on_pulled };
        g_autoptr(GError) error = NULL;

        if (!target->calls[verb] && !vb_ctl_press(target->ending->ctl, target->path, methods[verb],
                                                  &target->calls[verb], handlers[verb], target, &error))
                complain(target, error);
}

void vb_ctl_ending_act(VbCtlEnding *ending, const char *path)
{
        Target *target = find_target(ending, path);

        if (target->no_button || vb_ctl_ending_overdue_usec(ending) >= 0)
                call(target, PLUG);
        else if (ending->save && !target->no_save)
                call(target, SAVE);
        else if (!target->pressed || g_get_monotonic_time() - target->pressed_usec >= PRESS_AGAIN_USEC)
                call(target, BUTTON);
}

void vb_ctl_ending_hurry(VbCtlEnding *ending)
{
        ending->deadline = MIN(ending->deadline, g_get_monotonic_time());
}

int64_t vb_ctl_ending_overdue_usec(const VbCtlEnding *ending)
{
        return g_get_monotonic_time() - ending->deadline;
}

GHashTable *vb_ctl_read_states(VbCtl *ctl, GError **error)
{
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GHashTable) states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        const char *state, *path;
        int r;

        if (!vb_ctl_call(ctl, VB_CTL_READS, VB_CTL_ROOT, VB_CTL_MANAGER, "ListDomains", &reply, error, ""))
                return NULL;
        r = sd_bus_message_enter_container(reply, 'a', "(ssuso)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssuso)", NULL, NULL, NULL, &state, &path)) > 0)
                g_hash_table_insert(states, g_strdup(path), g_strdup(state));
        if (r < 0) {
                vb_ctl_fail_reply(error, r);
                return NULL;
        }
        return g_steal_pointer(&states);
}

bool vb_ctl_is_off(const char *state)
{
        return !state || g_str_equal(state, "shutoff");
}
