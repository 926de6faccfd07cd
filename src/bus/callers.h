/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

/* The connections that have called us, and whose they are: by the bus's word, never by a message's. A
 * connection that is made again has another unique name, which a bus never gives twice, and is another
 * caller. */
typedef struct VbCallers VbCallers;

typedef struct {
        gint refs;
        char *name;         /* the unique one */
        uid_t uid;          /* valid once identified */
        GCancellable *gone; /* cancelled when it leaves the bus */
} VbCaller;

VbCaller *vb_caller_ref(VbCaller *caller);
void vb_caller_unref(VbCaller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbCaller, vb_caller_unref)

/* 0 or -errno. @bus must outlive the result. */
int vb_callers_new(sd_bus *bus, VbCallers **ret);
/* Whoever waits is answered with ACCESS_DENIED. */
void vb_callers_free(VbCallers *callers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VbCallers, vb_callers_free)

/* @caller is borrowed for the call; NULL with ACCESS_DENIED where the bus does not know it (any more), or
 * with LIMITS_EXCEEDED. */
typedef void (*VbCallerIdentified)(VbCaller *caller, const GError *error, void *userdata);

/* Finds out who has the unique name @name. @done may be called before this returns. Those that ask for the
 * same name are answered in the order in which they asked. */
void vb_callers_identify(VbCallers *callers, const char *name, VbCallerIdentified done, void *userdata);
