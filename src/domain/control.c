/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user can press while there is a guest: a row per button. The state that comes of it is told by the
 * emulator's events (guest-events.c), which arrive before its answer. */
#include "domain/control.h"

#include <assert.h>

#include "domain/guest.h"
#include "domain/start.h"
#include "util/error.h"

#define COMMAND_USEC (30 * G_USEC_PER_SEC)

#define BIT(state) (1U << VB_STATE_##state)
#define HAS_PROCESSORS (BIT(RUNNING) | BIT(PAUSED) | BIT(CRASHED) | BIT(SUSPENDED_BY_GUEST))

typedef struct {
        VbDomain *domain;
        void (*unmark)(VbGuest *guest);
        VbDone done;
        void *userdata;
} Call;

static void mark_shutdown(VbGuest *guest)
{
        guest->shutdown_requested = true;
        guest->reboot_requested = false;
        vb_guest_save_status(guest);
}

static void mark_reboot(VbGuest *guest)
{
        guest->reboot_requested = true;
        guest->shutdown_requested = false;
        vb_guest_save_status(guest);
}

static void unmark_power_button(VbGuest *guest)
{
        guest->shutdown_requested = guest->reboot_requested = false;
        vb_guest_save_status(guest);
}

static void mark_pause(VbGuest *guest)
{
        guest->pause_requested = true;
}

static void mark_resume(VbGuest *guest)
{
        guest->resume_requested = true;
}

static void unmark_processors(VbGuest *guest)
{
        guest->pause_requested = guest->resume_requested = false;
}

static const struct {
        const char *operation; /* as in "cannot be ..." */
        unsigned states;
        const char *command; /* NULL: a reset, whose answer comes before the deed */
        void (*mark)(VbGuest *guest);   /* so that the event that follows is known for its effect */
        void (*unmark)(VbGuest *guest); /* it was refused */
} controls[] = {
        [VB_CONTROL_SHUTDOWN] = { "shut down", BIT(RUNNING), "system_powerdown", mark_shutdown, unmark_power_button },
        [VB_CONTROL_REBOOT] = { "rebooted", BIT(RUNNING), "system_powerdown", mark_reboot, unmark_power_button },
        [VB_CONTROL_RESET] = { "reset", HAS_PROCESSORS, NULL, NULL, NULL },
        [VB_CONTROL_SUSPEND] = { "suspended", BIT(RUNNING), "stop", mark_pause, unmark_processors },
        [VB_CONTROL_RESUME] = { "resumed", BIT(PAUSED), "cont", mark_resume, unmark_processors },
};
static_assert(G_N_ELEMENTS(controls) == _VB_CONTROL_MAX, "a control has no row");

static void on_answer(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autofree Call *call = userdata;
        g_autoptr(VbDomain) domain = call->domain;

        if (error && domain->guest && call->unmark)
                call->unmark(domain->guest);
        call->done(domain, error, call->userdata);
}

/* Only a refusal is news: that it has been done is told by the RESET event. */
static void on_reset_answer(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;

        if (error && domain->guest)
                vb_guest_tell_reset(domain->guest, error);
}

static void on_reset(VbDomain *domain, const GError *error, void *userdata)
{
        g_autofree Call *call = userdata;
        g_autoptr(VbDomain) reference = call->domain;

        call->done(domain, error, call->userdata);
}

bool vb_control(VbDomain *domain, VbControl control, VbDone done, void *userdata, GError **error)
{
        VbGuest *guest = domain->guest;
        Call *call;

        if (!vb_domain_check_state(domain, controls[control].states, controls[control].operation, error))
                return false;
        if (!vb_guest_check_reachable(domain, error))
                return false;
        call = g_new(Call, 1);
        *call = (Call){ .domain = vb_domain_ref(domain),
                        .unmark = controls[control].unmark,
                        .done = done,
                        .userdata = userdata };
        if (controls[control].mark)
                controls[control].mark(guest);
        if (!controls[control].command) {
                vb_guest_wait_reset(guest, on_reset, call);
                vb_guest_reset(guest, on_reset_answer, vb_domain_ref(domain));
        } else {
                vb_monitor_execute(guest->monitor, controls[control].command, NULL, COMMAND_USEC, on_answer, call);
        }
        return true;
}

bool vb_power_off(VbDomain *domain, VbDone done, void *userdata, GError **error)
{
        if (!vb_domain_check_state(domain, ~BIT(SHUTOFF), "powered off", error))
                return false;
        if (domain->start) {
                vb_start_cancel(domain, done, userdata);
                return true;
        }
        if (!domain->guest)
                return vb_error_set(error, VB_ERROR_INVALID_STATE, "domain '%s' cannot be powered off: it has no process",
                                    domain->name);
        vb_guest_wait_end(domain->guest, done, userdata);
        vb_guest_end(domain->guest, VB_DETAIL_POWERED_OFF);
        return true;
}
