/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* systemd's scopes: units that hold processes which it did not start itself.
 * https://systemd.io/CONTROL_GROUP_INTERFACE/ and org.freedesktop.systemd1(5) */
typedef struct VbScopes VbScopes;
typedef struct VbScopeStart VbScopeStart;
typedef struct VbScopeChange VbScopeChange;

/* @bus (borrowed) is where systemd is, if anywhere: the system's, or with @user the user's own manager. With
 * @required a systemd that is not there is an error, else there are no scopes then. NULL: no memory. */
VbScopes *vb_scopes_new(sd_bus *bus, bool user, bool required);
void vb_scopes_free(VbScopes *scopes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbScopes, vb_scopes_free)

/* A property of a unit, as in systemd.resource-control(5). */
typedef struct {
        const char *name; /* a literal */
        uint64_t value;   /* type t; of a limit UINT64_MAX: none */
        GBytes *bits;     /* type ay instead: a set of numbers, the lowest first */
        char *device;     /* type a(st) instead: of this device */
} VbScopeProperty;

VbScopeProperty *vb_scope_property_new(const char *name, uint64_t value);
void vb_scope_property_free(VbScopeProperty *property);

/* What a scope is to be. All is borrowed for the call. */
typedef struct {
        const char *unit; /* "virtbus-7.scope" */
        const char *description;
        const char *slice;           /* made by systemd when it is first needed */
        const GArray *pids;          /* pid_t; those that are there */
        const GPtrArray *properties; /* VbScopeProperty; NULL: none */
} VbScope;

/* NULL @error: the processes are in the scope, or, where @made is false, there is no systemd. */
typedef void (*VbScopeDone)(bool made, const GError *error, void *userdata);

/* Puts processes into a new scope. @done is called once, later, when systemd's job is done: EMULATOR_FAILED
 * or TIMEOUT if it could not be. A scope of that name which is still going away is waited for. */
VbScopeStart *vb_scope_start(VbScopes *scopes, const VbScope *scope, VbScopeDone done, void *userdata);
/* Forgets the caller: @done is not called any more. NULL is allowed. */
void vb_scope_start_cancel(VbScopeStart *start);

/* Has systemd stop a scope if it is still there: one whose last process had gone before systemd looked stays
 * otherwise. Returns at once; whoever starts one of that name next waits for it. */
void vb_scope_stop(VbScopes *scopes, const char *unit);

/* Changes properties of a scope that is there, for as long as it is. @done comes once, from the main loop:
 * EMULATOR_FAILED if it could not be. */
VbScopeChange *vb_scope_change(VbScopes *scopes, const char *unit, const GPtrArray *properties,
                               void (*done)(const GError *error, void *userdata), void *userdata);
/* The same for one more process that is put into it. */
VbScopeChange *vb_scope_attach(VbScopes *scopes, const char *unit, pid_t pid,
                               void (*done)(const GError *error, void *userdata), void *userdata);
/* Forgets the caller: @done is not called any more. NULL is allowed. */
void vb_scope_change_cancel(VbScopeChange *change);
