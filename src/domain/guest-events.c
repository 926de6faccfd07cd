/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an emulator says by itself, and what becomes of the domain: a row per event.
 * https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html
 *
 * The emulator is started so that it only stops when its guest shuts down or panics (-action), and tells the reason
 * before STOP; what is done about it is decided here, by on_poweroff, on_reboot and on_crash. */
#include <string.h>

#include "domain/guest.h"
#include "util/json.h"
#include "util/log.h"

#define CONT_USEC (10 * G_USEC_PER_SEC)
/* Firmware that finds itself started warm resets the machine once more (SeaBIOS does): within this time that is part of
 * the same reboot. A guest that resets in a loop is told of no oftener either. */
#define REBOOT_USEC G_USEC_PER_SEC

/* "" where there is none, so that it can be compared. */
static const char *get_string(json_object *data, const char *key)
{
        const char *text = "";

        (void) vb_json_get_string(data, key, &text);
        return text;
}

static void become(VbGuest *guest, VbState state, VbEvent event, VbDetail detail)
{
        vb_domain_set_state(guest->domain, state, detail);
        vb_guest_save_status_soon(guest);
        vb_domain_event(guest->domain, event, detail);
}

static void on_reset_sent(VbMonitor *monitor, json_object *result, const GError *error, void *userdata)
{
        g_autoptr(VbDomain) domain = userdata;

        /* A monitor that has closed is opened again, and the guest's state looked at. */
        if (!error || !domain->guest || !vb_monitor_is_ready(monitor))
                return;
        vb_log_domain(G_LOG_LEVEL_WARNING, domain->name, domain->uuid, "it could not be started over: %s",
                      error->message);
        vb_guest_end(domain->guest, VB_DETAIL_FAILED);
}

/* Resets a guest that has stopped by itself; RESET then lets it run. */
static void start_over(VbGuest *guest)
{
        if (guest->monitor)
                vb_guest_reset(guest, on_reset_sent, vb_domain_ref(guest->domain));
}

static void guest_has_shut_down(VbGuest *guest, bool by_reset)
{
        const VbDomainDef *def = guest->domain->live;
        VbLifecycleAction action = by_reset ? def->on_reboot : def->on_poweroff;
        VbDetail detail = guest->shutdown_requested ? VB_DETAIL_REQUESTED : VB_DETAIL_GUEST;

        guest->stop_cause = VB_DETAIL_GUEST_SHUTDOWN;
        if (guest->reboot_requested)
                action = VB_ACTION_RESTART;
        switch (action) {
        case VB_ACTION_RESTART:
        case VB_ACTION_RENAME_RESTART:
                guest->restarting = true;
                break;
        case VB_ACTION_PRESERVE:
                become(guest, VB_STATE_PAUSED, VB_EVENT_SUSPENDED, VB_DETAIL_GUEST_SHUTDOWN);
                break;
        case VB_ACTION_DESTROY:
        default:
                vb_domain_set_state(guest->domain, VB_STATE_STOPPING, VB_DETAIL_SHUTDOWN);
                vb_domain_event(guest->domain, VB_EVENT_SHUTDOWN, detail);
                vb_guest_end(guest, VB_DETAIL_SHUTDOWN);
        }
}

static void on_shutdown(VbGuest *guest, json_object *data)
{
        const char *reason = get_string(data, "reason");
        bool by_guest = false;

        (void) vb_json_get_bool(data, "guest", &by_guest);
        /* Of the others ("host-signal", "host-qmp-quit"...) the end of the process tells. */
        if (g_str_equal(reason, "guest-reset"))
                guest_has_shut_down(guest, true);
        else if (by_guest && !g_str_equal(reason, "guest-panic"))
                guest_has_shut_down(guest, false);
}

static void on_stop(VbGuest *guest, json_object *data)
{
        VbDetail cause = guest->stop_cause;

        guest->stop_cause = VB_DETAIL_UNKNOWN;
        if (guest->restarting) {
                start_over(guest);
                return;
        }
        if (guest->domain->state != VB_STATE_RUNNING && guest->domain->state != VB_STATE_SUSPENDED_BY_GUEST)
                return;
        if (guest->transfer == VB_TRANSFER_SAVING)
                cause = VB_DETAIL_SAVING;
        else if (guest->pause_requested)
                cause = VB_DETAIL_REQUESTED;
        else if (cause == VB_DETAIL_UNKNOWN)
                cause = VB_DETAIL_EMULATOR;
        guest->pause_requested = false;
        become(guest, VB_STATE_PAUSED, VB_EVENT_SUSPENDED, cause);
}

