/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "domain/domain.h"
#include "host/room.h"
#include "host/spawn.h"
#include "qemu/monitor.h"

/* What was under way with a guest that is stopped for it; another run of the service may have to finish it. */
typedef enum {
        VB_TRANSFER_NONE,
        VB_TRANSFER_SAVING,   /* save.h */
        VB_TRANSFER_RESTORED, /* restore.h */
        _VB_TRANSFER_MAX,
} VbTransfer;

/* A domain's running emulator: its process, its monitor, its directory. */
struct VbGuest {
        VbDomain *domain; /* borrowed: owns the guest */
        VbRoom *room;     /* borrowed from what the domain is provided with */
        VbChild child;
        unsigned long long start_ticks; /* with the pid, names the process for ever */
        uint64_t started_usec;          /* CLOCK_REALTIME */
        VbMonitor *monitor;             /* NULL while it is not connected */
        sd_event_source *exit_source;
        guint exit_poll;                /* where that cannot be had */
        sd_event_source *kill_timer;    /* it was asked to end */
        sd_event_source *log_timer;     /* it has ended, and what it printed is waited for */
        sd_event_source *monitor_timer; /* it is given time to end, or the monitor is opened again */
        sd_event_source *reset_timer;   /* RESET is waited for */
        sd_event_source *status_source; /* the status is to be saved */
        unsigned n_reopened;
        /* Told once when the monitor is ready, or never will be. */
        void (*on_ready)(VbGuest *guest, const GError *error, void *userdata);
        void *ready_data;
        GError *closed_error; /* why the monitor closed before it was ready */

        uint64_t balloon_bytes; /* 0: as defined */
        bool ending;
        bool exited; /* the process has, and waits to be reaped */
        VbDetail end_reason;
        bool shutdown_requested, reboot_requested, pause_requested, resume_requested;
        bool restarting;       /* it has stopped by itself and is to be reset and run again */
        uint64_t reset_usec;   /* CLOCK_MONOTONIC of the last reset */
        VbDetail stop_cause;   /* announced by an event before STOP; UNKNOWN: none */
        VbTransfer transfer;
        bool transfer_runs; /* it goes on when that is done, or undone */
        GArray *end_waiters;   /* VbGuestWaiter: who wants to know when it has gone */
        GArray *reset_waiters; /* who wants to know when it has been reset */
};

typedef struct {
        VbDone done;
        void *userdata;
} VbGuestWaiter;

/* Takes @child over and watches the process. The guest is the domain's from here on; the domain is provided
 * with a room. */
VbGuest *vb_guest_new(VbDomain *domain, VbChild *child, uint64_t started_usec);
/* Lets go of it: the process runs on. */
void vb_guest_free(VbGuest *guest);

pid_t vb_guest_pid(const VbGuest *guest);

/* For what took a while and looks again. Whether there is a guest that is not about to end: INVALID_STATE. */
bool vb_guest_check_there(const VbDomain *domain, GError **error);
/* Whether it can be told something, too: MONITOR where its monitor is not connected, BUSY while it is being saved. */
bool vb_guest_check_reachable(const VbDomain *domain, GError **error);

/* Connects to the monitor over @fd (taken over) or, if that is -1, anew; @on_ready is called once, later. */
void vb_guest_open_monitor(VbGuest *guest, int fd, void (*on_ready)(VbGuest *, const GError *, void *),
                           void *userdata);

/* Connects again in a while, as often as it takes. */
void vb_guest_reopen_monitor(VbGuest *guest);

/* Ends the process: asks it (SIGTERM), then kills it. @reason becomes the reason of the shut-off state. The
 * first reason counts. */
void vb_guest_end(VbGuest *guest, VbDetail reason);
/* The same without asking. */
void vb_guest_kill(VbGuest *guest, VbDetail reason);

/* @done is called when the guest has gone and the domain is shut off. */
void vb_guest_wait_end(VbGuest *guest, VbDone done, void *userdata);
/* @done is called when the guest has been reset, or has gone first (with an error). */
void vb_guest_wait_reset(VbGuest *guest, VbDone done, void *userdata);
/* It has been reset, or never will be (@error). */
void vb_guest_tell_reset(VbGuest *guest, const GError *error);

/* Presses the reset button, also where a reset by the guest itself would end it. @reply is for the command;
 * that it has been done is told by the RESET event. */
void vb_guest_reset(VbGuest *guest, VbMonitorReply reply, void *userdata);

/* Writes down what a restarted service must know: at once where the emulator cannot tell it, soon where it
 * only saves asking. */
void vb_guest_save_status(VbGuest *guest);
void vb_guest_save_status_soon(VbGuest *guest);

/* What is under way with it from now on; written down at once. */
void vb_guest_mark_transfer(VbGuest *guest, VbTransfer transfer, bool runs);

/* The same for the definition that it runs with now. It is the guest's whether another run of the service knows it or
 * not, so that a failure is logged only. */
void vb_guest_save_live(VbGuest *guest);

/* Asks the emulator how it is (query-status) and corrects our record; then @done. After a reconnection. */
void vb_guest_resync(VbGuest *guest, VbDone done, void *userdata);

/* domain/guest-events.c: what the emulator says by itself. */
void vb_guest_event(VbGuest *guest, const char *name, json_object *data);
/* What its run state says about what we missed. */
void vb_guest_apply_status(VbGuest *guest, const char *status);
