/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "bus/authority.h"
#include "bus/callers.h"
#include "bus/verbs.h"
#include "domain/domain.h"

typedef struct VbBus VbBus; /* bus/bus.h */

typedef struct VbCall VbCall;

/* Acts on an authorised call. True: replied, or will reply, and owns @call (vb_call_reply*() free it). False:
 * @error is sent by the dispatcher. */
typedef bool (*VbMethodHandler)(VbCall *call, GError **error);

/* The methods of an interface: who may, and who does it. A method that is not here is refused to everybody.
 */
typedef struct {
        const char *member;
        VbVerb verb;
        VbMethodHandler handler;
} VbMethodRule;

typedef enum { VB_TARGET_MANAGER, VB_TARGET_DOMAIN, VB_TARGET_DEVICE } VbTarget;

/* A method call under way. */
struct VbCall {
        VbBus *bus; /* borrowed */
        sd_bus_message *message;
        const VbMethodRule *rule;
        VbTarget target;
        VbCaller *caller; /* counted; NULL until the bus has said who it is */
        uid_t uid;        /* of the caller, by the bus's word; known once it is authorised */
        bool counted;     /* among the user's calls */
        /* The object it is about, looked up again after the authorisation: NULL for the manager. The domain
         * is borrowed for the handler's run. */
        VbDomain *domain;
        const VbDevice *device;
};

/* The handler of every method in every vtable: finds the rule, has the caller authorised, looks the object up
 * again and runs the rule's handler. */
int vb_call_dispatch(VbBus *bus, sd_bus_message *message, const VbMethodRule *rules, VbTarget target);

/* Whether the caller may do @verb too, for handlers that find out more than the method's name tells. @done is
 * called once, at once for root and the service's own user; @call is still the callee's to end. Anything may
 * have happened to the domain by then. */
typedef void (*VbCallAuthorised)(VbCall *call, const GError *error, void *userdata);
void vb_call_authorise(VbCall *call, VbVerb verb, const VbAuthorityDetails *details, VbCallAuthorised done,
                       void *userdata);

/* The rule of a method; NULL if there is none. */
const VbMethodRule *vb_call_find_rule(const VbMethodRule *rules, const char *member);

/* Replies; each first sends what has changed, and ends the call. */
void vb_call_reply(VbCall *call, const char *types, ...);
void vb_call_reply_message(VbCall *call, sd_bus_message *reply);
void vb_call_reply_error(VbCall *call, const GError *error);
/* A VbDone for calls that return nothing. */
void vb_call_reply_done(VbDomain *domain, const GError *error, void *call);
