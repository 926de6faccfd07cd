/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>

#include "conf/host-resources.h"
#include "domain/domain.h"
#include "domain/requester.h"

/* What of the host a domain of an unprivileged owner may use. It is asked for when somebody puts it into the
 * definition, of whoever does so, and recorded with the definition. A start, whoever wants it, needs the
 * record for everything that is named at that moment: so nobody's click, and no boot, opens what the owner
 * may not. Root's own domains need none, and neither do those of a service that has only its user's rights.
 */
typedef struct {
        VbHostUse use;
        char *where;
        char digest[VB_DIGEST_LENGTH + 1]; /* of the element as it was granted */
        uid_t by;                          /* who granted it, by being allowed to put it there */
        uint64_t time;                     /* CLOCK_REALTIME, microseconds */
        bool fresh;                        /* by the question that this is the answer to */
} VbGrant;

/* VbGrant *, owned. */
GPtrArray *vb_grants_new(void);

bool vb_grants_are_needed(uid_t owner);

/* Whether any grant is of that kind: the group of /dev/kvm is given to a guest for VB_USE_KVM alone. */
bool vb_grants_have(const GPtrArray *grants, VbHostUse use);

/* Whether everything that @def names was granted to @domain: ACCESS_DENIED with what was not, and what to do.
 * KVM is left to the device: whom it was granted gets its group, and others find it shut. */
bool vb_grants_check(const VbDomain *domain, const VbDomainDef *def, const VbEmulatorFacts *emulator,
                     GError **error);

/* The same of the emulator alone, before it is run to be asked what it is. */
bool vb_grants_check_emulator(const VbDomain *domain, const VbDomainDef *def, GError **error);

/* Those of the domain's that @def still names, or what the guest was saved with: that is what starts next. */
GPtrArray *vb_grants_keep(const VbDomain *domain, const VbDomainDef *def);

/* As {"action", "where", "digest", "by", "time"}, in a list. What cannot be read is not granted. */
json_object *vb_grants_to_json(const GPtrArray *grants);
GPtrArray *vb_grants_from_json(json_object *list);

/* What is asked. All is borrowed for the call. */
typedef struct {
        uid_t owner;
        const VbDomainDef *def;
        const VbEmulatorFacts *emulator;
        const GPtrArray *granted; /* already; NULL: nothing */
        const GPtrArray *asked;   /* by an earlier question of the same caller's; NULL: nothing */
        const char *alias;        /* only what this device names; NULL: everything */
} VbGrantQuestion;

/* @grants (the callee's) is what @def names, with what was granted before as it was; NULL with @error. */
typedef void (*VbGrantsDone)(GPtrArray *grants, const GError *error, void *userdata);

/* Asks whether the caller may let the owner's domain use what the definition names and was not granted.
 * Nothing may have been changed before @done, which may come at once, and minutes later if a person is asked.
 */
void vb_grants_ask(const VbRequester *requester, const VbGrantQuestion *question, VbService *service,
                   VbGrantsDone done, void *userdata);

/* The same of the emulator alone, of a definition that need not be completed. */
void vb_grants_ask_emulator(const VbRequester *requester, const VbGrantQuestion *question, VbGrantsDone done,
                            void *userdata);

/* Whether @grants have everything that is asked for: ACCESS_DENIED, which a definition that has changed since
 * can be. */
bool vb_grants_cover(const GPtrArray *grants, const VbGrantQuestion *question, const VbService *service,
                     GError **error);
/* Adds copies of those of @more that @grants lack. */
void vb_grants_add(GPtrArray *grants, const GPtrArray *more);

/* After the wait: whether those of @grants that were not granted just now are still among @granted. BUSY. */
bool vb_grants_still_hold(const GPtrArray *grants, const GPtrArray *granted, GError **error);