static void on_resume(VbGuest *guest, json_object *data)
{
        static const VbDetail causes[_VB_TRANSFER_MAX] = { [VB_TRANSFER_SAVING] = VB_DETAIL_SAVE_CANCELED,
                                                           [VB_TRANSFER_RESTORED] = VB_DETAIL_RESTORED };
        VbDetail detail = guest->transfer != VB_TRANSFER_NONE ? causes[guest->transfer] :
                          guest->resume_requested             ? VB_DETAIL_REQUESTED :
                                                                VB_DETAIL_EMULATOR;

        guest->resume_requested = false;
        if (guest->restarting) {
                guest->restarting = false;
                vb_domain_set_state(guest->domain, VB_STATE_RUNNING, VB_DETAIL_BOOTED);
                vb_guest_save_status_soon(guest);
        } else if (guest->domain->state == VB_STATE_PAUSED || guest->domain->state == VB_STATE_CRASHED) {
                become(guest, VB_STATE_RUNNING, VB_EVENT_RESUMED, detail);
        }
}

static void on_reset(VbGuest *guest, json_object *data)
{
        VbDomain *domain = guest->domain;
        uint64_t now = (uint64_t) g_get_monotonic_time(), last = guest->reset_usec;
        bool by_guest = false;

        (void) vb_json_get_bool(data, "guest", &by_guest);
        if (by_guest && !guest->restarting && last > 0 && now - last < REBOOT_USEC) {
                vb_guest_tell_reset(guest, NULL);
                return;
        }
        guest->reset_usec = now;
        if (guest->restarting)
                by_guest = !guest->reboot_requested;
        guest->reboot_requested = false;
        guest->shutdown_requested = false;
        /* One that was kept as it had ended begins anew, too; one that slept is awake. */
        if (domain->state == VB_STATE_CRASHED || domain->state == VB_STATE_SUSPENDED_BY_GUEST ||
            (domain->state == VB_STATE_PAUSED && domain->reason == VB_DETAIL_GUEST_SHUTDOWN))
                guest->restarting = true;
        if (guest->restarting)
                vb_monitor_execute(guest->monitor, "cont", NULL, CONT_USEC, on_reset_sent, vb_domain_ref(domain));
        vb_domain_event(domain, VB_EVENT_REBOOTED, by_guest ? VB_DETAIL_GUEST : VB_DETAIL_REQUESTED);
        vb_guest_tell_reset(guest, NULL);
}

static void read_panic_info(json_object *data, VbPanicInfo *ret)
{
        static const char *const numbers[] = { "arg1", "arg2",     "arg3",     "arg4", "arg5",
                                               "core", "psw-mask", "psw-addr", NULL };
        static const char *const types[] = { "hyper-v", "s390", NULL };
        json_object *info;

        if (!vb_json_get_object(data, "info", &info))
                return;
        for (const char *const *type = types; *type; type++)
                if (g_str_equal(get_string(info, "type"), *type))
                        ret->type = *type;
        for (const char *const *name = numbers; *name && ret->n_numbers < VB_PANIC_NUMBERS_MAX; name++)
                if (vb_json_get_uint64(info, *name, &ret->numbers[ret->n_numbers].value))
                        ret->numbers[ret->n_numbers++].name = *name;
}

static void guest_has_panicked(VbGuest *guest, const VbPanicInfo *info)
{
        VbDomain *domain = guest->domain;
        VbLifecycleAction action = domain->live->on_crash;

        guest->stop_cause = VB_DETAIL_PANICKED;
        vb_domain_set_state(domain, VB_STATE_CRASHED, VB_DETAIL_PANICKED);
        vb_guest_save_status(guest);
        if (domain->service->observer && domain->service->observer->guest_panicked)
                domain->service->observer->guest_panicked(domain, action, info, domain->service->observer_data);
        vb_domain_event(domain, VB_EVENT_CRASHED, VB_DETAIL_PANICKED);
        switch (action) {
        case VB_ACTION_RESTART:
        case VB_ACTION_RENAME_RESTART:
                guest->restarting = true;
                break;
        case VB_ACTION_PRESERVE:
                break;
        case VB_ACTION_DESTROY:
        default:
                vb_guest_end(guest, VB_DETAIL_CRASHED);
        }
}

