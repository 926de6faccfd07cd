/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "host/identity.h"
#include "qemu/json.h"

/* One short life of an emulator, in which it is asked something. */
typedef struct VbProbeSession VbProbeSession;

/* @result is borrowed and NULL where QEMU refused the question. False with @error ends the session. */
typedef bool (*VbProbeAnswer)(VbProbeSession *session, json_object *result, const char *subject,
                              GError **error);

/* What is asked, and what is made of it. */
typedef struct {
        /* The first questions; answers may lead to more. */
        void (*ask)(VbProbeSession *session);
        /* Nothing is open any more. False with @error if the answers do not make sense. */
        bool (*conclude)(VbProbeSession *session, GError **error);
        /* With the devices that QEMU adds where nobody asks for any. */
        bool defaults;
} VbProbeKind;

typedef struct {
        /* The result, once: @error is NULL if the kind's state is complete. Comes from the loop. */
        void (*done)(VbProbeSession *session, const GError *error, void *userdata);
        /* The process is reaped; the session is freed after this returns. */
        void (*gone)(VbProbeSession *session, void *userdata);
} VbProbeHandler;

/* Starts @emulator, stopped and without any device that it would not have by itself, as @machine, run by
 * @runner (NULL: ourselves). @state is for the kind, and borrowed until `done`; without it, nothing is asked
 * before vb_probe_session_release(). */
VbProbeSession *vb_probe_session_new(sd_event *event, const char *emulator, const char *machine,
                                     const VbIdentity *runner, uint64_t timeout_usec, const VbProbeKind *kind,
                                     void *state, const VbProbeHandler *handler, void *userdata,
                                     GError **error);
void vb_probe_session_release(VbProbeSession *session, void *state);
/* Nobody wants to know: `done` is not called, `gone` is. */
void vb_probe_session_abandon(VbProbeSession *session);
/* Kills and reaps; no callback is called any more. NULL is allowed. */
void vb_probe_session_free(VbProbeSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbProbeSession, vb_probe_session_free)

void *vb_probe_session_state(VbProbeSession *session);

/* @arguments is taken over and may be NULL. @subject is copied and given back to @answer; NULL is allowed. */
void vb_probe_session_ask(VbProbeSession *session, const char *command, json_object *arguments,
                          const char *subject, VbProbeAnswer answer);
