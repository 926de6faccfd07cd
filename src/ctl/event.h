/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/json.h"

/* One signal of the service, on its way to a line of `virtbusctl monitor`. */
typedef struct {
        uint64_t time_usec; /* CLOCK_REALTIME, when we read it */
        const char *path;
        const char *interface;
        const char *member;
        const char *signature;
        json_object *arguments; /* an array, of what @signature says */
        const char *object;     /* what it is about: @path, or the object that comes or goes */
        const char *domain;     /* the name of the domain that @object belongs to; NULL if it is none's */
} VbCtlEvent;

/* What happened, for people: "started (booted)", "State=running". */
char *vb_ctl_event_describe(const VbCtlEvent *event);

/* Prints the event: "TIME DOMAIN[/ALIAS] DESCRIPTION", or one JSON object. */
void vb_ctl_event_print(const VbCtlEvent *event);
void vb_ctl_event_print_json(const VbCtlEvent *event);