static void on_guest_panicked(VbGuest *guest, json_object *data)
{
        VbPanicInfo info = { 0 };

        read_panic_info(data, &info);
        if (guest->domain->state != VB_STATE_CRASHED)
                guest_has_panicked(guest, &info);
}

static void on_suspend(VbGuest *guest, json_object *data)
{
        if (guest->domain->state == VB_STATE_RUNNING)
                become(guest, VB_STATE_SUSPENDED_BY_GUEST, VB_EVENT_SUSPENDED_BY_GUEST, VB_DETAIL_RAM);
}

static void on_wakeup(VbGuest *guest, json_object *data)
{
        if (guest->domain->state == VB_STATE_SUSPENDED_BY_GUEST)
                become(guest, VB_STATE_RUNNING, VB_EVENT_WOKEN, VB_DETAIL_GUEST);
}

static void on_balloon_change(VbGuest *guest, json_object *data)
{
        uint64_t actual;

        if (!vb_json_get_uint64(data, "actual", &actual))
                return;
        /* The guest has no more than it was built with, whatever is said here. */
        guest->balloon_bytes = MIN(actual, guest->domain->live->memory);
        vb_guest_save_status_soon(guest);
        vb_domain_notify(guest->domain, VB_FIELD_MEMORY_ACTUAL);
}

static void on_block_io_error(VbGuest *guest, json_object *data)
{
        if (g_str_equal(get_string(data, "action"), "stop"))
                guest->stop_cause = VB_DETAIL_IO_ERROR;
}

static void on_watchdog(VbGuest *guest, json_object *data)
{
        if (g_str_equal(get_string(data, "action"), "pause"))
                guest->stop_cause = VB_DETAIL_WATCHDOG;
}

static const struct {
        const char *name;
        void (*handle)(VbGuest *guest, json_object *data);
} events[] = {
        { "SHUTDOWN", on_shutdown },
        { "STOP", on_stop },
        { "RESUME", on_resume },
        { "RESET", on_reset },
        { "GUEST_PANICKED", on_guest_panicked },
        { "SUSPEND", on_suspend },
        { "WAKEUP", on_wakeup },
        { "BALLOON_CHANGE", on_balloon_change },
        { "BLOCK_IO_ERROR", on_block_io_error },
        { "WATCHDOG", on_watchdog },
};

void vb_guest_event(VbGuest *guest, const char *name, json_object *data)
{
        /* Until a start is done the guest has not run, and its end is told by the start. */
        if (guest->domain->state == VB_STATE_STARTING)
                return;
        for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
                if (g_str_equal(events[i].name, name)) {
                        events[i].handle(guest, data);
                        return;
                }
}

static void missed_run(VbGuest *guest)
{
        if (guest->domain->state != VB_STATE_RUNNING)
                become(guest, VB_STATE_RUNNING, VB_EVENT_RESUMED, VB_DETAIL_EMULATOR);
}

static void missed_stop(VbGuest *guest, VbDetail cause)
{
        if (guest->domain->state == VB_STATE_RUNNING || guest->domain->state == VB_STATE_SUSPENDED_BY_GUEST)
                become(guest, VB_STATE_PAUSED, VB_EVENT_SUSPENDED, cause);
}

void vb_guest_apply_status(VbGuest *guest, const char *status)
{
        VbDomain *domain = guest->domain;

        if (g_str_equal(status, "running")) {
                missed_run(guest);
        } else if (g_str_equal(status, "shutdown")) {
                if (domain->state != VB_STATE_PAUSED)
                        guest_has_shut_down(guest, false);
                if (guest->restarting && !guest->ending)
                        start_over(guest);
        } else if (g_str_equal(status, "guest-panicked")) {
                if (domain->state != VB_STATE_CRASHED || domain->live->on_crash != VB_ACTION_PRESERVE)
                        guest_has_panicked(guest, &(VbPanicInfo){ 0 });
                if (guest->restarting && !guest->ending)
                        start_over(guest);
        } else if (g_str_equal(status, "suspended")) {
                if (domain->state != VB_STATE_SUSPENDED_BY_GUEST)
                        on_suspend(guest, NULL);
        } else if (g_str_equal(status, "io-error")) {
                missed_stop(guest, VB_DETAIL_IO_ERROR);
        } else if (g_str_equal(status, "watchdog")) {
                missed_stop(guest, VB_DETAIL_WATCHDOG);
        } else {
                missed_stop(guest, guest->transfer == VB_TRANSFER_SAVING ? VB_DETAIL_SAVING : VB_DETAIL_EMULATOR);
        }
}
